/** Every request of the pages, by name. */
import type { Reply } from '../../src/server/contract/index.ts';
import { call } from './http.ts';
import type { Annotation, AnswerBody, CorrectionBody, NextItem } from './wire.ts';

const get = <T>(path: string): Promise<T> => call<T>('GET', path);
const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>('POST', path, { body });

const LIST_PAGE = 1_000;

export const api = {
  me: () => get<Reply<'whoami'>>('/api/current-user/whoami'),

  projects: async () => (await get<Reply<'projectList'>>(`/api/projects?page_size=${LIST_PAGE}`)).results,
  project: (id: number) => get<Reply<'projectGet'>>(`/api/projects/${id}`),
  createProject: (input: { title: string; label_config: string }) =>
    post<Reply<'projectCreate'>>('/api/projects', input),
  deleteProject: (id: number) => call<void>('DELETE', `/api/projects/${id}`),
  templates: () => get<Reply<'templateList'>>('/api/templates'),
  checkConfig: (label_config: string) => post<Reply<'configValidate'>>('/api/projects/validate', { label_config }),
  importFile: (id: number, file: File) =>
    call<Reply<'projectImport'>>('POST', `/api/projects/${id}/import?name=${encodeURIComponent(file.name)}`, {
      body: file,
    }),

  /** Undefined when nothing is left. `exclude`: tasks that are here already, or answered and still on their way. */
  next: (id: number, exclude: readonly number[]) =>
    get<NextItem | undefined>(`/api/projects/${id}/next?empty=204&exclude=${exclude.join(',')}`),
  task: (id: number) => get<Reply<'taskGet'>>(`/api/tasks/${id}`),
  similar: (task: number) => get<Reply<'taskSimilar'>>(`/api/tasks/${task}/similar?limit=6`),
  votes: (task: number) => get<Reply<'taskVotes'>>(`/api/tasks/${task}/votes`),

  submit: (task: number, body: AnswerBody, token: string | null) =>
    call<Annotation>('POST', `/api/tasks/${task}/annotations`, { body, token }),
  correct: (id: number, body: CorrectionBody, token: string | null) =>
    call<Annotation>('PATCH', `/api/annotations/${id}`, { body, token }),
  /** Takes the answer back and leases the task to its author again, in one step. */
  undo: (id: number, token: string | null) => call<void>('DELETE', `/api/annotations/${id}?lease=true`, { token }),
  recent: (id: number) => get<Reply<'recentAnnotations'>>(`/api/projects/${id}/recent?limit=10`),

  queueState: (id: number) => get<Reply<'queueState'>>(`/api/projects/${id}/queue/state`),
  queue: (id: number, limit: number) => get<Reply<'queuePreview'>>(`/api/projects/${id}/queue?limit=${limit}`),
  rerank: (id: number) => post<Reply<'queueRank'>>(`/api/projects/${id}/queue/rank`),

  jobs: (id: number) => get<Reply<'jobList'>>(`/api/jobs?project=${id}&limit=30`),
  train: (id: number) => post<Reply<'train'>>(`/api/projects/${id}/train`),

  runs: (id: number) => get<Reply<'runList'>>(`/api/projects/${id}/runs`),
  undoRun: (id: number) => post<Reply<'runUndo'>>(`/api/runs/${id}/undo`),
  redoRun: (id: number) => post<Reply<'runRedo'>>(`/api/runs/${id}/redo`),

  models: (id: number) => get<Reply<'modelVersions'>>(`/api/projects/${id}/models`),
  compare: (id: number, from: number, to: number) =>
    get<Reply<'modelCompare'>>(`/api/projects/${id}/models/compare?from=${from}&to=${to}`),
  activate: (id: number, version: number) =>
    post<Reply<'modelActivate'>>(`/api/projects/${id}/models/${version}/activate`),
  unpin: (id: number) => post<void>(`/api/projects/${id}/models/unpin`),

  insights: (id: number) => get<Reply<'insights'>>(`/api/projects/${id}/insights`),
  annotators: (id: number) => get<Reply<'annotators'>>(`/api/projects/${id}/annotators`),

  tokens: async (id: number) => (await get<Reply<'tokenList'>>('/api/tokens')).filter((one) => one.project === id),
  invite: (id: number, name: string) =>
    post<Reply<'tokenCreate'>>('/api/tokens', { name, role: 'invite', project: id }),
  revoke: (token: number) => call<void>('DELETE', `/api/tokens/${token}`),
  acceptInvite: (secret: string, name: string) =>
    call<Reply<'inviteAccept'>>('POST', '/api/invites/accept', { body: { name }, token: secret }),
};

/** Requests of the models page; apart from the others, so that annotators never load them. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';

export type Model = Reply<'libraryList'>[number];
export type ControlModels = Reply<'modelControls'>[number];

const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>('POST', path, { body });

export const modelsApi = {
  library: () => call<Reply<'libraryList'>>('GET', '/api/library'),
  add(name: string, files: readonly File[]) {
    const body = new FormData();
    for (const file of files) body.append('file', file, file.name);
    const query = name === '' ? '' : `?name=${encodeURIComponent(name)}`;
    return call<Reply<'libraryAdd'>>('POST', `/api/library${query}`, { body });
  },
  serve: (model: string) => post<Reply<'libraryServe'>>('/api/library/serve', { model }),
  controls: (id: number) => call<Reply<'modelControls'>>('GET', `/api/projects/${id}/models/controls`),
  bind: (id: number, control: string, model: string | null) =>
    post<Reply<'modelBind'>>(`/api/projects/${id}/models/bind`, { control, model }),
  prelabel: (id: number) => post<Reply<'modelPrelabel'>>(`/api/projects/${id}/models/prelabel`),
};

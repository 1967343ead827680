/** Label Studio of the fake App: one connection per project, under the ids of the projects. */
import type { ConnectionView, StudioApi } from '../../src/app/studio/api.ts';
import type { Connection } from '../../src/core/connection.ts';
import type { Job } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';

export const STUDIO_SECRET = 'unguessable';

/** `changed` is told of every call that would change something. */
export function fakeStudio(changed: (call: string) => void, job: () => Job): StudioApi {
  const row = (id: number): Connection => {
    if (id !== 1 && id !== 2) throw new AppError('NOT_FOUND', `There is no connection ${id}.`);
    return {
      id,
      projectId: id,
      secretHash: 'hash',
      url: 'http://labels.example',
      studioProject: 5,
      token: 'theirs',
      offeredUrl: null,
      offeredToken: null,
      settings: { deadlineMs: 1_000, scores: 'confidence', follow: false, orderField: null },
      runId: null,
      createdAt: '2025-01-02T03:04:05.000Z',
    };
  };
  const view = (id: number): ConnectionView => {
    const { secretHash: _hash, token: _token, offeredToken: _offered, ...rest } = row(id);
    return { ...rest, hasToken: true, modelVersion: 'hs-1', waiting: [] };
  };
  const trainer = (projectId: number) => ({
    projectId,
    url: 'http://trainer.example',
    secret: 'signs',
    every: 10,
    counts: 'annotations' as const,
    calledAt: 0,
  });
  return {
    async connect({ projectId = 1 }) {
      changed(`connect ${projectId}`);
      return { connection: view(projectId), secret: STUDIO_SECRET };
    },
    list: async (projectId) => [view(projectId ?? 1)],
    get: async (id) => view(id),
    async update(id, change) {
      changed(`connection ${id} ${JSON.stringify(change)}`);
      return view(id);
    },
    async renew(id) {
      changed(`renew ${id}`);
      return { connection: view(id), secret: 'another' };
    },
    async remove(id) {
      changed(`disconnect ${id}`);
    },
    async sync(id, options) {
      changed(`sync ${id} ${JSON.stringify(options)}`);
      return job();
    },
    doctor: async () => [{ part: 'server', ok: true, sentence: 'Label Studio answers.' }],
    trainer: async (projectId) => trainer(projectId),
    async setTrainer(projectId) {
      changed(`trainer ${projectId}`);
      return { trainer: trainer(projectId), secret: 'signs' };
    },
    async removeTrainer(projectId) {
      changed(`no trainer ${projectId}`);
    },
    protocol: {
      bySecret: async (secret) => (secret === STUDIO_SECRET ? row(1) : undefined),
      byProject: async (who) => row(who.projectId ?? 1),
      setup: async () => ({ modelVersion: 'hs-1' }),
      predict: async (_connection, tasks) =>
        JSON.stringify({ results: tasks.map(() => ({ result: [], score: 0, model_version: 'hs-1' })) }),
      async receive(_connection, body) {
        changed(`event ${body}`);
      },
      async train() {
        changed('train');
        return job();
      },
      job: async (_connection, id) => (id === 1 ? job() : undefined),
      versions: async () => ['hs-1'],
      metrics: async () => ({ calls: 1 }),
    },
  };
}

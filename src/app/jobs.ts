/** Jobs as people see them: listed, watched, cancelled, retried. */
import type { Job } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import type { JobsApi } from './app.ts';
import type { Deps } from './deps.ts';
import { enqueueEmbedding } from './embed.ts';
import { found } from './lookup.ts';
import { enqueueTraining } from './retrain.ts';

/** `closing` ends everybody who waits for a job. */
export function createJobs(deps: Deps, closing: AbortSignal): JobsApi {
  const { store } = deps;
  const { jobs } = store;
  const get = (id: number): Promise<Job> => found('job', id, jobs.get(id));
  const project = (id: number) => found('project', id, store.projects.get(id));
  return {
    list: (options) => jobs.list(options),
    get,
    failures: async (id) =>
      (await jobs.failures(id)).map(({ taskId, error }) => ({ taskId, code: error.code, message: error.message })),
    cancel: (id) => jobs.requestCancel(id),
    retry: (id) => jobs.retry(id),
    wait: (id, signal) => waitFor(deps, get, id, signal ? AbortSignal.any([signal, closing]) : closing),
    changedSince: (revision, limit) => jobs.changedSince(revision, limit),
    onChange: (listener) => jobs.onChange(listener),
    prelabel: async (projectId) => enqueueEmbedding(deps, await project(projectId)),
    train: async (projectId) => enqueueTraining(deps, (await project(projectId)).id),
  };
}

/** A change of the job may come from another process, so it is also looked at from time to time. */
const LOOK_MS = 1_000;
const STOPPED = 'The server is stopping; the job goes on at its next start.';

async function waitFor(
  { store }: Deps,
  get: (id: number) => Promise<Job>,
  id: number,
  signal: AbortSignal,
): Promise<Job> {
  let stopListening = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Job>((resolve, reject) => {
      const look = (job: Job): void => {
        if (job.id === id && hasEnded(job)) resolve(job);
      };
      stopListening = store.jobs.onChange(look);
      timer = setInterval(() => get(id).then(look, reject), LOOK_MS);
      signal.addEventListener('abort', () => reject(new AppError('CONFLICT_CANCELLED', STOPPED)));
      get(id).then(look, reject);
    });
  } finally {
    stopListening();
    clearInterval(timer);
  }
}

export function hasEnded(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

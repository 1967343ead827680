/** Jobs as people see them: listed, watched, paused, resumed, cancelled, retried. */
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Page } from '../../store/ports/page.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import type { Loops } from '../learning/loops.ts';
import { endPrediction, PREDICT } from '../learning/predict.ts';
import { enqueueTraining } from '../learning/retrain.ts';
import { MODEL_PULL, shownPull } from '../library/model-pull.ts';
import { found } from '../lookup.ts';
import { IMPORT, undoImport } from '../transfer/import.ts';
import type { JobsApi } from './api.ts';
import { actsOn, isTakenBack } from './job-acts.ts';
import { takeBackAttempts } from './whole-run.ts';

/** Millions of rows take seconds. */
export const TAKE_BACK_MS = 600_000;

/** `closing` ends everybody who waits for a job. */
export function createJobs(deps: Deps, loops: Loops, closing: AbortSignal): JobsApi {
  const { store } = deps;
  const { jobs } = store;
  const get = (id: number): Promise<Job> => found('job', id, jobs.get(id));
  const takeBack = async (job: Job): Promise<void> => {
    if (job.projectId === null) return;
    if (job.kind === IMPORT) await undoImport(deps, loops, job);
    else if (job.kind === PREDICT) await endPrediction(deps, job);
    else await takeBackAttempts(deps, { job });
  };
  const project = (id: number) => found('project', id, store.projects.get(id));
  return {
    list: (options) => jobs.list(options),
    get,
    async failures(id: number, page: Page) {
      await get(id);
      const failures = await jobs.failures(id, page);
      return failures.map(({ taskId, error }) => ({ taskId, code: error.code, message: error.message }));
    },
    async pause(id) {
      const job = await get(id);
      if (isComing(job) && !actsOn({ ...job, pauseRequested: false }).includes('pause')) {
        throw new AppError('CONFLICT', `Job ${id} runs through: one of kind ${job.kind} can only be cancelled.`);
      }
      return jobs.requestPause(id);
    },
    resume: (id) => jobs.resume(id),
    async cancel(id) {
      const { job, lease } = await jobs.leaseToCancel(id, { owner: 'cancel', leaseMs: TAKE_BACK_MS });
      // Else whoever works on it does this.
      if (lease === null) return job;
      try {
        await takeBack(job);
      } catch (error) {
        // The next worker tries again; with a lease that is lost one does so anyway.
        await jobs.release(lease).catch(() => undefined);
        throw error;
      }
      return jobs.cancelled(lease);
    },
    async retry(id) {
      const job = await get(id);
      if (job.state === 'done' && job.failed > 0 && actsOn(job).length === 0) {
        throw new AppError('CONFLICT', `Job ${id} is done; one of kind ${job.kind} is not asked again item by item.`);
      }
      if (isTakenBack(job)) {
        throw new AppError('CONFLICT', `Job ${id} was cancelled and its file is gone; import the file again.`);
      }
      return jobs.retry(id);
    },
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
  let stop = (): void => undefined;
  try {
    return await new Promise<Job>((resolve, reject) => {
      const look = (job: Job): void => {
        if (job.id === id && hasEnded(job)) resolve(job);
      };
      stop = () => reject(new AppError('CONFLICT_CANCELLED', STOPPED));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop);
      stopListening = store.jobs.onChange(look);
      timer = setInterval(() => get(id).then(look, reject), LOOK_MS);
      get(id).then(look, reject);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    stopListening();
    clearInterval(timer);
  }
}

/** What may be shown of a job's parameters. */
export function shownParams({ kind, params }: Job): JsonObject {
  return kind === MODEL_PULL ? shownPull(params) : params;
}

export function hasEnded(job: Job): boolean {
  return job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
}

/** It ends by itself. */
export function isComing(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

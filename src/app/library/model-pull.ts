/** The job that fetches a model: progress in bytes, cancelled at any time, gone on with where it was. */
import type { PullRequest } from '../../backends/library/library.ts';
import type { Job } from '../../core/domain.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { shownAddress } from '../../core/shown-address.ts';
import type { Deps } from '../deps.ts';
import type { JobWork } from '../jobs/job-runner.ts';

export const MODEL_PULL = 'pull-model';

export function enqueuePull({ store }: Deps, request: PullRequest): Promise<Job> {
  return store.jobs.enqueue({ kind: MODEL_PULL, projectId: null, params: request as unknown as JsonObject });
}

/** Addresses may carry keys: what people see of the request are hosts and file names. */
export function shownPull(params: JsonObject): JsonObject {
  const { source, beside = [] } = params as unknown as PullRequest;
  return {
    ...params,
    source: source.startsWith('npm:') ? source : shownAddress(source),
    ...(beside.length > 0 ? { beside: beside.map(shownAddress) } : {}),
  };
}

export function createModelPullHandler({ library }: Deps) {
  return async (work: JobWork): Promise<Json> => {
    const request = work.job.params as unknown as PullRequest;
    const report = async (progress: { stage: string; done: number; total: number }): Promise<void> => {
      await work.progress(progress);
    };
    const { info, assumed } = await library.pull(request, report, work.signal);
    return { model: info.id, kind: info.kind, assumed: [...assumed] };
  };
}

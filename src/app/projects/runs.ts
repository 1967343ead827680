/** Bulk acts: what was done, by whom, and undoing one as a whole. */
import type { Run } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Deps } from '../deps.ts';
import { hasEnded } from '../jobs/jobs.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import { enqueueLabelModel } from '../suggestions/label-model.ts';
import type { RunsApi } from './api.ts';

/** Whatever is at work is among the newest. */
const JOBS_LOOKED_AT = 100;

export function createRuns({ store }: Deps, loops: Loops): RunsApi {
  const isAtWork = async ({ projectId }: Run): Promise<boolean> => {
    const jobs = await store.jobs.list({ projectId, limit: JOBS_LOOKED_AT });
    return jobs.some((job) => !hasEnded(job));
  };
  const settled = async (id: number): Promise<Run> => {
    const run = await found('run', id, store.runs.get(id));
    if (run.state !== 'running') return run;
    // Left open by a job that was stopped: it goes on in the same run when the job is retried.
    if (await isAtWork(run)) {
      throw new AppError('CONFLICT', `Run ${id} is still going on; cancel its job first.`, { details: { runId: id } });
    }
    return store.runs.finish(id, 'done', run.written);
  };
  return {
    list: (projectId) => store.runs.list(projectId),
    get: (id) => found('run', id, store.runs.get(id)),
    votes: (id, page) => store.votes.ofRun(id, page),
    async undo(id) {
      await settled(id);
      const run = await store.runs.revoke(id);
      await loops.reload(run.projectId);
      await enqueueLabelModel({ store }, run.projectId);
      return run;
    },
    async redo(id) {
      if ((await settled(id)).state === 'failed') {
        throw new AppError('CONFLICT', `Run ${id} failed half-way; there is nothing whole to bring back.`, {
          details: { runId: id },
        });
      }
      const run = await store.runs.restore(id);
      await loops.reload(run.projectId);
      await enqueueLabelModel({ store }, run.projectId);
      return run;
    },
  };
}

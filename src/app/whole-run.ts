/** Bulk acts that are written whole or not at all: one run per job, and nothing is left of an attempt that broke off. */
import type { Run } from '../core/domain.ts';
import type { RunStore } from '../store/store.ts';
import type { Deps } from './deps.ts';
import type { JobWork } from './job-runner.ts';

type Start = Omit<Parameters<RunStore['start']>[0], 'projectId'>;

/** `write` answers how much it has written. Its run counts only when it has ended well. */
export async function wholeRun(
  { store }: Deps,
  work: JobWork,
  start: Start,
  write: (run: Run) => Promise<number>,
): Promise<Run> {
  await takeBackAttempts({ store }, work);
  const params = { ...start.params, job: work.job.id };
  const run = await store.runs.start({ ...start, projectId: work.job.projectId!, params });
  try {
    return await store.runs.finish(run.id, 'done', await write(run));
  } catch (error) {
    if (!work.stopping) await takeBack({ store }, run.id);
    throw error;
  }
}

/** What an earlier attempt of the job wrote may rest on other answers. */
export async function takeBackAttempts({ store }: Pick<Deps, 'store'>, { job }: JobWork): Promise<void> {
  for (const open of await store.runs.list(job.projectId!)) {
    if (open.state === 'running' && open.params.job === job.id) await takeBack({ store }, open.id);
  }
}

export async function takeBack({ store }: Pick<Deps, 'store'>, runId: number): Promise<void> {
  await store.runs.finish(runId, 'failed', 0);
  await store.runs.revoke(runId);
}

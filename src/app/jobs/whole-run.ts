/** Bulk acts that are written whole or not at all: one run per job, and nothing is left of an attempt that broke off. */
import type { Job, Run } from '../../core/domain.ts';
import type { RunStore } from '../../store/ports/runs.ts';
import type { Deps } from '../deps.ts';
import type { JobWork } from './job-runner.ts';

type Start = Omit<Parameters<RunStore['start']>[0], 'projectId'>;

/** `write` answers how much it has written. Its run counts only when it has ended well. */
export async function wholeRun(
  { store }: Deps,
  work: JobWork,
  start: Start,
  write: (run: Run) => Promise<number>,
): Promise<Run> {
  const ended = await endedRun({ store }, work.job);
  if (ended) return ended;
  await takeBackAttempts({ store }, work);
  const params = { ...start.params, job: work.job.id };
  const run = await store.runs.start({ ...start, projectId: work.job.projectId!, params });
  try {
    return await store.runs.finish(run.id, 'done', await write(run));
  } catch (error) {
    if (!work.stopping || work.paused) await takeBack({ store }, run.id);
    throw error;
  }
}

/** The run that an earlier attempt of the job has ended well: a crash came between that and the end of the job. */
export async function endedRun({ store }: Pick<Deps, 'store'>, job: Job): Promise<Run | undefined> {
  const runs = await store.runs.list(job.projectId!);
  return runs.find((run) => run.state === 'done' && run.params.job === job.id);
}

/** What an earlier attempt of the job wrote may rest on other answers; taking it back may have been cut off. */
export async function takeBackAttempts({ store }: Pick<Deps, 'store'>, { job }: Pick<JobWork, 'job'>): Promise<void> {
  for (const run of await store.runs.list(job.projectId!)) {
    const isLeft = run.state === 'running' || (run.state === 'failed' && run.revokedAt === null);
    if (isLeft && run.params.job === job.id) await takeBack({ store }, run.id);
  }
}

export async function takeBack({ store }: Pick<Deps, 'store'>, runId: number): Promise<void> {
  await store.runs.finish(runId, 'failed', 0);
  await store.runs.revoke(runId);
}

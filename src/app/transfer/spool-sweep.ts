/** Kept files that a crash left behind: between an upload and its job, or between the end of a project and theirs. */
import type { Deps } from '../deps.ts';
import { fileOf, SNAPSHOT } from '../scripts/snapshots.ts';
import { IMPORT, importParams } from './import.ts';

/** Jobs looked at together. */
const JOBS_PER_LOOK = 500;

/** Removes the files that no job names. To be run while nothing is uploaded and no job runs. */
export async function sweepSpool({ store, spool }: Pick<Deps, 'store' | 'spool'>): Promise<void> {
  const unknown = new Set(await spool.list());
  for (let from = 0; unknown.size > 0; ) {
    const jobs = await store.jobs.changedSince(from, JOBS_PER_LOOK);
    for (const job of jobs) {
      if (job.kind === IMPORT) unknown.delete(importParams(job).spoolId);
      if (job.kind === SNAPSHOT) unknown.delete(fileOf(job));
    }
    if (jobs.length < JOBS_PER_LOOK) break;
    from = jobs.at(-1)!.revision;
  }
  for (const id of unknown) await spool.delete(id);
}

/** Building index and graph ahead of whoever asks for them, as a job with progress. */
import type { Job } from '../../core/domain.ts';
import type { Json } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import type { JobWork } from '../jobs/job-runner.ts';
import type { Neighbours } from './neighbours.ts';

export const NEIGHBOURS = 'neighbours';

/** Smaller graphs are built in the seconds that somebody waits for a preview. */
const AHEAD_TASKS_MIN = 5_000;

export async function enqueueNeighbours({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job | undefined> {
  const { tasks } = await store.projects.counts(projectId);
  if (tasks < AHEAD_TASKS_MIN) return undefined;
  return store.jobs.enqueue({ kind: NEIGHBOURS, projectId, params: {}, dedupeKey: `${NEIGHBOURS}/${projectId}` });
}

export function createNeighboursHandler(deps: Deps, neighbours: Neighbours) {
  return async (work: JobWork): Promise<Json> => {
    const { tasks } = await deps.store.projects.counts(work.job.projectId!);
    const built = await neighbours.use(
      work.job.projectId!,
      ({ spaces, key }) => spaces.build(key, { signal: work.signal, onProgress: inTasks(work, tasks) }),
      work.signal,
    );
    if (built.note.includes('built again')) {
      deps.log.warn({ projectId: work.job.projectId, note: built.note }, 'neighbour files were made anew');
    }
    return { ...built };
  };
}

/** Shares of a stage as tasks, so that its pace is one. */
export function inTasks(work: JobWork, tasks: number): (stage: string, share: number) => void {
  return (stage, share) => {
    void work.progress({ stage, done: Math.round(tasks * share), total: tasks }).catch(() => undefined);
  };
}

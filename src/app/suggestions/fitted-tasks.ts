/** The tasks that a label model is fitted on: a spread over all of them, and the annotated ones wherever they are. */
import type { Project, Task } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';

const CHUNK = 1_000;
/** Annotations carry whole results: fewer at once, so that reading them stalls nobody. */
const ANNOTATIONS_CHUNK = 500;

export interface FittedTasksMax {
  /** Tasks of the spread. */
  readonly spread: number;
  /** Annotated ones beside it. */
  readonly annotated: number;
}

/** Each task once, in chunks. */
export async function* fittedTasks(
  { store }: Pick<Deps, 'store'>,
  { id: projectId, ordinals: end }: Pick<Project, 'id' | 'ordinals'>,
  max: FittedTasksMax,
): AsyncGenerator<readonly Pick<Task, 'id' | 'ordinal'>[]> {
  const seen = new Set<number>();
  const fresh = <T extends Pick<Task, 'id'>>(tasks: readonly T[]): T[] => {
    const own = tasks.filter((task) => !seen.has(task.id));
    for (const { id } of own) seen.add(id);
    return own;
  };
  const step = CHUNK * Math.max(1, Math.ceil(end / max.spread));
  for (let from = 0; from < end; from += step) {
    const { ids, ordinals } = await store.tasks.ordinals(projectId, from, CHUNK);
    // Where ordinals are missing the chunk reaches into the next one.
    const own = Array.from(ordinals, (ordinal, i) => ({ id: ids[i]!, ordinal }));
    yield fresh(own.filter((one) => one.ordinal < from + CHUNK));
  }
  for (let after = 0, beside = 0; beside < max.annotated; ) {
    const page = await store.annotations.list(projectId, { after, limit: ANNOTATIONS_CHUNK });
    if (page.length === 0) break;
    after = page.at(-1)!.id;
    const missed = [...new Set(page.map((one) => one.taskId))].filter((id) => !seen.has(id));
    const tasks = await Promise.all(missed.map((id) => store.tasks.get(id)));
    const own = fresh(tasks.filter((task) => task !== undefined));
    beside += own.length;
    yield own;
  }
}

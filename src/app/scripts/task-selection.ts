/** Which tasks a query of the Data Manager chooses: worked out once, and kept for as long as somebody turns the pages. */
import { groupBy } from '../../core/group.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { TaskQuery } from './api.ts';
import { isDescending, matcherOf } from './task-filter.ts';

const CHUNK = 1_000;
/** Pages of one list follow each other within this time, and show one state of it. */
const KEPT_MS = 30_000;
const KEPT_MAX = 16;

export function createSelection({ store }: Pick<Deps, 'store'>) {
  const kept = new Map<string, { at: number; ids: Promise<readonly number[]> }>();

  const work = async (projectId: number, query: TaskQuery): Promise<readonly number[]> => {
    const matches = matcherOf(query);
    const down = isDescending(query.ordering);
    const { settings } = await found('project', projectId, store.projects.get(projectId));
    const ids: number[] = [];
    for (let after = 0; ; ) {
      const tasks = await store.tasks.list(projectId, { after, limit: CHUNK });
      if (tasks.length === 0) return down ? ids.reverse() : ids;
      after = tasks.at(-1)!.id;
      const answers = groupBy(await store.annotations.ofTasks(tasks.map((one) => one.id)), (one) => one.taskId);
      for (const task of tasks) {
        const row = { task, annotations: answers.get(task.id) ?? [], overlap: settings.overlap };
        if (matches(row)) ids.push(task.id);
      }
      // Rows are read on this thread: let other requests in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  /** With `fresh`, nothing that was kept counts. */
  return (projectId: number, query: TaskQuery, { fresh = false } = {}): Promise<readonly number[]> => {
    const key = `${projectId} ${JSON.stringify(query)}`;
    const known = kept.get(key);
    if (!fresh && known && performance.now() - known.at < KEPT_MS) return known.ids;
    const ids = work(projectId, query);
    kept.delete(key);
    kept.set(key, { at: performance.now(), ids });
    ids.catch(() => kept.delete(key));
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!);
    return ids;
  };
}

/** Which tasks a query of the Data Manager chooses: worked out once, and kept for as long as somebody turns the pages. */
import { groupBy } from '../../core/group.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { versionName } from '../suggestions/predictions.ts';
import type { TaskQuery } from './api.ts';
import {
  type FilterPrediction,
  type FilterRow,
  matcherOf,
  orderOf,
  readsPredictions,
  type TaskOrder,
} from './task-filter.ts';

const CHUNK = 1_000;
/** Pages of one list follow each other within this time, and show one state of it. */
const KEPT_MS = 30_000;
const KEPT_MAX = 16;

export function createSelection({ store }: Pick<Deps, 'store'>) {
  const kept = new Map<string, { at: number; ids: Promise<readonly number[]> }>();

  const work = async (projectId: number, query: TaskQuery): Promise<readonly number[]> => {
    const matches = matcherOf(query);
    const order = orderOf(query.ordering);
    const predicted = readsPredictions(query) ? await predictionReader(store) : async () => new Map();
    const { settings } = await found('project', projectId, store.projects.get(projectId));
    const chosen: Chosen[] = [];
    for (let after = 0; ; ) {
      const tasks = await store.tasks.list(projectId, { after, limit: CHUNK });
      if (tasks.length === 0) return ordered(chosen, order);
      after = tasks.at(-1)!.id;
      const ids = tasks.map((one) => one.id);
      const answers = groupBy(await store.annotations.ofTasks(ids), (one) => one.taskId);
      const guesses = await predicted(ids);
      for (const task of tasks) {
        const row: FilterRow = {
          task,
          annotations: answers.get(task.id) ?? [],
          predictions: guesses.get(task.id) ?? [],
          overlap: settings.overlap,
        };
        if (matches(row)) chosen.push({ id: task.id, key: sortKey(order.key?.(row)) });
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

interface Chosen {
  readonly id: number;
  /** What they are ordered by; null for tasks without it. */
  readonly key: SortKey;
}

type SortKey = number | string | null;

/** Worked out once per task: a sort asks for it many times. */
function sortKey(value: unknown): SortKey {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  return typeof value === 'string' ? value.toLowerCase() : JSON.stringify(value);
}

/** Tasks without the value come last, whichever way the others go; numbers before words. */
function ordered(chosen: readonly Chosen[], { key, down }: TaskOrder): number[] {
  const way = down ? -1 : 1;
  const sorted =
    key === null
      ? chosen.toSorted((a, b) => way * (a.id - b.id))
      : chosen.toSorted((a, b) => rank(a.key) - rank(b.key) || way * compareKeys(a.key, b.key) || a.id - b.id);
  return sorted.map((one) => one.id);
}

function rank(key: SortKey): number {
  if (key === null) return 2;
  return typeof key === 'number' ? 0 : 1;
}

/** Of the same rank. */
function compareKeys(a: SortKey, b: SortKey): number {
  if (a === null || b === null || a === b) return 0;
  return a < b ? -1 : 1;
}

async function predictionReader(store: Deps['store']) {
  const names = new Map((await store.labelers.list()).map((one) => [one.id, versionName(one)]));
  return async (ids: readonly number[]): Promise<Map<number, FilterPrediction[]>> => {
    const rows = await store.predictions.ofTasks(ids);
    const named = rows.map(({ taskId, labelerId, score, result }) => ({
      ...{ taskId, score, result },
      modelVersion: names.get(labelerId) ?? '',
    }));
    return groupBy(named, (one) => one.taskId);
  };
}

/** The rows of an export: tasks with the answers that were chosen, each with who or what gave it, a chunk at a time. */
import type { Labeler, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { ExportPrediction, ExportRow } from '../../formats/index.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { countingPredictions, rulesInForce } from '../rules/runs.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { RowFilter } from './export-filter.ts';

const EXPORT_CHUNK = 1_000;

export async function* exportRows(
  deps: Deps,
  suggestions: Suggestions,
  projectId: number,
  filter: RowFilter,
): AsyncGenerator<ExportRow> {
  const { store } = deps;
  const labelers = new Map((await store.labelers.list()).map((labeler) => [labeler.id, labeler]));
  for (let after = 0; ; ) {
    const tasks = await store.tasks.list(projectId, { after, limit: EXPORT_CHUNK });
    if (tasks.length === 0) return;
    after = tasks.at(-1)!.id;
    for (const row of await rowsOf(deps, suggestions, projectId, filter, tasks, labelers)) {
      const chosen = filter.choose(row);
      if (chosen !== null) yield chosen;
    }
  }
}

async function rowsOf(
  deps: Deps,
  suggestions: Suggestions,
  projectId: number,
  filter: RowFilter,
  tasks: readonly Task[],
  labelers: Map<number, Labeler>,
): Promise<ExportRow[]> {
  const ids = tasks.map((task) => task.id);
  const annotations = groupBy(await deps.store.annotations.ofTasks(ids), (one) => one.taskId);
  const predictions = filter.predictions
    ? await predictionsOf(deps, suggestions, projectId, tasks, labelers)
    : new Map<number, ExportPrediction[]>();
  const rows = tasks.map(async (task) => ({
    task,
    annotations: await Promise.all(
      (annotations.get(task.id) ?? []).map(async (one) => ({
        ...one,
        labeler: await labelerOf(deps, labelers, one.annotatorId),
      })),
    ),
    predictions: predictions.get(task.id) ?? [],
  }));
  return Promise.all(rows);
}

/** Suggestions on record and the current ones, by task. */
async function predictionsOf(
  deps: Deps,
  suggestions: Suggestions,
  projectId: number,
  tasks: readonly Task[],
  labelers: Map<number, Labeler>,
): Promise<Map<number, ExportPrediction[]>> {
  const { store } = deps;
  const runs = await store.runs.list(projectId);
  const inForce = rulesInForce(runs, await store.rules.faults(projectId));
  const all = await store.predictions.ofTasks(tasks.map((task) => task.id));
  const stored = countingPredictions(all, runs, inForce);
  const views = await Promise.all(
    stored.map(async (one) => ({ ...one, labeler: await labelerOf(deps, labelers, one.labelerId) })),
  );
  const current = await suggestions.current(projectId, tasks);
  const built = current.map((view) => {
    const [name = '', version = ''] = view.modelVersion.split('@');
    return { ...view, labeler: { kind: 'model' as const, name, version } };
  });
  return groupBy([...views, ...built], (one) => one.taskId);
}

/** Labelers can be added while an export streams. */
async function labelerOf({ store }: Deps, known: Map<number, Labeler>, id: number): Promise<Labeler> {
  const labeler = known.get(id) ?? (await found('labeler', id, store.labelers.get(id)));
  known.set(id, labeler);
  return labeler;
}

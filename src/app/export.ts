/** Export: the project's tasks with the labels that stand, streamed, each with who or what set it. */
import type { Labeler, Task } from '../core/domain.ts';
import { groupBy } from '../core/group.ts';
import { type ExportPrediction, type ExportRow, FORMATS, formatNamed } from '../formats/index.ts';
import type { ExportRequest, TransferApi } from './app.ts';
import type { Deps } from './deps.ts';
import { found } from './lookup.ts';
import { currentPredictions } from './predictions.ts';
import type { ProjectConfigs } from './project-config.ts';

const EXPORT_CHUNK = 1_000;

export function createExport(deps: Deps, configs: ProjectConfigs): Pick<TransferApi, 'exportTasks' | 'formats'> {
  return {
    async exportTasks(request) {
      const project = await found('project', request.projectId, deps.store.projects.get(request.projectId));
      const format = formatNamed(request.format, 'write');
      const config = configs.of(project).parsed;
      return {
        name: `project-${project.id}.${format.extensions[0]}`,
        mediaType: format.mediaTypes[0] ?? 'text/plain',
        body: format.write(() => exportRows(deps, configs, request), { config }),
      };
    },

    formats: () =>
      FORMATS.map(({ name, title, extensions, read, write }) => ({
        name,
        title,
        extensions,
        reads: read !== undefined,
        writes: write !== undefined,
      })),
  };
}

async function* exportRows(deps: Deps, configs: ProjectConfigs, request: ExportRequest): AsyncGenerator<ExportRow> {
  const { store } = deps;
  const labelers = new Map((await store.labelers.list()).map((labeler) => [labeler.id, labeler]));
  for (let after = 0; ; ) {
    const tasks = await store.tasks.list(request.projectId, { after, limit: EXPORT_CHUNK });
    if (tasks.length === 0) return;
    after = tasks.at(-1)!.id;
    yield* await rowsOf(deps, configs, request, tasks, labelers);
  }
}

async function rowsOf(
  deps: Deps,
  configs: ProjectConfigs,
  request: ExportRequest,
  tasks: readonly Task[],
  labelers: Map<number, Labeler>,
): Promise<ExportRow[]> {
  const ids = tasks.map((task) => task.id);
  const annotations = groupBy(await deps.store.annotations.ofTasks(ids), (one) => one.taskId);
  const predictions = request.withPredictions
    ? await predictionsOf(deps, configs, request.projectId, tasks, labelers)
    : new Map();
  const wanted = (request.onlyLabeled ?? true) ? tasks.filter((task) => annotations.has(task.id)) : tasks;
  const rows = wanted.map(async (task) => ({
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

/** Suggestions on record and the active version's own, by task. */
async function predictionsOf(
  deps: Deps,
  configs: ProjectConfigs,
  projectId: number,
  tasks: readonly Task[],
  labelers: Map<number, Labeler>,
): Promise<Map<number, ExportPrediction[]>> {
  const stored = await deps.store.predictions.ofTasks(tasks.map((task) => task.id));
  const views = await Promise.all(
    stored.map(async (one) => ({ ...one, labeler: await labelerOf(deps, labelers, one.labelerId) })),
  );
  const current = await currentPredictions(deps, configs, projectId, tasks);
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

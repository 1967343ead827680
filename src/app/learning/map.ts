/** The map as people look at it: the places of living tasks, with what was answered and what is suggested there. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Places } from '../../compute/neighbours.ts';
import type { Region } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { insidePolygon } from '../../core/geometry.ts';
import { stableHash } from '../../core/json.ts';
import { type Control, labelsOf, namesIn } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { pickEmbedder } from '../embeddings/embedders.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { askAgain } from '../queue/wanted.ts';
import type { PredictionsApi } from '../suggestions/api.ts';
import type { Loops } from './loops.ts';
import type { MapApi, MapArea, MapView } from './map-api.ts';
import { enqueueMap, placesIn } from './map-job.ts';

/** Answers and suggestions carry whole results: so many at once stall nobody, and others have a turn between two pages. */
const PAGE = 200;
const ORDINALS_PAGE = 2_000;
/** Edges of an area that places are held against before others have a turn: a few milliseconds. */
const EDGES_AT_ONCE = 500_000;
/** Places that tell one drawing from another: a new one moves them all. */
const STAMPED = 16;
/** `unsure` of a suggestion without a number. */
const NO_NUMBER = 255;

export interface MapParts {
  readonly loops: Loops;
  readonly matrices: Matrices;
  readonly configs: ProjectConfigs;
  readonly predictions: Pick<PredictionsApi, 'current'>;
}

export function createMap(deps: Deps, { loops, matrices, configs, predictions }: MapParts): MapApi {
  return {
    drawMap: (projectId, anew) => enqueueMap(deps, projectId, anew),

    async map(projectId) {
      const drawn = await drawnMap(deps, matrices, configs, projectId);
      if (drawn.places.ordinals.length === 0) return undefined;
      const { control, labels } = colouredBy(drawn.config);
      const { taskIds, xy } = await living(deps, projectId, drawn.places);
      const label = (result: readonly Region[]): number => (control === null ? -1 : labelIn(control, labels, result));
      return {
        drawn: drawn.stamp,
        embedder: drawn.embedder,
        unplaced: Math.max(0, drawn.embedded - taskIds.length),
        labels,
        taskIds,
        xy,
        given: await givenLabels(deps, projectId, taskIds, label),
        ...(await suggestedLabels(predictions, projectId, taskIds, label)),
      };
    },

    async queueFirst(projectId, taskIds) {
      const tasks = await Promise.all(taskIds.map((id) => deps.store.tasks.get(id)));
      const own = tasks.flatMap((task) => (task?.projectId === projectId ? [task.id] : []));
      return askAgain(deps, loops, projectId, own, false);
    },
  };
}

/** Ordinals of the tasks in an area of the map. */
export async function ordinalsInside(
  deps: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
  projectId: number,
  area: MapArea,
): Promise<Uint32Array> {
  const drawn = await drawnMap(deps, matrices, configs, projectId);
  if (drawn.stamp !== area.drawn) {
    throw new AppError('CONFLICT', 'The map was drawn anew since this area was chosen; choose it again.');
  }
  const { ordinals, xy } = drawn.places;
  const inside: number[] = [];
  const atOnce = Math.ceil(EDGES_AT_ONCE / area.corners.length);
  for (const [i, ordinal] of ordinals.entries()) {
    if (insidePolygon(area.corners, xy[2 * i]!, xy[2 * i + 1]!)) inside.push(ordinal);
    if (i % atOnce === atOnce - 1) await nextTurn();
  }
  return Uint32Array.from(inside);
}

async function drawnMap(deps: Deps, matrices: Matrices, configs: ProjectConfigs, projectId: number) {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const config = configs.of(project);
  const { tasks } = await deps.store.projects.counts(projectId);
  const { embedder: name, tensor } = await pickEmbedder(deps, matrices, { project, config, tasks });
  const embedder = `${name}-${deps.inference.info(name).version}`;
  const places = await matrices.withMap({ projectId, embedder }, placesIn);
  const stamp = stableHash([embedder, ...places.xy.subarray(0, 2 * STAMPED)]).slice(0, 12);
  return { config, embedder, places, stamp, embedded: Math.min(tasks, tensor.filled) };
}

/** What colours stand for: the learned classes, or the labels of the first control that marks regions. */
function colouredBy({ control, parsed }: ProjectConfig): { control: Control | null; labels: string[] } {
  const marks = parsed.controls.find((one) => ['span', 'shape'].includes(one.kind) && one.labels.length > 0);
  const chosen = control ?? marks ?? null;
  return { control: chosen, labels: chosen === null ? [] : labelsOf(chosen) };
}

/** The label that a result names most often; -1 for none. */
function labelIn(control: Control, labels: readonly string[], result: readonly Region[]): number {
  const counts = new Array<number>(labels.length).fill(0);
  for (const region of result) {
    if (region.from_name !== control.name) continue;
    for (const name of namesIn(region, control.valueKey)) if (labels.includes(name)) counts[labels.indexOf(name)]! += 1;
  }
  const most = Math.max(...counts);
  return most > 0 ? counts.indexOf(most) : -1;
}

interface LivingPlaces {
  /** Ascending. */
  readonly taskIds: Uint32Array;
  /** (n x 2) */
  readonly xy: Float32Array;
}

/** The places of tasks that are still there, by task id. */
async function living({ store }: Deps, projectId: number, places: Places): Promise<LivingPlaces> {
  const taskIds = new Uint32Array(places.ordinals.length);
  const xy = new Float32Array(2 * taskIds.length);
  let count = 0;
  let place = 0;
  for (let from = 0; ; ) {
    const { ordinals, ids } = await store.tasks.ordinals(projectId, from, ORDINALS_PAGE);
    if (ordinals.length === 0) break;
    for (const [k, ordinal] of ordinals.entries()) {
      while (place < taskIds.length && places.ordinals[place]! < ordinal) place += 1;
      if (places.ordinals[place] !== ordinal) continue;
      taskIds[count] = ids[k]!;
      xy.set([places.xy[2 * place]!, places.xy[2 * place + 1]!], 2 * count);
      count += 1;
    }
    from = ordinals.at(-1)! + 1;
    await nextTurn();
  }
  return byTask({ taskIds: taskIds.slice(0, count), xy: xy.slice(0, 2 * count) });
}

/** More than there are places, and small enough that an id times it is exact. */
const PLACES_MAX = 2 ** 21;

/** A task that was edited has the newest ordinal and an old number. */
function byTask({ taskIds, xy }: LivingPlaces): LivingPlaces {
  if (taskIds.every((id, i) => i === 0 || taskIds[i - 1]! < id)) return { taskIds, xy };
  const sorted = Float64Array.from(taskIds, (id, i) => id * PLACES_MAX + i).sort();
  const from = Uint32Array.from(sorted, (key) => key % PLACES_MAX);
  return {
    taskIds: Uint32Array.from(from, (i) => taskIds[i]!),
    xy: Float32Array.from(xy, (_, k) => xy[2 * from[k >> 1]! + (k & 1)]!),
  };
}

/** Place of a task among ascending ids; -1 where it has none. */
function placeOf(taskIds: Uint32Array, id: number): number {
  let [low, high] = [0, taskIds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (taskIds[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return taskIds[low] === id ? low : -1;
}

/** Where people disagree the last of them is shown. */
async function givenLabels(
  { store }: Deps,
  projectId: number,
  taskIds: Uint32Array,
  label: (result: readonly Region[]) => number,
): Promise<Int16Array> {
  const given = new Int16Array(taskIds.length).fill(-1);
  for (let after = 0; ; ) {
    const page = await store.annotations.list(projectId, { after, limit: PAGE });
    if (page.length === 0) return given;
    for (const { taskId, skipped, result } of page) {
      const i = placeOf(taskIds, taskId);
      if (i >= 0 && !skipped) given[i] = label(result);
    }
    after = page.at(-1)!.id;
    await nextTurn();
  }
}

async function suggestedLabels(
  predictions: MapParts['predictions'],
  projectId: number,
  taskIds: Uint32Array,
  label: (result: readonly Region[]) => number,
): Promise<Pick<MapView, 'suggested' | 'unsure'>> {
  const suggested = new Int16Array(taskIds.length).fill(-1);
  const unsure = new Uint8Array(taskIds.length).fill(NO_NUMBER);
  for (let from = 0; from < taskIds.length; from += PAGE) {
    const page = { after: taskIds[from]! - 1, limit: Math.min(PAGE, taskIds.length - from) };
    for (const { taskId, result, score } of await predictions.current(projectId, page)) {
      const i = placeOf(taskIds, taskId);
      if (i < 0) continue;
      suggested[i] = label(result);
      if (score !== null) unsure[i] = Math.round((NO_NUMBER - 1) * Math.min(1, Math.max(0, 1 - score)));
    }
    await nextTurn();
  }
  return { suggested, unsure };
}

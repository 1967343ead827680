/** What the serving version gets right and wrong, by probabilities of tasks it has not learned from. */

import type { Compute } from '../../compute/compute.ts';
import { wilsonInterval } from '../../core/intervals.ts';
import type { Judged } from '../../heads/index.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { ofPeople, promotionRuns } from '../queue/answers.ts';
import type { AnswersOf, CalibrationBin, ConfusionCell, LabelFigures, LearningApi, ModelFigures } from './api.ts';
import type { ShareWithInterval } from './insights-api.ts';
import { type HeldOutAnswers, heldOutAnswers } from './label-errors.ts';

/** With fewer answers every interval spans most of the scale. */
const ANSWERS_MIN = 20;
/** Tasks named per cell: what somebody would look through. */
const CELL_TASKS_MAX = 200;
const BINS = 10;
const THRESHOLD = 0.5;

export function createModelFigures(
  deps: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
): Pick<LearningApi, 'modelFigures'> {
  return {
    async modelFigures(projectId, of) {
      const held = await heldOutAnswers(deps, matrices, configs, projectId);
      if (held === undefined) return nothing(of);
      const promotions = await promotionRuns(deps.store, projectId);
      const byPeople = held.answers.filter(({ annotation }) => ofPeople([annotation], promotions).length > 0);
      return figuresOf(deps.compute, { ...held, answers: byPeople }, of);
    },
  };
}

interface Item {
  readonly taskId: number;
  readonly given: readonly number[];
  readonly said: readonly number[];
  readonly p: Float32Array;
}

function nothing(of: AnswersOf): ModelFigures {
  return {
    version: null,
    of,
    n: 0,
    needed: ANSWERS_MIN,
    labels: [],
    accuracy: null,
    macroF1: null,
    calibrationError: null,
    perLabel: [],
    confusion: null,
    calibration: [],
  };
}

/** Exported for tests. */
export async function figuresOf(
  compute: Pick<Compute, 'wholeFigures'>,
  held: HeldOutAnswers,
  of: AnswersOf,
): Promise<ModelFigures> {
  const count = held.classes.length;
  const multiple = held.link === 'sigmoid';
  const items = held.answers
    .filter(({ annotation }) => of === 'all' || annotation.blind)
    .flatMap(({ annotation, classes, unaided, row }): Item[] => {
      const p = held.probabilities.subarray(row * count, (row + 1) * count);
      // An answer that was settled afterwards agrees with what was seen then; the fair sample is what was given without.
      const given = of === 'blind' ? unaided : classes;
      return given === null ? [] : [{ taskId: annotation.taskId, given, said: saidBy(p, multiple), p }];
    });
  const base = { ...nothing(of), version: held.version.number, n: items.length, labels: [...held.classes] };
  if (items.length < ANSWERS_MIN) return base;
  return {
    ...base,
    accuracy: share(items.filter((item) => same(item.given, item.said)).length, items.length),
    ...(await compute.wholeFigures({ link: held.link, classCount: count, ...matricesOf(items, count) })),
    perLabel: held.classes.map((label, c) => labelFigures(label, c, items)),
    confusion: multiple ? null : confusionOf(items),
    calibration: calibrationOf(items, multiple),
  };
}

/** (items x classes) what the model says, and 1 for each class that was given. */
function matricesOf(items: readonly Item[], count: number): Pick<Judged, 'probabilities' | 'targets'> {
  const probabilities = new Float32Array(items.length * count);
  const targets = new Float32Array(items.length * count);
  items.forEach((item, i) => {
    probabilities.set(item.p, i * count);
    for (const c of item.given) targets[i * count + c] = 1;
  });
  return { probabilities, targets };
}

function saidBy(p: Float32Array, multiple: boolean): number[] {
  if (multiple) return [...p.keys()].filter((c) => p[c]! >= THRESHOLD);
  return [p.indexOf(p.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))];
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((c) => b.includes(c));
}

function labelFigures(label: string, c: number, items: readonly Item[]): LabelFigures {
  const given = items.filter((item) => item.given.includes(c));
  const said = items.filter((item) => item.said.includes(c));
  const hits = given.filter((item) => item.said.includes(c)).length;
  return {
    label,
    precision: said.length === 0 ? null : share(hits, said.length),
    recall: given.length === 0 ? null : share(hits, given.length),
  };
}

function confusionOf(items: readonly Item[]): ConfusionCell[] {
  const cells = new Map<string, { given: number; said: number; n: number; taskIds: number[] }>();
  for (const { given, said, taskId } of items) {
    const key = `${given[0]}/${said[0]}`;
    const cell = cells.get(key) ?? { given: given[0]!, said: said[0]!, n: 0, taskIds: [] };
    cells.set(key, cell);
    cell.n += 1;
    if (cell.taskIds.length < CELL_TASKS_MAX && !cell.taskIds.includes(taskId)) cell.taskIds.push(taskId);
  }
  return [...cells.values()].sort((a, b) => a.given - b.given || a.said - b.said);
}

/** Single choice: the likeliest label. Several: each label decided at one half is a decision of its own. */
function calibrationOf(items: readonly Item[], multiple: boolean): CalibrationBin[] {
  const bins = Array.from({ length: BINS }, () => ({ n: 0, hits: 0, sum: 0 }));
  for (const { given, said, p } of items) {
    const decided = multiple ? [...p.keys()] : said;
    for (const c of decided) {
      const confidence = multiple ? Math.max(p[c]!, 1 - p[c]!) : p[c]!;
      const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
      bin.n += 1;
      bin.sum += confidence;
      if (given.includes(c) === said.includes(c)) bin.hits += 1;
    }
  }
  return bins.filter((bin) => bin.n > 0).map(({ n, hits, sum }) => ({ confidence: sum / n, ...share(hits, n) }));
}

function share(hits: number, n: number): ShareWithInterval {
  return { n, hits, share: hits / n, ...wilsonInterval(hits, n) };
}

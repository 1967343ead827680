/** A full fit of a head: penalty by cross-validation, temperature on out-of-fold logits, honest figures. */
import { assert } from '../core/errors.ts';
import { hashUnit } from '../core/random.ts';
import { buildDesign, type Design } from './design.ts';
import { assignFolds } from './folds.ts';
import type { Head } from './head.ts';
import { type Link, probabilitiesInto } from './link.ts';
import { type LogisticProblem, type LogisticSolution, logitsOf, seenClasses, solveLogistic } from './logistic.ts';
import { argmax, type HeadMetrics, headMetrics } from './metrics.ts';
import { fitTemperature, type TemperatureFit } from './temperature.ts';

export interface TrainingSet {
  readonly link: Link;
  readonly classes: readonly string[];
  readonly dim: number;
  /** (n x dim), unit-norm. */
  readonly rows: Float32Array;
  /** (n x classes), 0..1: a distribution per item (softmax) or a truth value per class (sigmoid). */
  readonly targets: Float32Array;
  /** (n) how much each item counts in the fit, > 0; left out: 1 each. Figures count every item once. */
  readonly weights?: Float32Array;
  /** (n) distinct; they name the items and decide their folds. */
  readonly ordinals: readonly number[];
  /** Ordinals whose label nobody has given by hand: they teach, but no figure, penalty or temperature stands on them. */
  readonly unproven?: Iterable<number>;
}

/** What items say about a head that has not seen them. */
export interface OutOfFold {
  /** Figures over all proven items that took part; null with too few of them to say anything. */
  readonly metrics: HeadMetrics | null;
  /** Figures without the items whose class was missing when their fold was held out. */
  readonly metricsWithKnownClass: HeadMetrics | null;
  /** Items left out of the temperature fit for that reason. */
  readonly excluded: number;
  readonly temperature: TemperatureFit;
  /** What each penalty reached, in the order tried. */
  readonly tried: readonly { readonly l2: number; readonly nll: number; readonly accuracy: number }[];
  /** (n) ordinals that took part, and their probabilities (n x classes) after the temperature. */
  readonly ordinals: readonly number[];
  readonly probabilities: Float32Array;
}

export interface FitReport {
  readonly head: Head;
  /** null when there are too few labels to hold any out. */
  readonly outOfFold: OutOfFold | null;
}

/**
 * Penalty before cross-validation has a say: C = 10 of scikit-learn for a binary or multi-label head. Softmax weights of
 * more classes share the same labels, so the penalty per class shrinks with their number.
 */
export function startingL2(link: Link, seenCount: number): number {
  return link === 'sigmoid' ? 0.1 : 0.2 / Math.max(2, seenCount);
}

/**
 * What cross-validation may multiply it by. Only upwards: labels asked for lie near the boundary, where held-out items
 * make every penalty look too strong (docs/decisions/0003).
 */
const L2_FACTORS = [1, 3, 10];
const FOLDS = 5;
/** Below this many labels held-out figures are noise. */
export const CROSS_VALIDATION_MIN = 10;
/** More items than this sharpen the choice of two scalars no further, and cost 15 fits each. */
const CROSS_VALIDATION_MAX = 1_500;
/** Multiply-adds of one pass over the items that take part: keeps the 15 fits within a few seconds. */
const CROSS_VALIDATION_WORK_MAX = 3_000_000;
/** Fewer held-out items than this make the figures themselves vague, whatever they cost. */
const MEANINGFUL_ITEMS = 300;
/** Out-of-fold logits to about three digits are enough to choose by. */
const FOLD_TOLERANCE = 1e-3;

/**
 * Fits a head. Fewer than two classes: a head that answers by its bias alone and no out-of-fold figures.
 * Deterministic in (set, seed), whatever the order of the items.
 */
export function fitHead(set: TrainingSet, seed: number): FitReport {
  const sorted = sortByOrdinal(set);
  const outOfFold = crossValidate(sorted, seed);
  const l2 = outOfFold?.l2 ?? startingL2(set.link, seenClasses(set.targets, set.classes.length).length);
  const items = itemsOf(sorted);
  const design = buildDesign(items, sorted.dim);
  const solution = solve(sorted, design, { targets: sorted.targets, weights: sorted.weights, l2 });
  const head = headFrom(sorted, design, solution, l2, outOfFold?.report.temperature.temperature ?? 1);
  return { head, outOfFold: outOfFold?.report ?? null };
}

/** A solution on a design as a head on rows. */
export function headFrom(
  set: Pick<TrainingSet, 'link' | 'classes' | 'dim' | 'ordinals'>,
  design: Pick<Design, 'toWeights'>,
  solution: LogisticSolution,
  l2: number,
  temperature: number,
): Head {
  return {
    link: set.link,
    classes: set.classes,
    dim: set.dim,
    weights: Float32Array.from(design.toWeights(solution.weights, set.classes.length)),
    bias: Float32Array.from(solution.bias),
    temperature,
    l2,
    trainedOn: [...set.ordinals].sort((a, b) => a - b),
  };
}

function crossValidate(full: TrainingSet, seed: number): { l2: number; report: OutOfFold } | null {
  const affordable = Math.floor(CROSS_VALIDATION_WORK_MAX / (full.dim * full.classes.length));
  const itemsMax = Math.min(CROSS_VALIDATION_MAX, Math.max(affordable, MEANINGFUL_ITEMS));
  const set = full.ordinals.length > itemsMax ? sample(full, itemsMax, seed) : full;
  const n = set.ordinals.length;
  const classCount = set.classes.length;
  if (n < CROSS_VALIDATION_MIN) return null;
  const seenCount = seenClasses(set.targets, classCount).length;
  if (set.link === 'softmax' && seenCount < 2) return null;

  const design = buildDesign(itemsOf(set), set.dim);
  const classOf = Array.from({ length: n }, (_, i) => argmax(set.targets, i * classCount, classCount));
  const folds = assignFolds(classOf, set.ordinals, FOLDS, seed);
  const { checks, proven } = checkedItems(set);
  const known = itemsWithKnownClass(set, folds, checks);
  const earlier: LogisticSolution[] = [];
  const trials = L2_FACTORS.map((factor) => {
    const l2 = factor * startingL2(set.link, seenCount);
    const logits = outOfFoldLogits(set, design, folds, l2, earlier);
    const temperature = fitTemperature(set.link, logits, set.targets, classCount, known, set.weights);
    const probabilities = scaled(set.link, logits, classCount, temperature.temperature);
    const metrics = headMetrics(set.link, probabilities, set.targets, classCount, checks);
    return { l2, temperature, probabilities, metrics };
  });
  const best = trials.reduce((a, b) => (b.temperature.nllAfter < a.temperature.nllAfter ? b : a));
  const report: OutOfFold = {
    metrics: proven ? best.metrics : null,
    metricsWithKnownClass: proven ? headMetrics(set.link, best.probabilities, set.targets, classCount, known) : null,
    excluded: checks.length - known.length,
    temperature: best.temperature,
    tried: trials.map((t) => ({ l2: t.l2, nll: t.temperature.nllAfter, accuracy: t.metrics.accuracy })),
    ordinals: set.ordinals,
    probabilities: best.probabilities,
  };
  return { l2: best.l2, report };
}

/** `earlier`: solutions of each fold under the last penalty tried, where the search starts; replaced by the new ones. */
function outOfFoldLogits(
  set: TrainingSet,
  design: Design,
  folds: Uint8Array,
  l2: number,
  earlier: LogisticSolution[],
): Float64Array {
  const classCount = set.classes.length;
  const logits = new Float64Array(folds.length * classCount);
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = [...folds.keys()].filter((i) => folds[i] !== fold);
    const part = { ...design, features: inside.map((i) => design.features[i]!) };
    const solution = solve(set, part, {
      targets: pickTargets(set, inside),
      weights: pickWeights(set, inside),
      l2,
      warm: earlier[fold],
      tolerance: FOLD_TOLERANCE,
    });
    earlier[fold] = solution;
    for (const [i, f] of folds.entries()) {
      if (f === fold) logitsOf(solution, design.features[i]!, logits, i * classCount);
    }
  }
  return logits;
}

function solve(
  set: TrainingSet,
  design: Design,
  problem: Pick<LogisticProblem, 'targets' | 'weights' | 'l2' | 'warm' | 'tolerance'>,
): LogisticSolution {
  const { features, width } = design;
  return solveLogistic({ features, width, classCount: set.classes.length, link: set.link, ...problem });
}

/** What choices and figures stand on: proven items, or where they are too few all items, for the choices alone. */
function checkedItems({ ordinals, unproven = [] }: TrainingSet): { checks: number[]; proven: boolean } {
  const taught = new Set(unproven);
  const all = [...ordinals.keys()];
  const checks = all.filter((i) => !taught.has(ordinals[i]!));
  const proven = checks.length >= CROSS_VALIDATION_MIN;
  return { checks: proven ? checks : all, proven };
}

/** Those whose every class also occurs outside their fold; the others must be wrong and would poison the temperature. */
function itemsWithKnownClass(set: TrainingSet, folds: Uint8Array, items: readonly number[]): number[] {
  const classCount = set.classes.length;
  const total = new Float64Array(classCount);
  const inFold = new Float64Array(FOLDS * classCount);
  for (const [i, fold] of folds.entries()) {
    for (let c = 0; c < classCount; c++) {
      const used = set.targets[i * classCount + c]! > 0 ? 1 : 0;
      total[c]! += used;
      inFold[fold * classCount + c]! += used;
    }
  }
  return items.filter((i) =>
    total.every((count, c) => set.targets[i * classCount + c]! === 0 || count > inFold[folds[i]! * classCount + c]!),
  );
}

function scaled(link: Link, logits: Float64Array, classCount: number, temperature: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classCount) {
    probabilitiesInto(link, logits, at, classCount, 1 / temperature, out, at);
  }
  return out;
}

function sortByOrdinal(set: TrainingSet): TrainingSet {
  const n = set.ordinals.length;
  assert(set.rows.length === n * set.dim, 'rows of a training set are n x dim');
  assert(set.targets.length === n * set.classes.length, 'targets of a training set are n x classes');
  const order = [...set.ordinals.keys()].sort((a, b) => set.ordinals[a]! - set.ordinals[b]!);
  return subset(set, order);
}

/** Proven items first: a few among many labels accepted in bulk have to stay together. */
function sample(set: TrainingSet, itemsMax: number, seed: number): TrainingSet {
  const unproven = new Set(set.unproven);
  const coin = set.ordinals.map((ordinal) => hashUnit('sample', seed, ordinal) + (unproven.has(ordinal) ? 1 : 0));
  const drawn = [...coin.keys()].sort((a, b) => coin[a]! - coin[b]! || a - b).slice(0, itemsMax);
  return subset(
    set,
    drawn.sort((a, b) => a - b),
  );
}

function subset(set: TrainingSet, items: readonly number[]): TrainingSet {
  const rows = new Float32Array(items.length * set.dim);
  for (const [k, i] of items.entries()) rows.set(set.rows.subarray(i * set.dim, (i + 1) * set.dim), k * set.dim);
  const weights = pickWeights(set, items);
  return {
    ...set,
    rows,
    targets: pickTargets(set, items),
    ...(weights && { weights }),
    ordinals: items.map((i) => set.ordinals[i]!),
  };
}

function pickTargets(set: TrainingSet, items: readonly number[]): Float32Array {
  const count = set.classes.length;
  const targets = new Float32Array(items.length * count);
  for (const [k, i] of items.entries()) targets.set(set.targets.subarray(i * count, (i + 1) * count), k * count);
  return targets;
}

function pickWeights({ weights }: TrainingSet, items: readonly number[]): Float32Array | undefined {
  return weights && Float32Array.from(items, (i) => weights[i]!);
}

function itemsOf(set: TrainingSet): Float32Array[] {
  return set.ordinals.map((_, i) => set.rows.subarray(i * set.dim, (i + 1) * set.dim));
}

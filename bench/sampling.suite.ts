/** Scoring, ranking and batch selection against a memcpy of the same matrix, or against the module's own mat-vecs. */

import { openThreads } from '../src/compute/threads.ts';
import { compareByScore, quantise } from '../src/core/order.ts';
import { gaussian, hash32, type Random, seededRandom } from '../src/core/random.ts';
import {
  type BatchPicks,
  badgeSample,
  exactLogitScore,
  exactProbabilityScore,
  gemm,
  KernelHeap,
  kCenterGreedy,
  loadMatrix,
  type Matrix,
  matrixBytes,
  matvec,
  type RankOneUpdate,
  raceUniform,
  rankLogits,
  rankProbabilities,
  rowOf,
  type ScoreName,
} from '../src/kernels/index.ts';
import { DEFAULT_STRATEGY } from '../src/sampling/index.ts';
import { type Figure, interleave, percentile, type Suite, type SuiteOptions } from './harness.ts';

type Report = (figure: Figure) => void;

const RUNS = 5;
const TOP = 1_000;
const DIMS = 384;
const CLASSES = 10;
/** Labels before and during the measured annotations, and tasks ranked after each: what a page fetches ahead. */
const ANSWERED = 100;
const ANNOTATIONS = 40;
const NEXT = 64;
const ROWS_AT_ONCE = 50_000;
const NAMES: readonly (readonly [ScoreName, string])[] = [
  ['margin', 'margin'],
  ['leastConfidence', 'least_confidence'],
  ['entropy', 'entropy'],
];

export const suite: Suite = {
  name: 'sampling',
  async run(report, options) {
    const small = options.quick ? 5 : 1;
    await scoreFigures(report, options, '1m_x10', 1_000_000 / small, 10);
    await scoreFigures(report, options, '100k_x1000', 100_000 / small, 1_000);
    await matvecFigure(report, options, 100_000 / small);
    await rerankFigure(report, options, 100_000 / small);
    await annotateFigure(report, options, '100k', 100_000 / small);
    if (!options.quick) await annotateFigure(report, options, '1m', 1_000_000);
    await batchFigures(report, options, 50_000 / small, 500 / small);
  },
};

/** Probabilities resident in the heap -> exact top 1,000, list and order held against a full float64 sort. */
async function scoreFigures(report: Report, options: SuiteOptions, size: string, n: number, c: number): Promise<void> {
  if (!NAMES.some(([, label]) => `${label}_${size}`.includes(options.only))) return;
  const heap = new KernelHeap({ bytes: n * c * 4 + n * 4 + (1 << 20) });
  const table = heap.f32(n * c);
  fillProbabilities(table, c, seededRandom('scores', size));
  const copy = new Float32Array(n * c).fill(1);
  for (const [name, label] of NAMES) {
    if (!`${label}_${size}`.includes(options.only)) continue;
    const rank = () => rankProbabilities(heap, name, table, c, { k: TOP });
    const ratio = await interleave(RUNS, rank, () => copy.set(table));
    const expected = fullSort(n, TOP, (row) => exactProbabilityScore(name, table, c, row));
    report({
      figure: `${label}_${size}`,
      ...spread(ratio),
      unit: 'x',
      baseline: 'memcpy of the same matrix, same thread; selection of the exact top 1,000 included',
      n,
      extra: { ...milliseconds(ratio), equalsFloat64: sameList(rank().rows, expected) },
    });
  }
}

async function matvecFigure(report: Report, options: SuiteOptions, n: number): Promise<void> {
  if (!'matvec_100k_x384'.includes(options.only)) return;
  const heap = new KernelHeap({ bytes: matrixBytes(n, DIMS) + n * 4 + (1 << 20) });
  const matrix = embeddings(heap, n, 'matvec');
  const out = heap.f32(n);
  const copy = new Float32Array(matrix.data.length).fill(1);
  const ratio = await interleave(
    RUNS,
    () => matvec(heap, matrix, rowOf(matrix, 1), out),
    () => copy.set(matrix.data),
  );
  let error = 0;
  for (let i = 0; i < n; i++) error = Math.max(error, Math.abs(out[i]! - dot64(matrix.data, i * DIMS, DIMS, DIMS)));
  report({
    figure: 'matvec_100k_x384',
    ...spread(ratio),
    unit: 'x',
    baseline: 'memcpy of the same matrix, same thread',
    n,
    extra: { ...milliseconds(ratio), largestError: error },
  });
}

/** The kernel part of "one annotation -> new top 100": mat-vec, rank-one change of the logits, margins, selection. */
async function rerankFigure(report: Report, options: SuiteOptions, n: number): Promise<void> {
  const figure = 'rerank_kernels_100k_x384_x10';
  if (!figure.includes(options.only)) return;
  const heap = new KernelHeap({ bytes: matrixBytes(n, DIMS) + n * 4 * (CLASSES + 3) + (1 << 20) });
  const matrix = embeddings(heap, n, 'rerank');
  const head = loadMatrix(heap, gaussians(CLASSES * DIMS, seededRandom('head')), DIMS).matrix;
  const logits = heap.f32(n * CLASSES);
  gemm(heap, matrix, head, null, logits);
  const update: RankOneUpdate = { u: heap.f32(n), e: heap.f32(CLASSES) };
  const copy = new Float32Array(matrix.data.length).fill(1);
  const random = seededRandom('updates');
  const annotate = () => {
    update.e.set(gaussians(CLASSES, random).map((value) => value / 100));
    matvec(heap, matrix, rowOf(matrix, random.int(n)), update.u);
    return rankLogits(heap, 'margin', logits, CLASSES, { k: 100, update });
  };
  const ratio = await interleave(RUNS, annotate, () => copy.set(matrix.data));
  const ranked = annotate();
  const expected = fullSort(n, 100, (row) => exactLogitScore('margin', logits, CLASSES, row));
  report({
    figure,
    ...spread(ratio),
    unit: 'x',
    baseline: 'memcpy of the embeddings, same thread',
    n,
    extra: { ...milliseconds(ratio), equalsFloat64: sameList(ranked.rows, expected) },
  });
}

/** What the server does after a stored annotation, hop to the thread included: teach the head, rank the next 64. */
async function annotateFigure(report: Report, options: SuiteOptions, size: string, n: number): Promise<void> {
  const figure = `annotate_to_rerank_ms_${size}`;
  if (!figure.includes(options.only)) return;
  const compute = openThreads({ learnerThreads: 1, workThreads: 1 });
  try {
    const classes = Array.from({ length: CLASSES }, (_, c) => String(c));
    const learner = await compute.openLearner({
      ...{ dim: DIMS, classes, multiple: false, seed: 1, strategy: DEFAULT_STRATEGY, expectedRows: n },
    });
    const random = seededRandom('annotate', size);
    const noise = gaussians(1 << 18, random);
    for (let from = 0; from < n; from += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, n - from);
      const rows = new Float32Array(count * DIMS);
      for (let i = 0; i < count; i++) {
        const at = random.int(noise.length - DIMS);
        rows.set(noise.subarray(at, at + DIMS), i * DIMS);
        rows[i * DIMS + ((from + i) % CLASSES)]! += 15;
      }
      await learner.addRows(
        Uint32Array.from({ length: count }, (_, i) => from + i),
        unitRows(rows, DIMS),
      );
    }
    const answer = (ordinal: number) => ({ ordinal, shares: classes.map((_, c) => (c === ordinal % CLASSES ? 1 : 0)) });
    await learner.answer(Array.from({ length: ANSWERED }, (_, i) => answer(i)));
    await learner.order(NEXT, new Uint32Array(0), new Uint32Array(0));
    const times: number[] = [];
    for (let i = 0; i < ANNOTATIONS; i++) {
      const since = performance.now();
      await learner.answer([answer(ANSWERED + i)]);
      await learner.order(NEXT, new Uint32Array(0), new Uint32Array(0));
      times.push(performance.now() - since);
    }
    report({
      figure,
      value: percentile(times, 0.95),
      min: Math.min(...times),
      max: Math.max(...times),
      runs: ANNOTATIONS,
      unit: 'ms',
      baseline: `p95 of ${ANNOTATIONS} annotations after ${ANSWERED}, a hop to the thread and back included`,
      n,
      extra: { p50: percentile(times, 0.5) },
    });
  } finally {
    await compute.close();
  }
}

/** Batches of 500, in units of 500 mat-vecs of the module over the same matrix. */
async function batchFigures(report: Report, options: SuiteOptions, n: number, count: number): Promise<void> {
  const wanted = ['kcenter_500_of_50k_x384', 'badge_500_of_50k_x384'].filter((name) => name.includes(options.only));
  if (wanted.length === 0) return;
  const heap = new KernelHeap({ bytes: matrixBytes(n, DIMS) + n * 4 * 40 + (1 << 20) });
  const matrix = embeddings(heap, n, 'batch');
  const probabilities = heap.f32(n * CLASSES);
  fillProbabilities(probabilities, CLASSES, seededRandom('batch'));
  const out = heap.f32(n);
  const baseline = () => {
    for (let i = 0; i < count; i++) matvec(heap, matrix, rowOf(matrix, i * 7), out);
  };
  const wide = Float64Array.from(matrix.data);
  const cases: readonly (readonly [string, () => BatchPicks, () => number[]])[] = [
    ['kcenter', () => kCenterGreedy(heap, matrix, { count, first: 0 }), () => kCenter64(wide, n, count)],
    [
      'badge',
      () => badgeSample(heap, matrix, probabilities, CLASSES, { count, seed: 1 }),
      () => badge64(wide, gradientFactors64(probabilities), n, count, 1),
    ],
  ];
  for (const [label, pick, reference] of cases) {
    const figure = `${label}_500_of_50k_x384`;
    if (!wanted.includes(figure)) continue;
    const [ours, theirs] = [cpuTimed(pick), cpuTimed(baseline)];
    const ratio = await interleave(RUNS, ours.run, theirs.run);
    const { rows, refinedSteps } = pick();
    report({
      figure,
      ...spread(ratio),
      unit: 'x',
      baseline: `${count} mat-vecs of the module over the same matrix`,
      n,
      extra: {
        ...milliseconds(ratio),
        cpuRatio: ours.leastMs() / theirs.leastMs(),
        count,
        refinedSteps,
        equalsFloat64: sameList(rows, reference()),
      },
    });
  }
}

// Data

/** Softmax of Gaussian logits: what a head of middling sureness gives. */
function fillProbabilities(table: Float32Array, c: number, random: Random): void {
  const logits = new Float64Array(c);
  for (let start = 0; start < table.length; start += c) {
    let total = 0;
    for (let j = 0; j < c; j++) {
      logits[j] = Math.exp(2 * gaussian(random));
      total += logits[j]!;
    }
    for (let j = 0; j < c; j++) table[start + j] = logits[j]! / total;
  }
}

/** In place. */
function unitRows(rows: Float32Array, dim: number): Float32Array {
  for (let at = 0; at < rows.length; at += dim) {
    const norm = Math.sqrt(dot64(rows, at, at, dim));
    for (let j = 0; j < dim; j++) rows[at + j]! /= norm;
  }
  return rows;
}

function gaussians(count: number, random: Random): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = gaussian(random);
  return values;
}

function embeddings(heap: KernelHeap, n: number, seed: string): Matrix {
  return loadMatrix(heap, gaussians(n * DIMS, seededRandom(seed)), DIMS, { normalise: true }).matrix;
}

// Float64 references: plain loops, quantised scores, ties by row.

function fullSort(n: number, k: number, score: (row: number) => number): number[] {
  const scores = Float64Array.from({ length: n }, (_, row) => score(row));
  const rows = Array.from({ length: n }, (_, row) => row);
  return rows.sort((a, b) => compareByScore(scores[a]!, a, scores[b]!, b)).slice(0, k);
}

function dot64(x: ArrayLike<number>, a: number, b: number, length: number): number {
  let sum = 0;
  for (let j = 0; j < length; j++) sum += x[a + j]! * x[b + j]!;
  return sum;
}

function kCenter64(x: Float64Array, n: number, count: number): number[] {
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const picks = [0];
  while (picks.length < count) {
    const last = picks[picks.length - 1]! * DIMS;
    let best = -1;
    for (let i = 0; i < n; i++) {
      let square = 0;
      for (let j = 0; j < DIMS; j++) square += (x[i * DIMS + j]! - x[last + j]!) ** 2;
      least[i] = Math.min(least[i]!, square);
      if (best < 0 || quantise(least[i]!) > quantise(least[best]!)) best = i;
    }
    picks.push(best);
  }
  return picks;
}

function gradientFactors64(p: Float32Array): Float64Array {
  const g = Float64Array.from(p);
  for (let start = 0; start < p.length; start += CLASSES) {
    let best = start;
    for (let j = start; j < start + CLASSES; j++) if (p[j]! > p[best]!) best = j;
    g[best]! -= 1;
  }
  return g;
}

/** k-means++ by exponential race over embeddings g (x) x, inner products in factored form. */
function badge64(x: Float64Array, g: Float64Array, n: number, count: number, seed: number): number[] {
  const inner = (a: number, b: number): number =>
    dot64(x, a * DIMS, b * DIMS, DIMS) * dot64(g, a * CLASSES, b * CLASSES, CLASSES);
  const squares = Float64Array.from({ length: n }, (_, i) => inner(i, i));
  const least = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const picks: number[] = [squares.indexOf(squares.reduce((most, value) => Math.max(most, value), 0))];
  while (picks.length < count) {
    const last = picks[picks.length - 1]!;
    const draw = hash32(String(picks.length - 1), seed) | 0;
    least[last] = -1;
    let best = -1;
    let bestKey = -1;
    for (let i = 0; i < n; i++) {
      if (least[i]! < 0) continue;
      least[i] = Math.min(least[i]!, Math.max(0, squares[i]! + squares[last]! - 2 * inner(i, last)));
      const key = least[i]! / -Math.log(raceUniform(draw, i));
      if (key <= bestKey) continue;
      best = i;
      bestKey = key;
    }
    picks.push(best);
  }
  return picks;
}

// Reporting

function sameList(ours: ArrayLike<number>, expected: readonly number[]): string {
  const same = expected.filter((row, i) => ours[i] === row).length;
  return `${same}/${expected.length}`;
}

/** Least processor time of all runs: on a busy machine, seconds of wall time say more about the neighbours. */
function cpuTimed(work: () => unknown): { run: () => void; leastMs: () => number } {
  let least = Number.POSITIVE_INFINITY;
  const run = () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  };
  return { run, leastMs: () => least };
}

type Timing = Awaited<ReturnType<typeof interleave>>;

function spread({ value, min, max, runs }: Timing): { value: number; min: number; max: number; runs: number } {
  return { value, min, max, runs };
}

function milliseconds({ oursMs, baselineMs }: Timing): { oursMs: number; baselineMs: number } {
  return { oursMs, baselineMs };
}

/** Acquisition scores of (n x c) tables: fast float32 for all rows, exact float64 for the few that matter. */
import { assert } from '../core/errors.ts';
import type { KernelHeap } from './heap.ts';
import { type Ranked, type RankRequest, rankTop } from './rank.ts';

/**
 * Higher = label sooner. Settles, "Active Learning Literature Survey" (2009), section 3.1:
 * margin 1 - (p1 - p2) in 0..1; leastConfidence 1 - p1 in 0..1; entropy - sum p ln p in nats, 0..ln c.
 */
export type ScoreName = 'margin' | 'leastConfidence' | 'entropy';

const KINDS: Readonly<Record<ScoreName, number>> = { margin: 0, leastConfidence: 1, entropy: 2 };

const HALF_ULP = 2 ** -24;

/**
 * How far a fast score may lie from the float64 one: worst-case bounds from the length of the chains of float32
 * additions, the polynomials and the rounding of inputs. Observed errors are two to ten times smaller.
 */
export function scoreError(table: 'probabilities' | 'logits', name: ScoreName, classes: number): number {
  const nats = Math.log(classes);
  if (table === 'probabilities') {
    if (name !== 'entropy') return 4 * HALF_ULP;
    // The polynomial for log2 is off by up to 1.26e-5 (8.7e-6 nats), its rounding by up to 2e-6; rows of 24 and more
    // are summed in 8 lanes.
    const chain = classes < 24 ? classes : classes / 8 + 10;
    return 1.2e-5 + chain * HALF_ULP * nats;
  }
  // Sums of 32 exponentials, then sums of those; 5e-7 covers exp, log and division.
  const relative = (Math.min(classes, 32) + classes / 32) * HALF_ULP + 5e-7;
  const exponents = 2 * HALF_ULP * (1 + nats);
  return name === 'entropy' ? (relative + exponents) * (1 + nats) : relative + exponents;
}

/** out (n) = scores of probabilities (n x c), which must be finite and not negative (see `firstNonFinite`). */
export function scoreProbabilities(
  heap: KernelHeap,
  name: ScoreName,
  probabilities: Float32Array,
  classes: number,
  out: Float32Array,
): void {
  const rows = rowsOf(probabilities, classes, out);
  heap.kernels[name](heap.address(probabilities), rows, classes, heap.address(out));
}

/** A rank-one change of all logits: logits[i] += u[i] * e, u (n), e (c). */
export interface RankOneUpdate {
  readonly u: Float32Array;
  readonly e: Float32Array;
}

/**
 * out (n) = scores of softmax(scale * logits) without writing probabilities. With `update` the logits (n x c) are
 * first changed in place, in the same pass: one annotation moves all rows of a ridge head by u e^T.
 */
export function scoreLogits(
  heap: KernelHeap,
  name: ScoreName,
  logits: Float32Array,
  classes: number,
  out: Float32Array,
  options: { readonly scale?: number; readonly update?: RankOneUpdate } = {},
): void {
  const rows = rowsOf(logits, classes, out);
  const { scale = 1, update } = options;
  assert(scale > 0, 'scoreLogits: scale > 0');
  assert(!update || (update.u.length >= rows && update.e.length >= classes), 'scoreLogits: u (n), e (c)');
  const u = update ? heap.address(update.u) : 0;
  const e = update ? heap.address(update.e) : 0;
  heap.kernels.scoreLogits(heap.address(logits), rows, classes, u, e, scale, KINDS[name], heap.address(out));
}

type RankOptions = Omit<RankRequest, 'error' | 'exact'>;

/**
 * The exact top k of a table of probabilities: fast scores, selection, float64 refinement, ties by id. Rows with a value
 * that is NaN or negative never appear.
 */
export function rankProbabilities(
  heap: KernelHeap,
  name: ScoreName,
  probabilities: Float32Array,
  classes: number,
  options: RankOptions,
): Ranked {
  return heap.scoped(() => {
    const scores = heap.f32(probabilities.length / classes);
    scoreProbabilities(heap, name, probabilities, classes, scores);
    const exact = (row: number): number => exactProbabilityScore(name, probabilities, classes, row);
    return rankTop(heap, scores, { ...options, error: scoreError('probabilities', name, classes), exact });
  });
}

/** The exact top k of a table of logits; `scale` and `update` as in `scoreLogits`. */
export function rankLogits(
  heap: KernelHeap,
  name: ScoreName,
  logits: Float32Array,
  classes: number,
  options: RankOptions & { readonly scale?: number; readonly update?: RankOneUpdate },
): Ranked {
  return heap.scoped(() => {
    const scores = heap.f32(logits.length / classes);
    scoreLogits(heap, name, logits, classes, scores, options);
    const exact = (row: number): number => exactLogitScore(name, logits, classes, row, options.scale ?? 1);
    return rankTop(heap, scores, { ...options, error: scoreError('logits', name, classes), exact });
  });
}

/** The float64 score of one row of probabilities; NaN where a value is none. */
export function exactProbabilityScore(name: ScoreName, p: Float32Array, classes: number, row: number): number {
  const start = row * classes;
  for (let j = start; j < start + classes; j++) if (!(p[j]! >= 0)) return Number.NaN;
  if (name === 'entropy') {
    let sum = 0;
    for (let j = start; j < start + classes; j++) if (p[j]! > 0) sum -= p[j]! * Math.log(p[j]!);
    return sum;
  }
  let best = 0;
  let next = 0;
  for (let j = start; j < start + classes; j++) {
    const x = p[j]!;
    if (x > best) {
      next = best;
      best = x;
    } else if (x > next) next = x;
  }
  return name === 'margin' ? 1 - (best - next) : 1 - best;
}

/** The float64 score of one row of logits. */
export function exactLogitScore(
  name: ScoreName,
  logits: Float32Array,
  classes: number,
  row: number,
  scale = 1,
): number {
  const start = row * classes;
  let best = Number.NEGATIVE_INFINITY;
  let next = Number.NEGATIVE_INFINITY;
  for (let j = start; j < start + classes; j++) {
    const x = logits[j]!;
    if (x > best) {
      next = best;
      best = x;
    } else if (x > next) next = x;
  }
  let total = 0;
  let weighted = 0;
  for (let j = start; j < start + classes; j++) {
    const z = (logits[j]! - best) * scale;
    const p = Math.exp(z);
    total += p;
    if (p > 0) weighted += p * z;
  }
  if (name === 'entropy') return Math.log(total) - weighted / total;
  if (name === 'leastConfidence') return 1 - 1 / total;
  return 1 - (1 - Math.exp((next - best) * scale)) / total;
}

function rowsOf(table: Float32Array, classes: number, out: Float32Array): number {
  const rows = table.length / classes;
  assert(Number.isInteger(rows) && out.length >= rows, 'scores: table (n x c), out (n)');
  return rows;
}

/** Linear systems on the normalised graph, several columns at once: Chebyshev steps and conjugate gradients. */
import type { Affinity } from './affinity.ts';

type Graph = Pick<Affinity, 'itemCount' | 'starts' | 'columns' | 'normalised'>;

/** out = S f: one bare sparse pass over the normalised weights; f and out (n x width), different arrays. */
export function sparsePass(graph: Graph, f: Float32Array, width: number, out: Float32Array): void {
  const { itemCount, starts, columns, normalised } = graph;
  if (width === 1) {
    columnPass(graph, f, out);
    return;
  }
  const sum = new Float64Array(width);
  for (let i = 0; i < itemCount; i++) {
    gatherInto(sum, f, width, columns, normalised, starts[i]!, starts[i + 1]!);
    const at = i * width;
    for (let c = 0; c < width; c++) out[at + c] = sum[c]!;
  }
}

function gatherInto(
  sum: Float64Array,
  f: Float32Array,
  width: number,
  columns: Int32Array,
  weights: Float32Array,
  from: number,
  to: number,
): void {
  sum.fill(0);
  for (let e = from; e < to; e++) {
    const weight = weights[e]!;
    const at = columns[e]! * width;
    for (let c = 0; c < width; c++) sum[c]! += weight * f[at + c]!;
  }
}

function columnPass({ itemCount, starts, columns, normalised }: Graph, f: Float32Array, out: Float32Array): void {
  for (let i = 0; i < itemCount; i++) {
    let sum = 0;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += normalised[e]! * f[columns[e]!]!;
    out[i] = sum;
  }
}

/** Right-hand side that is zero but for a few rows: `values` (items x width). */
export interface SparseRows {
  readonly items: ArrayLike<number>;
  readonly width: number;
  readonly values: Float64Array;
}

/** Passes after which the error of `chebyshevSteps` has fallen to `tolerance` of what it was. */
export function chebyshevPasses(alpha: number, tolerance: number): number {
  const perPass = alpha / (1 + Math.sqrt(1 - alpha * alpha));
  return Math.max(1, Math.ceil(Math.log(tolerance / 2) / Math.log(perPass)));
}

/**
 * Solves (I - alpha S) f = b in `passes` sparse passes, each a step. The eigenvalues of alpha S lie in -alpha..alpha, so Chebyshev's
 * semi-iteration (Golub and Varga, 1961) needs no inner products and each step fuses into its pass: at alpha 0.99 one
 * pass does the work of 14 plain power steps.
 */
export function* chebyshevSteps(
  graph: Graph,
  alpha: number,
  b: SparseRows,
  passes: number,
): Generator<void, Float32Array> {
  const { width } = b;
  let current = new Float32Array(graph.itemCount * width);
  let previous = new Float32Array(graph.itemCount * width);
  let omega = 1;
  for (let step = 0; step < passes; step++) {
    yield;
    if (step === 1) omega = 1 / (1 - (alpha * alpha) / 2);
    else if (step > 1) omega = 1 / (1 - (alpha * alpha * omega) / 4);
    if (step > 0) chebyshevStep(graph, alpha, omega, current, previous, width);
    addRows(previous, b, omega);
    [current, previous] = [previous, current];
  }
  return current;
}

/** previous = omega (alpha S current - previous) + previous: the next iterate but for the right-hand side. */
function chebyshevStep(
  graph: Graph,
  alpha: number,
  omega: number,
  current: Float32Array,
  previous: Float32Array,
  width: number,
): void {
  const { itemCount, starts, columns, normalised } = graph;
  const [ahead, back] = [omega * alpha, 1 - omega];
  if (width === 1) {
    for (let i = 0; i < itemCount; i++) {
      let sum = 0;
      for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += normalised[e]! * current[columns[e]!]!;
      previous[i] = ahead * sum + back * previous[i]!;
    }
    return;
  }
  const sum = new Float64Array(width);
  for (let i = 0; i < itemCount; i++) {
    gatherInto(sum, current, width, columns, normalised, starts[i]!, starts[i + 1]!);
    const at = i * width;
    for (let c = 0; c < width; c++) previous[at + c] = ahead * sum[c]! + back * previous[at + c]!;
  }
}

function addRows(f: Float32Array, { items, width, values }: SparseRows, scale: number): void {
  for (let s = 0; s < items.length; s++) {
    for (let c = 0; c < width; c++) f[items[s]! * width + c]! += scale * values[s * width + c]!;
  }
}

export interface ConjugateOptions {
  /** Stop when every column's residual is this share of its right-hand side. */
  readonly tolerance: number;
  readonly passesMax: number;
  /** (n) rows marked 1 stay zero: they are no unknowns. */
  readonly fixed?: Uint8Array;
}

/**
 * Solves (I - alpha S) x = b by conjugate gradients (Hestenes and Stiefel, 1952), each column at its own
 * pace, in steps of one pass; b (n x width) is used up. alpha <= 1; where the system is singular b must lie in its range.
 */
export function* conjugateSteps(
  graph: Graph,
  alpha: number,
  b: Float32Array,
  width: number,
  options: ConjugateOptions,
): Generator<void, Float32Array> {
  const x = new Float32Array(b.length);
  const p = b.slice();
  const ap = new Float32Array(b.length);
  let rr = dots(b, b, width);
  const goal = rr.map((value) => value * options.tolerance ** 2);
  for (let pass = 0; pass < options.passesMax && rr.some((value, c) => value > goal[c]!); pass++) {
    yield;
    sparsePass(graph, p, width, ap);
    subtractFrom(p, alpha, ap);
    if (options.fixed) clearRows(ap, width, options.fixed);
    const curvature = dots(p, ap, width);
    const step = rr.map((value, c) => (value > goal[c]! && curvature[c]! > 0 ? value / curvature[c]! : 0));
    advance(x, b, p, ap, step);
    const next = dots(b, b, width);
    const keep = next.map((value, c) => (rr[c]! > 0 ? value / rr[c]! : 0));
    turn(p, keep, b);
    // A column that has stalled (singular, or at the end of float32) stops as it is.
    rr = next.map((value, c) => (step[c] === 0 ? 0 : value));
  }
  return x;
}

function advance(x: Float32Array, r: Float32Array, p: Float32Array, ap: Float32Array, step: Float64Array): void {
  const width = step.length;
  for (let i = 0, c = 0; i < x.length; i++, c = c + 1 === width ? 0 : c + 1) {
    x[i]! += step[c]! * p[i]!;
    r[i]! -= step[c]! * ap[i]!;
  }
}

/** ap = p - alpha ap */
function subtractFrom(p: Float32Array, alpha: number, ap: Float32Array): void {
  for (let i = 0; i < ap.length; i++) ap[i] = p[i]! - alpha * ap[i]!;
}

/** p = r + keep p, column by column: the next direction. */
function turn(p: Float32Array, keep: Float64Array, r: Float32Array): void {
  const width = keep.length;
  for (let i = 0, c = 0; i < p.length; i++, c = c + 1 === width ? 0 : c + 1) p[i] = r[i]! + keep[c]! * p[i]!;
}

function dots(a: Float32Array, b: Float32Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  for (let i = 0, c = 0; i < a.length; i++, c = c + 1 === width ? 0 : c + 1) sums[c]! += a[i]! * b[i]!;
  return sums;
}

function clearRows(f: Float32Array, width: number, fixed: Uint8Array): void {
  for (let i = 0; i < fixed.length; i++) if (fixed[i]) f.fill(0, i * width, (i + 1) * width);
}

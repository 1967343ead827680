/** Kernel coverage for herding: how much a candidate adds to what the picked rows already cover. */
import { assert } from '../core/errors.ts';
import { gemm, matvec } from './dense.ts';
import type { KernelHeap } from './heap.ts';
import { type Matrix, rowOf } from './matrix.ts';

/**
 * Width of the kernel k(i, j) = exp(-a_i a_j |x_i - x_j|^2). Wide: no scales, all a = 1. Self-tuned (Zelnik-Manor and
 * Perona, 2004): a = 1 / (distance to the row's 20th neighbour).
 */
export interface KernelScales {
  /** (candidates) a_i */
  readonly candidates: Float32Array;
  /** (targets) a_j */
  readonly targets: Float32Array;
}

/** out[j] = |x[j] - v|^2 for a padded vector v; out (rows), never negative. */
export function squaredDistances(heap: KernelHeap, x: Matrix, v: Float32Array, out: Float32Array): void {
  assert(v.length >= x.stride && out.length >= x.rows, 'squaredDistances: v (stride), out (rows)');
  let own = 0;
  for (const value of v) own += value * value;
  const squares = heap.address(x.squares);
  heap.kernels.squaredDistances(
    heap.address(x.data),
    x.rows,
    x.stride,
    squares,
    heap.address(v),
    own,
    heap.address(out),
  );
}

/** out[j] = k(i, j): row i of `candidates` against every row of `targets`; out (targets). */
export function kernelRow(
  heap: KernelHeap,
  candidates: Matrix,
  i: number,
  targets: Matrix,
  out: Float32Array,
  scales?: KernelScales,
): void {
  matvec(heap, targets, rowOf(candidates, i), out);
  squash(heap, candidates, i, targets, heap.address(out), scales);
}

/** out[i][j] = k(i, j): (candidates x targets), dense. */
export function kernelBlock(
  heap: KernelHeap,
  candidates: Matrix,
  targets: Matrix,
  out: Float32Array,
  scales?: KernelScales,
): void {
  gemm(heap, candidates, targets, null, out);
  const start = heap.address(out);
  for (let i = 0; i < candidates.rows; i++) squash(heap, candidates, i, targets, start + i * targets.rows * 4, scales);
}

/** Turns inner products with row i into kernel values, in place. */
function squash(
  heap: KernelHeap,
  candidates: Matrix,
  i: number,
  targets: Matrix,
  at: number,
  scales?: KernelScales,
): void {
  const own = candidates.squares[i]!;
  const a = scales ? scales.candidates[i]! : 1;
  const b = scales ? heap.address(scales.targets) : 0;
  heap.kernels.rbfFromDots(at, targets.rows, own, heap.address(targets.squares), a, b, at);
}

/**
 * out[i] = sum over j of weights[j] * max(0, kernel[i][j] - coverage[j]): the gain of each of `out.length` candidates.
 * kernel (m x n), coverage (n), weights (n), out (m, float64 in the heap). MaxHerding with weights 1 (Bae et al., 2024),
 * uncertainty herding with weights 1 - margin (Bae et al., 2025). The sum carries float32 terms: relative error 1e-6.
 */
export function coverageGains(
  heap: KernelHeap,
  kernel: Float32Array,
  coverage: Float32Array,
  weights: Float32Array,
  out: Float64Array,
): void {
  const n = coverage.length;
  assert(weights.length === n && kernel.length >= out.length * n, 'coverageGains: kernel (m x n), weights (n)');
  const [k, c, w] = [heap.address(kernel), heap.address(coverage), heap.address(weights)];
  heap.kernels.gains(k, out.length, n, c, w, heap.address(out));
}

/** coverage[j] = max(coverage[j], kernelRow[j]): what a pick adds. */
export function coverWith(heap: KernelHeap, coverage: Float32Array, kernelRow: Float32Array): void {
  assert(kernelRow.length >= coverage.length, 'coverWith: both (n)');
  heap.kernels.coverWith(heap.address(coverage), heap.address(kernelRow), coverage.length);
}

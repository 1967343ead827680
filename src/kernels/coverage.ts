/** Kernel coverage for herding: how much a candidate adds to what the picked rows already cover. */
import { assert } from '../core/errors.ts';
import { matvec } from './dense.ts';
import type { KernelHeap } from './heap.ts';
import type { Matrix } from './matrix.ts';

/** out[j] = |x[j] - v|^2 for a padded vector v; out (rows), never negative. */
export function squaredDistances(heap: KernelHeap, x: Matrix, v: Float32Array, out: Float32Array): void {
  let own = 0;
  for (const value of v) own += value * value;
  // The engine compiles for speed what ran often: a first order runs the mat-vec, which a first annotation waits for.
  matvec(heap, x, v, out);
  const at = heap.address(out);
  heap.kernels.squaresFromDots(at, x.rows, heap.address(x.squares), own, at);
}

/**
 * out[j] = exp(-scale x scales[j] x squares[j]): how close a row is to each target, from its squared distances (targets).
 * Without `scales` all targets are as wide. Self-tuned (Zelnik-Manor and Perona, 2004): scale and scales are 1 / (distance
 * to the row's m-th neighbour).
 */
export function kernelFromSquares(
  heap: KernelHeap,
  squares: Float32Array,
  out: Float32Array,
  scale = 1,
  scales?: Float32Array,
): void {
  const n = squares.length;
  assert(
    out.length >= n && (scales === undefined || scales.length >= n),
    'kernelFromSquares: out and scales (targets)',
  );
  heap.kernels.rbf(heap.address(squares), n, scale, scales ? heap.address(scales) : 0, heap.address(out));
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

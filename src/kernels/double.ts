/** Products of float64 rows, for sums that have to come to rest beyond float32. Rows are `stride` values apart, dense. */
import { assert } from '../core/errors.ts';
import type { KernelHeap } from './heap.ts';

/** Rows are taken four at a time, columns and values two at a time; what is padded is zero. */
const ROWS_AT_ONCE = 4;

/** out[i][j] = x[i] . w[j]: x (n x stride), w (c x stride), out (n x c); n a multiple of 4, c and stride even. */
export function gemm64(heap: KernelHeap, x: Float64Array, w: Float64Array, stride: number, out: Float64Array): void {
  const [n, c] = [x.length / stride, w.length / stride];
  assert(n % ROWS_AT_ONCE === 0 && c % 2 === 0 && stride % 2 === 0, 'gemm64: n a multiple of 4, c and stride even');
  assert(out.length >= n * c, 'gemm64: out (n x c)');
  heap.kernels.gemm64(heap.address(x), n, stride, heap.address(w), c, heap.address(out));
}

/** out[j] += sum over i of r[i][j] x[i]: x (n x stride), r (n x c), out (c x stride); the same multiples. */
export function addWeighted64(
  heap: KernelHeap,
  x: Float64Array,
  r: Float64Array,
  stride: number,
  out: Float64Array,
): void {
  const [n, c] = [x.length / stride, out.length / stride];
  assert(
    n % ROWS_AT_ONCE === 0 && c % 2 === 0 && stride % 2 === 0,
    'addWeighted64: n a multiple of 4, the others even',
  );
  assert(r.length >= n * c, 'addWeighted64: r (n x c)');
  heap.kernels.addWeighted64(heap.address(x), n, stride, heap.address(r), c, heap.address(out));
}

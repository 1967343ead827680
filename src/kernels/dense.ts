/** Products of padded rows, and softmax. Every output is written to an array of the caller in the same heap. */
import { assert } from '../core/errors.ts';
import type { KernelHeap } from './heap.ts';
import type { Matrix } from './matrix.ts';

/** out[i] = x[i] . v for a padded vector v of `stride` floats; out (rows). One pass over x. */
export function matvec(heap: KernelHeap, x: Matrix, v: Float32Array, out: Float32Array): void {
  assert(v.length >= x.stride && out.length >= x.rows, 'matvec: v (stride), out (rows)');
  heap.kernels.matvec(heap.address(x.data), x.rows, x.stride, heap.address(v), heap.address(out));
}

/** Dot product of two padded rows of one stride. */
export function dot(heap: KernelHeap, a: Float32Array, b: Float32Array): number {
  assert(a.length === b.length && a.length % 16 === 0, 'dot: two padded rows of one stride');
  return heap.scoped(() => {
    const out = heap.f32(1);
    heap.kernels.matvec(heap.address(a), 1, a.length, heap.address(b), heap.address(out));
    return out[0]!;
  });
}

/**
 * out[i][j] = x[i] . w[j] + bias[j]: logits (n x c) of a linear head whose classes are the rows of w. Meant for c up to
 * about 150; beyond, onnxruntime's MatMul in a host process is several times faster.
 */
export function gemm(heap: KernelHeap, x: Matrix, w: Matrix, bias: Float32Array | null, out: Float32Array): void {
  assert(x.stride === w.stride, 'gemm: both matrices have the same dims');
  assert(out.length >= x.rows * w.rows && (bias === null || bias.length >= w.rows), 'gemm: bias (c), out (n x c)');
  const biasAt = bias === null ? 0 : heap.address(bias);
  heap.kernels.gemm(heap.address(x.data), x.rows, x.stride, heap.address(w.data), w.rows, biasAt, heap.address(out));
}

/** out[i][j] += (u[i] + shift) e[j]: what one step of a head changes; out dense (n x c), u (n), e (c). Summed in float64. */
export function addOuter(heap: KernelHeap, out: Float32Array, u: Float32Array, shift: number, e: Float64Array): void {
  assert(out.length >= u.length * e.length, 'addOuter: out (n x c), u (n), e (c)');
  heap.scoped(() => {
    const factors = heap.f64(e.length);
    factors.set(e);
    heap.kernels.addOuter(heap.address(out), u.length, e.length, heap.address(u), shift, heap.address(factors));
  });
}

/** out = softmax(scale * logits) by rows of a dense (n x c) table; out may be `logits`. scale = 1 / temperature, > 0. */
export function softmaxRows(
  heap: KernelHeap,
  logits: Float32Array,
  classes: number,
  out: Float32Array,
  scale = 1,
): void {
  assert(
    logits.length % classes === 0 && out.length >= logits.length && scale > 0,
    'softmaxRows: logits (n x c), scale > 0',
  );
  const rows = logits.length / classes;
  heap.kernels.softmaxRows(heap.address(logits), rows, classes, scale, heap.address(out));
}

/** Index of the first NaN or infinity, or -1: for checking what models hand in. */
export function firstNonFinite(heap: KernelHeap, values: Float32Array): number {
  return heap.kernels.firstNonFinite(heap.address(values), values.length);
}

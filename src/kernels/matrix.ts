/** Embedding rows in a heap: padded, checked on the way in, with their squared lengths beside them. */
import { assert } from '../core/errors.ts';
import { type KernelHeap, ROW_PADDING } from './heap.ts';

/** (rows x dims) float32; row i starts at i * stride, the rest of the stride is zero. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly dims: number;
  /** Floats between rows: dims rounded up to a multiple of 16. */
  readonly stride: number;
  /** (rows) |x|^2, kept by `writeRows`. */
  readonly squares: Float32Array;
}

/** Rows that cannot be compared with others. Both kinds are stored as zeros, so no kernel ever meets a NaN. */
export interface RowFaults {
  /** Rows that held NaN or an infinity. */
  readonly nonFinite: readonly number[];
  /** Rows without direction: all entries zero. */
  readonly zero: readonly number[];
}

export function strideOf(dims: number): number {
  return Math.ceil(dims / ROW_PADDING) * ROW_PADDING;
}

/** Bytes that a matrix takes in a heap. */
export function matrixBytes(rows: number, dims: number): number {
  return rows * (strideOf(dims) + 1) * 4 + 128;
}

/** Room for `rows` rows of zeros. */
export function allocMatrix(heap: KernelHeap, rows: number, dims: number): Matrix {
  const stride = strideOf(dims);
  return { data: heap.f32(rows * stride), rows, dims, stride, squares: heap.f32(rows) };
}

/**
 * Copies `source` (count x dims, dense) into rows first.. of the matrix, scaled to unit length when `normalise` is set.
 * Returns the faults with row numbers of the matrix.
 */
export function writeRows(
  heap: KernelHeap,
  matrix: Matrix,
  first: number,
  source: Float32Array,
  options: { readonly normalise?: boolean } = {},
): RowFaults {
  const { dims, stride } = matrix;
  const count = source.length / dims;
  assert(
    Number.isInteger(count) && first + count <= matrix.rows,
    'rows to write must be whole and fit into the matrix',
  );
  if (dims === stride) matrix.data.set(source, first * stride);
  else for (let i = 0; i < count; i++) matrix.data.set(source.subarray(i * dims, (i + 1) * dims), (first + i) * stride);
  return heap.scoped(() => {
    const lengths = heap.f32(count);
    const rows = heap.address(matrix.data) + first * stride * 4;
    heap.kernels.measureRows(rows, count, stride, heap.address(lengths), options.normalise ? 1 : 0);
    heap.kernels.squaredLengths(rows, count, stride, heap.address(matrix.squares) + first * 4);
    return faultsOf(lengths, first);
  });
}

/** `allocMatrix` and `writeRows` in one: the whole of `source` (rows x dims) as a matrix. */
export function loadMatrix(
  heap: KernelHeap,
  source: Float32Array,
  dims: number,
  options: { readonly normalise?: boolean } = {},
): { readonly matrix: Matrix; readonly faults: RowFaults } {
  const matrix = allocMatrix(heap, source.length / dims, dims);
  return { matrix, faults: writeRows(heap, matrix, 0, source, options) };
}

/** A new matrix of the named rows, in the given order. */
export function gatherRows(heap: KernelHeap, from: Matrix, rows: ArrayLike<number>): Matrix {
  const to = allocMatrix(heap, rows.length, from.dims);
  for (let i = 0; i < rows.length; i++) {
    to.data.set(rowOf(from, rows[i]!), i * to.stride);
    to.squares[i] = from.squares[rows[i]!]!;
  }
  return to;
}

/** Row i with its padding, a view. */
export function rowOf(matrix: Matrix, i: number): Float32Array {
  return matrix.data.subarray(i * matrix.stride, (i + 1) * matrix.stride);
}

function faultsOf(lengths: Float32Array, first: number): RowFaults {
  const nonFinite: number[] = [];
  const zero: number[] = [];
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    if (length > 0) continue;
    (length === 0 ? zero : nonFinite).push(first + i);
  }
  return { nonFinite, zero };
}

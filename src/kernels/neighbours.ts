/** The k best neighbours of every row, folded together from blocks of a similarity matrix. */
import { assert } from '../core/errors.ts';
import { gemm } from './dense.ts';
import type { KernelHeap } from './heap.ts';
import type { Matrix } from './matrix.ts';

/** (rows x k) lists: similarity descending, equal ones by id ascending; empty places are -Infinity and id -1. */
export interface NeighbourLists {
  readonly k: number;
  readonly similarities: Float32Array;
  readonly ids: Int32Array;
}

export function allocNeighbours(heap: KernelHeap, rows: number, k: number): NeighbourLists {
  const lists = { k, similarities: heap.f32(rows * k), ids: heap.i32(rows * k) };
  lists.similarities.fill(Number.NEGATIVE_INFINITY);
  lists.ids.fill(-1);
  return lists;
}

/** Where a block sits: its first row and column as item numbers, and the floats between its rows. */
export interface BlockPlace {
  readonly firstRow: number;
  readonly rows: number;
  readonly firstColumn: number;
  readonly columns: number;
  /** Default: columns. */
  readonly pitch?: number;
}

/**
 * Merges one block of similarities (rows x columns, higher = nearer) into the lists; row r of the block is item
 * firstRow + r and is never its own neighbour. Each column is merged once per row; the order of blocks does not matter.
 */
export function mergeTopK(heap: KernelHeap, block: Float32Array, place: BlockPlace, lists: NeighbourLists): void {
  const { firstRow, rows, firstColumn, columns, pitch = columns } = place;
  const { k, similarities, ids } = lists;
  assert(block.length >= (rows - 1) * pitch + columns, 'mergeTopK: block (rows x pitch)');
  assert(similarities.length >= (firstRow + rows) * k, 'mergeTopK: lists hold every row of the block');
  const offset = firstRow * k * 4;
  const [values, names] = [heap.address(similarities) + offset, heap.address(ids) + offset];
  heap.kernels.mergeTopK(heap.address(block), rows, columns, pitch, firstRow, firstColumn, k, values, names);
}

/** Rows of x per block of `nearestByDot`: 128 x 2,000 similarities are 1 MB. */
const BLOCK_ROWS = 128;

/**
 * Exact k nearest rows of every row of x by inner product (cosine on unit rows), itself excluded, in this thread: fine
 * up to a few thousand rows; larger graphs compute their blocks with onnxruntime and call `mergeTopK`.
 */
export function nearestByDot(heap: KernelHeap, x: Matrix, k: number): NeighbourLists {
  const lists = allocNeighbours(heap, x.rows, k);
  heap.scoped(() => {
    const block = heap.f32(Math.min(BLOCK_ROWS, x.rows) * x.rows);
    for (let first = 0; first < x.rows; first += BLOCK_ROWS) {
      const rows = Math.min(BLOCK_ROWS, x.rows - first);
      const part = { ...x, rows, data: x.data.subarray(first * x.stride, (first + rows) * x.stride) };
      gemm(heap, part, x, null, block);
      mergeTopK(heap, block, { firstRow: first, rows, firstColumn: 0, columns: x.rows }, lists);
    }
  });
  return lists;
}

/**
 * out[r][c] = a[r] . b[c] for padded rows of one stride (floats); out (aRows x bRows), in the caller's memory. What a
 * faster multiplication than `gemm` has to look like.
 */
export type BlockProducts = (
  a: Float32Array,
  aRows: number,
  b: Float32Array,
  bRows: number,
  stride: number,
  out: Float32Array,
) => Promise<void>;

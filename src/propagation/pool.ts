/** What every method works on: rows, the kNN graph, its weights, and the rows smoothed over the graph. */
import { assert } from '../core/errors.ts';
import { allocMatrix, type KernelHeap, loadMatrix, type Matrix } from '../kernels/index.ts';
import { type Affinity, affinityOf } from './affinity.ts';
import { exactGraph, type NeighbourGraph } from './graph.ts';

export interface PropagationPool {
  readonly heap: KernelHeap;
  /** (n x dim) unit rows, or zero rows for items that cannot be compared. */
  readonly rows: Matrix;
  readonly graph: NeighbourGraph;
  readonly affinity: Affinity;
  /** (n x dim) unit rows averaged over two hops of the graph. */
  readonly smoothed: Matrix;
}

/** Hops of Wu et al., "Simplifying Graph Convolutional Networks" (ICML 2019). */
const HOPS = 2;

/**
 * Prepares a pool once; all methods share it. `rows` (n x dim) need not be of unit length; zero rows and rows with NaN or
 * infinities take no part. Without a graph the exact one is built. Everything lives in the heap until its mark is
 * released: about 3 x n x dim x 4 bytes.
 */
export function preparePool(
  heap: KernelHeap,
  rows: Float32Array,
  dim: number,
  graph?: NeighbourGraph,
): PropagationPool {
  const { matrix } = loadMatrix(heap, rows, dim, { normalise: true });
  return poolOf(heap, matrix, graph);
}

/** The same over a matrix that is in the heap already. */
export function poolOf(heap: KernelHeap, rows: Matrix, graph?: NeighbourGraph): PropagationPool {
  const shared = graph ?? exactGraph(heap, rows);
  assert(shared.itemCount === rows.rows, 'preparePool: the graph has one item per row');
  const affinity = affinityOf(shared);
  return { heap, rows, graph: shared, affinity, smoothed: smooth(heap, rows, affinity) };
}

function smooth(heap: KernelHeap, rows: Matrix, affinity: Affinity): Matrix {
  const out = allocMatrix(heap, rows.rows, rows.dims);
  heap.scoped(() => {
    const between = allocMatrix(heap, rows.rows, rows.dims);
    let from = rows;
    for (let hop = 0; hop < HOPS; hop++) {
      const to = (HOPS - hop) % 2 === 0 ? between : out;
      averageNeighbours(from.data, rows.stride, affinity, to.data);
      from = to;
    }
  });
  toUnitLength(out);
  return out;
}

/** One hop: each row and its neighbours by weight over the square roots of both degrees, itself with weight 1. */
function averageNeighbours(x: Float32Array, stride: number, affinity: Affinity, out: Float32Array): void {
  const { itemCount, starts, columns, weights, degrees } = affinity;
  const sum = new Float64Array(stride);
  for (let i = 0; i < itemCount; i++) {
    const own = 1 / Math.sqrt(1 + degrees[i]!);
    for (let d = 0; d < stride; d++) sum[d] = own * x[i * stride + d]!;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      const at = columns[e]! * stride;
      const weight = weights[e]! / Math.sqrt(1 + degrees[columns[e]!]!);
      for (let d = 0; d < stride; d++) sum[d]! += weight * x[at + d]!;
    }
    for (let d = 0; d < stride; d++) out[i * stride + d] = own * sum[d]!;
  }
}

function toUnitLength(matrix: Matrix): void {
  const { data, rows, stride, squares } = matrix;
  for (let i = 0; i < rows; i++) {
    let square = 0;
    for (let d = 0; d < stride; d++) square += data[i * stride + d]! ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let d = 0; d < stride; d++) data[i * stride + d]! *= scale;
    squares[i] = square > 0 ? 1 : 0;
  }
}

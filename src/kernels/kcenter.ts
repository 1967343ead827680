/** Greedy k-center: each pick is the row farthest from everything labeled or picked so far. */
import { quantise, SCORE_QUANTUM } from '../core/order.ts';
import type { KernelHeap } from './heap.ts';
import { type Matrix, rowOf } from './matrix.ts';
import {
  type BatchPicks,
  type BatchRequest,
  decide,
  dotError,
  exactLeast,
  largest,
  OUT,
  type Pick,
  pickAll,
  startingDistances,
} from './picking.ts';

/**
 * Core-set selection by greedy k-center (Sener and Savarese, 2018), squared Euclidean distances quantised by 1e-6, ties
 * to the lowest row: the picks of a float64 run. Without centers the first pick is `first`, by default the lowest row
 * that may be picked. One pass over x per center and per pick.
 */
export function kCenterGreedy(
  heap: KernelHeap,
  x: Matrix,
  request: BatchRequest & { readonly first?: number },
): BatchPicks {
  return heap.scoped(() => {
    const least = startingDistances(heap, x.rows, request);
    const anchors: number[] = [];
    const exact = exactLeast(anchors, (row, anchor) => squareBetween(x, row, anchor));
    // Both the winner and a rival may be off by the error (12: lengths, their sum, the difference, this floor), and
    // ranks are quantised.
    const slack = 2 * (2 * dotError(x.stride) + 12 * 2 ** -24) * largest(x.squares) + SCORE_QUANTUM;
    let most = OUT;
    const take = (row: number): void => {
      anchors.push(row);
      least[row] = OUT;
      most = step(heap, x, row, least);
    };
    for (const center of Array.from(request.centers ?? [])) take(center);
    const choose = (): Pick => {
      if (anchors.length === 0) return { row: request.first ?? least.findIndex((d) => d >= 0), refined: false };
      if (most < 0) return { row: -1, refined: false };
      return decide(heap, least, Math.max(0, most - slack), (row) => quantise(exact(row)));
    };
    return pickAll(request.count, choose, take);
  });
}

/** Returns the largest squared distance left, negative when no row is. */
function step(heap: KernelHeap, x: Matrix, pick: number, least: Float32Array): number {
  const [data, squares] = [heap.address(x.data), heap.address(x.squares)];
  return heap.kernels.kCenterStep(data, x.rows, x.stride, squares, pick, heap.address(least));
}

function squareBetween(x: Matrix, a: number, b: number): number {
  const [p, q] = [rowOf(x, a), rowOf(x, b)];
  let sum = 0;
  for (let j = 0; j < x.dims; j++) sum += (p[j]! - q[j]!) ** 2;
  return sum;
}

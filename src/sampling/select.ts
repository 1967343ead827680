/** The k best of many by score, without sorting the rest. */
import { compareByScore } from '../core/order.ts';
import type { Pick } from './strategy.ts';

/**
 * Best k of `ordinals` by `scores` (same length), best first; quantised scores, ties to the lowest ordinal.
 * Scores that are not numbers rank last. A bounded heap: O(n log k) at worst, O(n) when few enter.
 */
export function topK(ordinals: Int32Array, scores: Float32Array | Float64Array, k: number): Pick[] {
  const size = Math.min(k, ordinals.length);
  if (size <= 0) return [];
  const heap: Pick[] = [];
  for (let i = 0; i < ordinals.length; i++) {
    const score = Number.isNaN(scores[i]!) ? Number.NEGATIVE_INFINITY : scores[i]!;
    const worst = heap[0];
    if (heap.length < size) {
      heap.push({ ordinal: ordinals[i]!, score });
      if (heap.length === size) heapify(heap);
    } else if (compareByScore(score, ordinals[i]!, worst!.score, worst!.ordinal) < 0) {
      heap[0] = { ordinal: ordinals[i]!, score };
      siftDown(heap, 0);
    }
  }
  return heap.sort((a, b) => compareByScore(a.score, a.ordinal, b.score, b.ordinal));
}

/** Worst on top. */
function heapify(heap: Pick[]): void {
  for (let i = heap.length >> 1; i >= 0; i--) siftDown(heap, i);
}

function siftDown(heap: Pick[], from: number): void {
  let i = from;
  for (;;) {
    let worst = 2 * i + 1;
    if (worst >= heap.length) return;
    if (worst + 1 < heap.length && isWorse(heap[worst + 1]!, heap[worst]!)) worst++;
    if (!isWorse(heap[worst]!, heap[i]!)) return;
    const held = heap[i]!;
    heap[i] = heap[worst]!;
    heap[worst] = held;
    i = worst;
  }
}

function isWorse(a: Pick, b: Pick): boolean {
  return compareByScore(a.score, a.ordinal, b.score, b.ordinal) > 0;
}

/** The k-th smallest value (k >= 1) of `values`, which is left as it was; the largest when there are fewer. */
export function kthSmallest(values: Float32Array, k: number): number {
  const heap = new Float32Array(Math.min(k, values.length));
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (size < heap.length) {
      heap[size] = value;
      liftLargest(heap, size++);
    } else if (value < heap[0]!) {
      heap[0] = value;
      sinkLargest(heap, size);
    }
  }
  return heap[0] ?? Number.NaN;
}

function liftLargest(heap: Float32Array, from: number): void {
  let i = from;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]! >= heap[i]!) return;
    const held = heap[parent]!;
    heap[parent] = heap[i]!;
    heap[i] = held;
    i = parent;
  }
}

function sinkLargest(heap: Float32Array, size: number): void {
  let i = 0;
  for (;;) {
    let most = 2 * i + 1;
    if (most >= size) return;
    if (most + 1 < size && heap[most + 1]! > heap[most]!) most++;
    if (heap[i]! >= heap[most]!) return;
    const held = heap[most]!;
    heap[most] = heap[i]!;
    heap[i] = held;
    i = most;
  }
}

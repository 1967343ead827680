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

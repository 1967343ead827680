/** Greedy weighted kernel coverage with a lazy heap: the engine of both herding strategies. */
import { quantise } from '../core/order.ts';
import type { Coverage, CoverageKernel } from './coverage.ts';
import type { Pick } from './strategy.ts';

export interface HerdingTask {
  readonly coverage: Coverage;
  readonly kernel: CoverageKernel;
  /** Ordinals to choose from. */
  readonly candidates: Int32Array;
  /** Ordinals that already cover their surroundings. */
  readonly labeled: Int32Array;
  readonly pending: Int32Array;
  /** (targets) >= 0: what covering each target is worth. */
  readonly worth: Float32Array;
}

/**
 * Picks up to k candidates, each the one that adds most to sum_j worth_j max_i kernel(i, j), ties to the lowest
 * ordinal. The gain of a candidate never grows, so a stale gain is a bound and few are computed again
 * (Minoux 1978). Scores are the gains, in units of fully covered worth. Bae et al., "Generalized coverage for more
 * robust low-budget active learning" (2024): MaxHerding; the same with uncertainty as worth: uncertainty herding.
 */
export function herd(task: HerdingTask, k: number): Pick[] {
  const { coverage, kernel, candidates, worth } = task;
  coverage.begin(worth, coverage.coveredBy(kernel, task.labeled, task.pending));
  const heap = new GainHeap(candidates.length);
  for (const ordinal of candidates) heap.push(ordinal, coverage.gain(ordinal, kernel));
  const picks: Pick[] = [];
  while (picks.length < k && heap.size > 0) {
    const { ordinal, gain: bound } = heap.pop();
    const gain = picks.length === 0 ? bound : coverage.gain(ordinal, kernel);
    if (gain !== bound && heap.size > 0 && heap.topBeats(ordinal, gain)) {
      heap.push(ordinal, gain);
      continue;
    }
    picks.push({ ordinal, score: gain });
    coverage.take(ordinal, kernel);
  }
  return picks;
}

/** Binary heap, largest quantised gain first, then lowest ordinal. */
class GainHeap {
  readonly #ordinals: Int32Array;
  readonly #gains: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#ordinals = new Int32Array(capacity);
    this.#gains = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(ordinal: number, gain: number): void {
    let i = this.#size++;
    this.#ordinals[i] = ordinal;
    this.#gains[i] = gain;
    while (i > 0 && this.#before(i, (i - 1) >> 1)) {
      this.#swap(i, (i - 1) >> 1);
      i = (i - 1) >> 1;
    }
  }

  pop(): { ordinal: number; gain: number } {
    const top = { ordinal: this.#ordinals[0]!, gain: this.#gains[0]! };
    this.#swap(0, --this.#size);
    let i = 0;
    for (;;) {
      let first = 2 * i + 1;
      if (first >= this.#size) return top;
      if (first + 1 < this.#size && this.#before(first + 1, first)) first++;
      if (!this.#before(first, i)) return top;
      this.#swap(i, first);
      i = first;
    }
  }

  topBeats(ordinal: number, gain: number): boolean {
    const difference = quantise(this.#gains[0]!) - quantise(gain);
    return difference > 0 || (difference === 0 && this.#ordinals[0]! < ordinal);
  }

  #before(a: number, b: number): boolean {
    const difference = quantise(this.#gains[a]!) - quantise(this.#gains[b]!);
    return difference > 0 || (difference === 0 && this.#ordinals[a]! < this.#ordinals[b]!);
  }

  #swap(a: number, b: number): void {
    const ordinal = this.#ordinals[a]!;
    const gain = this.#gains[a]!;
    this.#ordinals[a] = this.#ordinals[b]!;
    this.#gains[a] = this.#gains[b]!;
    this.#ordinals[b] = ordinal;
    this.#gains[b] = gain;
  }
}

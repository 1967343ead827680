/** How much of the pool each labeled row stands for, so that labels that were asked for do not distort the head. */
import type { Coverage } from './coverage.ts';

/**
 * Weights of labeled rows: the share of the coverage targets to which a row is the nearest labeled one, and one more for
 * itself, scaled to a mean of 1. A random sample gets nearly equal weights; of asked-for labels, those from the crowd
 * count more than the odd ones at the boundary. The extra one lets the weights fade to equal ones as labels outnumber
 * the targets. Nearest-neighbour importance weights: Loog, "Nearest neighbor-based importance weighting" (2012).
 */
export class Standing {
  #coverage: Coverage | undefined;
  #members = new Set<number>();
  /** (targets) squared distance to the nearest labeled row, and its ordinal. */
  #nearest = new Float32Array(0);
  #owner = new Int32Array(0);

  /** (labeled) in the order given, mean 1. */
  weights(coverage: Coverage, labeled: ArrayLike<number>): Float32Array {
    const ordinals = Array.from(labeled);
    if (ordinals.length > coverage.targets.length) return new Float32Array(ordinals.length).fill(1);
    this.#follow(coverage, ordinals);
    const mass = new Map(ordinals.map((ordinal) => [ordinal, 1]));
    for (const ordinal of this.#owner) mass.set(ordinal, mass.get(ordinal)! + 1);
    const scale = ordinals.length / (ordinals.length + this.#owner.length);
    return Float32Array.from(ordinals, (ordinal) => scale * mass.get(ordinal)!);
  }

  /** A labeled row has other values now. */
  forget(ordinals: readonly number[]): void {
    if (ordinals.some((ordinal) => this.#members.has(ordinal))) this.#coverage = undefined;
  }

  /** Takes in new labels one by one; starts again under another picture, or when a label has gone. */
  #follow(coverage: Coverage, ordinals: readonly number[]): void {
    const now = new Set(ordinals);
    if (coverage !== this.#coverage || [...this.#members].some((ordinal) => !now.has(ordinal))) {
      this.#coverage = coverage;
      this.#members = new Set();
      this.#nearest = new Float32Array(coverage.targets.length).fill(Number.POSITIVE_INFINITY);
      this.#owner = new Int32Array(coverage.targets.length);
    }
    for (const ordinal of ordinals) {
      if (this.#members.has(ordinal)) continue;
      this.#members.add(ordinal);
      const distances = coverage.distances(ordinal);
      for (let j = 0; j < distances.length; j++) {
        const closer = distances[j]! < this.#nearest[j]!;
        if (!closer && (distances[j]! > this.#nearest[j]! || ordinal > this.#owner[j]!)) continue;
        this.#nearest[j] = distances[j]!;
        this.#owner[j] = ordinal;
      }
    }
  }
}

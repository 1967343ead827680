/** The head of a queue by scores of predictions: each item with the probabilities of what was predicted in it. */
import { hashUnit } from '../../core/random.ts';
import { topK } from '../select.ts';
import type { Pick } from '../strategy.ts';
import { structuredScore } from './registry.ts';

/**
 * Best k of `ordinals` (ascending), best first, ties to the lowest. `recordsOf`: probabilities (0..1) of what a model
 * marked in an item. `random` and `sequential` look at none of them. Throws INPUT_BAD_FIELD for an unknown name.
 */
export function structuredOrder(
  name: string,
  ordinals: Int32Array,
  recordsOf: (ordinal: number) => Float32Array,
  k: number,
  seed: number,
): Pick[] {
  const score = itemScore(name, seed);
  const scores = Float64Array.from(ordinals, (ordinal) => score(ordinal, recordsOf(ordinal)));
  return asAmounts(name, topK(ordinals, scores, k), ordinals.length);
}

/** Higher = label sooner. `records`: (marks) probabilities. */
type ItemScore = (ordinal: number, records: Float32Array) => number;

function itemScore(name: string, seed: number): ItemScore {
  if (name === 'random') return (ordinal) => hashUnit('random', seed, ordinal);
  if (name === 'sequential') return (ordinal) => -ordinal;
  const { of } = structuredScore(name);
  return (_, data) => of({ data, width: 1, offsets: [0, data.length] })[0]!;
}

/** Order of import as ranks from the end: gains per cost need amounts, and ordinals are none. `count`: items to pick from. */
function asAmounts(name: string, picks: Pick[], count: number): Pick[] {
  return name === 'sequential' ? picks.map(({ ordinal }, i) => ({ ordinal, score: count - i })) : picks;
}

/**
 * The same order, kept while items come, change and go: a score is worked out once per change, and the head costs one pass
 * over the scores. Throws INPUT_BAD_FIELD for an unknown name.
 */
export class KeptOrder {
  readonly #name: string;
  readonly #score: ItemScore;
  /** By ordinal; NaN where there is no item. */
  #scores = new Float64Array(0);
  #ordinals = 0;

  constructor(name: string, seed: number) {
    this.#name = name;
    this.#score = itemScore(name, seed);
  }

  /** An item is new, or something else was predicted in it. `records`: (marks) probabilities (0..1). */
  set(ordinal: number, records: Float32Array): void {
    if (ordinal >= this.#scores.length) {
      const grown = new Float64Array(2 * (ordinal + 1)).fill(Number.NaN);
      grown.set(this.#scores);
      this.#scores = grown;
    }
    const score = this.#score(ordinal, records);
    this.#scores[ordinal] = Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
    this.#ordinals = Math.max(this.#ordinals, ordinal + 1);
  }

  remove(ordinal: number): void {
    if (ordinal < this.#ordinals) this.#scores[ordinal] = Number.NaN;
  }

  /** Best k items, none of `barred` (ordinals). */
  head(k: number, barred: Iterable<number>): Pick[] {
    const out = new Uint8Array(this.#ordinals);
    for (const ordinal of barred) if (ordinal < out.length) out[ordinal] = 1;
    const ordinals = new Int32Array(this.#ordinals);
    const scores = new Float64Array(this.#ordinals);
    let count = 0;
    for (let ordinal = 0; ordinal < out.length; ordinal++) {
      const score = this.#scores[ordinal]!;
      if (out[ordinal] === 1 || Number.isNaN(score)) continue;
      ordinals[count] = ordinal;
      scores[count] = score;
      count += 1;
    }
    return asAmounts(this.#name, topK(ordinals.subarray(0, count), scores.subarray(0, count), k), count);
  }
}

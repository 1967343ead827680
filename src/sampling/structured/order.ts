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
  if (name === 'random') {
    return topK(
      ordinals,
      Float64Array.from(ordinals, (ordinal) => hashUnit('random', seed, ordinal)),
      k,
    );
  }
  if (name === 'sequential') {
    return topK(
      ordinals,
      Float64Array.from(ordinals, (_, i) => ordinals.length - i),
      k,
    );
  }
  const records = Array.from(ordinals, recordsOf);
  const offsets = new Uint32Array(ordinals.length + 1);
  for (const [i, own] of records.entries()) offsets[i + 1] = offsets[i]! + own.length;
  const data = new Float32Array(offsets.at(-1)!);
  for (const [i, own] of records.entries()) data.set(own, offsets[i]!);
  return topK(ordinals, structuredScore(name).of({ data, width: 1, offsets }), k);
}

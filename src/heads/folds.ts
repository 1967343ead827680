/** Cross-validation folds: stratified, seeded, and the same for the same items in any order. */
import { hashUnit } from '../core/random.ts';

/**
 * Fold of each item, 0 .. foldCount - 1: inside each class the items are dealt out in the order of a hash of
 * (seed, ordinal), the next class going on where the last one stopped.
 */
export function assignFolds(
  classOf: readonly number[],
  ordinals: readonly number[],
  foldCount: number,
  seed: number,
): Uint8Array {
  const order = classOf.map((_, i) => i);
  const coin = ordinals.map((ordinal) => hashUnit('fold', seed, ordinal));
  order.sort((a, b) => classOf[a]! - classOf[b]! || coin[a]! - coin[b]! || ordinals[a]! - ordinals[b]!);
  const folds = new Uint8Array(classOf.length);
  for (const [place, item] of order.entries()) folds[item] = place % foldCount;
  return folds;
}

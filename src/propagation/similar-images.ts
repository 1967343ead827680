/** Near-copies among pictures by their hashes, without comparing all with all. */
import { groupBy } from '../core/group.ts';
import type { CopyPair } from './duplicates.ts';

/** 64 bits in four parts of 16. */
export type ImageHash = readonly number[];

const PARTS = 4;
const BITS = 64;
/** Differing bits that copies may have: what re-encoding and scaling change. */
export const IMAGE_BITS = 3;

/**
 * Pairs of pictures whose hashes differ in at most `bits` (up to 3) places: of four parts one must be equal, so only those
 * that share a part are compared. Of equal hashes a chain to the first is returned, enough for `copyGroups`. similarity =
 * share of equal bits; null hashes match nothing.
 */
export function similarImages(hashes: readonly (ImageHash | null)[], bits: number = IMAGE_BITS): CopyPair[] {
  const there = [...hashes.keys()].filter((i) => hashes[i] !== null);
  const equal = [...groupBy(there, (i) => hashes[i]!.join()).values()];
  const pairs = new Map<string, CopyPair>();
  for (const [a, ...others] of equal) for (const b of others) pairs.set(`${a},${b}`, { a: a!, b, similarity: 1 });
  const firsts = equal.map(([first]) => first!);
  for (let part = 0; part < PARTS; part++) {
    for (const bucket of groupBy(firsts, (i) => hashes[i]![part]!).values()) {
      for (let y = 1; y < bucket.length; y++) {
        for (let x = 0; x < y; x++) {
          const [a, b] = [bucket[x]!, bucket[y]!];
          const differing = distance(hashes[a]!, hashes[b]!);
          if (differing <= bits) pairs.set(`${a},${b}`, { a, b, similarity: 1 - differing / BITS });
        }
      }
    }
  }
  return [...pairs.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}

function distance(a: ImageHash, b: ImageHash): number {
  return a.reduce((sum, part, i) => sum + ones(part ^ b[i]!), 0);
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

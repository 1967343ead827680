/** Near-copies among pictures by their hashes, without comparing all with all. */
import { groupBy } from '../core/group.ts';
import { drained } from '../core/steps.ts';
import type { CopyPair } from './duplicates.ts';

/** 64 bits in four parts of 16. */
export type ImageHash = readonly number[];

const PART_BITS = 16;
const BITS = 64;
/** Differing bits that copies may have: what re-encoding and scaling change. */
export const IMAGE_BITS = 3;
/** One part more than that: one of them is equal in both. */
const PARTS = IMAGE_BITS + 1;
/** Pictures of one bucket up to which each is compared with each: a millisecond. More only share bits that many share. */
const COMPARED_MAX = 256;
/** Looks at a pair between two turns for others: tens of milliseconds. */
const STEP_LOOKS = 500_000;

/**
 * Pairs of pictures whose hashes differ in at most three places: of four parts one must be equal, so only those that
 * share a part are compared; where many do (a plain sky), their other bits are parted again in the same way. Of equal
 * hashes a chain to the first is returned, enough for `copyGroups`. similarity = share of equal bits; null hashes match
 * nothing.
 */
export function similarImages(hashes: readonly (ImageHash | null)[]): CopyPair[] {
  return drained(similarImageSteps(hashes));
}

/** The same in steps of tens of milliseconds, for whoever has others to answer meanwhile; yields the share done, 0..1. */
export function* similarImageSteps(hashes: readonly (ImageHash | null)[]): Generator<number, CopyPair[]> {
  const there = [...hashes.keys()].filter((i) => hashes[i] !== null);
  const equal = [...groupBy(there, (i) => hashes[i]!.join()).values()];
  const pairs = new Map<string, CopyPair>();
  for (const [a, ...others] of equal) for (const b of others) pairs.set(`${a},${b}`, { a: a!, b, similarity: 1 });
  const firsts = equal.map(([first]) => first!);
  let looked = 0;
  for (const { items, done } of buckets(hashes as readonly ImageHash[], firsts, [...Array(BITS).keys()], 0, 1)) {
    for (let y = 1; y < items.length; y++) {
      for (let x = 0; x < y; x++) {
        const [a, b] = [items[x]!, items[y]!];
        const differing = distance(hashes[a]!, hashes[b]!);
        if (differing <= IMAGE_BITS) pairs.set(`${a},${b}`, { a, b, similarity: 1 - differing / BITS });
      }
    }
    looked += items.length ** 2;
    if (looked < STEP_LOOKS) continue;
    looked = 0;
    yield done;
  }
  return [...pairs.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}

interface Bucket {
  readonly items: readonly number[];
  readonly done: number;
}

/**
 * Small buckets of different hashes, each pair of near ones in at least one. All `items` are equal but for the `open`
 * bits, of which each round closes a quarter: at eight, no more than 256 can differ.
 */
function* buckets(
  hashes: readonly ImageHash[],
  items: readonly number[],
  open: readonly number[],
  from: number,
  to: number,
): Generator<Bucket> {
  if (items.length <= COMPARED_MAX) {
    if (items.length > 1) yield { items, done: from };
    return;
  }
  for (let part = 0; part < PARTS; part++) {
    const [first, end] = [part, part + 1].map((p) => Math.floor((p * open.length) / PARTS)) as [number, number];
    const shared = open.slice(first, end);
    const rest = [...open.slice(0, first), ...open.slice(end)];
    const at = from + (part * (to - from)) / PARTS;
    for (const bucket of groupBy(items, (i) => keyOf(hashes[i]!, shared)).values()) {
      yield* buckets(hashes, bucket, rest, at, at + (to - from) / PARTS);
    }
  }
}

/** The named bits as a number: sixteen at most. */
function keyOf(hash: ImageHash, bits: readonly number[]): number {
  let key = 0;
  for (const bit of bits) key = (key << 1) | ((hash[bit >> 4]! >> (bit % PART_BITS)) & 1);
  return key;
}

function distance(a: ImageHash, b: ImageHash): number {
  let count = 0;
  for (let part = 0; part < a.length; part++) count += ones(a[part]! ^ b[part]!);
  return count;
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

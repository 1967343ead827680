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
/** The same where sharing bits left more than half together: further parts would compare them more often than this. */
const STUBBORN_MAX = 4096;
/** Looks at a pair between two turns for others: tens of milliseconds. */
const STEP_LOOKS = 500_000;
/** Looks that take as long as parting a picture from others once. */
const PARTING_LOOKS = 40;

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
  // Of each picture the later ones near it, with the number of bits that differ.
  const near = hashes.map(() => new Map<number, number>());
  for (const [a, ...others] of equal) for (const b of others) near[a!]!.set(b, 0);
  const firsts = equal.map(([first]) => first!);
  const whole: Bucket = { items: firsts, from: 0, to: 1 };
  let looked = 0;
  for (const { items, from, to } of buckets(hashes as readonly ImageHash[], whole, [...Array(BITS).keys()])) {
    for (let y = 0; y < items.length; y++) {
      for (let x = 0; x < y; x++) {
        const [a, b] = [items[x]!, items[y]!];
        const differing = distance(hashes[a]!, hashes[b]!);
        if (differing <= IMAGE_BITS) near[a]!.set(b, differing);
      }
      looked += y + PARTING_LOOKS;
      if (looked < STEP_LOOKS) continue;
      looked = 0;
      yield Math.min(1, from + ((to - from) * y) / items.length);
    }
  }
  const pairs: CopyPair[] = [];
  for (const [a, later] of near.entries()) {
    for (const b of [...later.keys()].sort((x, y) => x - y)) {
      pairs.push({ a, b, similarity: 1 - later.get(b)! / BITS });
    }
    looked += later.size;
    if (looked < STEP_LOOKS) continue;
    looked = 0;
    yield 1;
  }
  return pairs;
}

/** Items to compare with each other, and the shares of all work that are done before and after. */
interface Bucket {
  readonly items: readonly number[];
  readonly from: number;
  readonly to: number;
}

/**
 * Buckets of different hashes, each pair of near ones in at least one: of at most `most` items where that can be had. All
 * items are equal but for the bits `among`, of which each round closes a quarter of those that differ at all: at eight,
 * no more than 256 can differ.
 */
function* buckets(
  hashes: readonly ImageHash[],
  bucket: Bucket,
  among: readonly number[],
  most = COMPARED_MAX,
): Generator<Bucket> {
  const { items, from, to } = bucket;
  if (items.length <= most) {
    yield bucket;
    return;
  }
  const open = differingBits(hashes, items, among);
  for (let part = 0; part < PARTS; part++) {
    const [first, end] = [part, part + 1].map((p) => Math.floor((p * open.length) / PARTS)) as [number, number];
    const shared = open.slice(first, end);
    const rest = [...open.slice(0, first), ...open.slice(end)];
    // Each item has the same share of each of its parts.
    const share = (to - from) / PARTS / items.length;
    let at = from + part * share * items.length;
    for (const own of groupBy(items, (i) => keyOf(hashes[i]!, shared)).values()) {
      const stubborn = own.length > items.length / 2;
      const next = { items: own, from: at, to: at + share * own.length };
      yield* buckets(hashes, next, rest, stubborn ? STUBBORN_MAX : COMPARED_MAX);
      at = next.to;
    }
  }
}

/** Those of the named bits that are not the same in all items: sharing the others parts nothing. */
function differingBits(hashes: readonly ImageHash[], items: readonly number[], among: readonly number[]): number[] {
  const first = hashes[items[0]!]!;
  const mask = first.map((bits, part) => items.reduce((all, i) => all | (bits ^ hashes[i]![part]!), 0));
  return among.filter((bit) => keyOf(mask, [bit]) === 1);
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

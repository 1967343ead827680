/** Texts as sets of shingles, their MinHash signatures, and the pairs that signatures suggest. */
import { hash32 } from '../core/random.ts';
import { drained } from '../core/steps.ts';

/** Sorted distinct 32-bit hashes of a text's shingles. */
export type Shingles = Uint32Array;

/** Words per shingle: three keep word order, and a changed word costs three of them. */
const WORDS = 3;
/** Scripts without spaces, and very short texts, are cut into overlapping pieces of so many characters. */
const CHARACTERS = 5;
const LETTERS = /[\p{L}\p{M}\p{N}]+/gu;
/** A "word" longer than this is a sentence of a script without spaces. */
const WORD_MAX = 24;

/** Broder, "On the resemblance and containment of documents" (1997). Case, punctuation and spaces do not count. */
export function shinglesOf(text: string): Shingles {
  const words = text.normalize('NFKC').toLowerCase().match(LETTERS) ?? [];
  const spaced = words.length >= WORDS && words.every((word) => word.length <= WORD_MAX);
  const pieces = spaced ? windows(words, WORDS, ' ') : windows([...words.join(' ')], CHARACTERS, '');
  return Uint32Array.from(new Set(pieces.map((piece) => hash32(piece)))).sort();
}

function windows(parts: readonly string[], width: number, glue: string): string[] {
  if (parts.length === 0) return [];
  const count = Math.max(1, parts.length - width + 1);
  return Array.from({ length: count }, (_, at) => parts.slice(at, at + width).join(glue));
}

/** Shared part of two sets, 0..1; 0 when either is empty. */
export function jaccard(a: Shingles, b: Shingles): number {
  if (a.length === 0 || b.length === 0) return 0;
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      shared++;
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return shared / (a.length + b.length - shared);
}

const BANDS = 32;
const ROWS_PER_BAND = 4;
/** Of one bucket only neighbours in a row are compared beyond this: a bucket of n copies needs n - 1 pairs, not n^2. */
const BUCKET_ALL_PAIRS_MAX = 8;

/** Texts between two turns of whoever works in steps: tens of milliseconds. */
const STEP = 500;

/**
 * Pairs (i < j) that share a band of their MinHash signatures (32 bands of 4): a pair of Jaccard 0.8 is missed once in ten
 * million, one of 0.5 is named nine times out of ten. Empty sets pair with nothing.
 */
export function candidatePairs(sets: readonly Shingles[]): [number, number][] {
  return drained(candidatePairSteps(sets));
}

/** The same in steps; yields the share that is done, 0..1. */
export function* candidatePairSteps(sets: readonly Shingles[]): Generator<number, [number, number][]> {
  const pairs = new Map<string, [number, number]>();
  const signatures: (Uint32Array | null)[] = [];
  for (const [i, set] of sets.entries()) {
    signatures.push(set.length > 0 ? signatureOf(set) : null);
    if (i % STEP === STEP - 1) yield i / (2 * sets.length);
  }
  for (let band = 0; band < BANDS; band++) {
    yield 0.5 + band / (2 * BANDS);
    const buckets = new Map<string, number[]>();
    for (const [i, signature] of signatures.entries()) {
      if (signature === null) continue;
      const key = signature.subarray(band * ROWS_PER_BAND, (band + 1) * ROWS_PER_BAND).join();
      const bucket = buckets.get(key);
      if (bucket) bucket.push(i);
      else buckets.set(key, [i]);
    }
    for (const bucket of buckets.values()) for (const pair of pairsOf(bucket)) pairs.set(pair.join(), pair);
  }
  return [...pairs.values()];
}

/** Shingles of texts, in steps; yields the share that is done, 0..1. */
export function* shingleSteps(texts: readonly string[]): Generator<number, Shingles[]> {
  const sets: Shingles[] = [];
  for (const [i, text] of texts.entries()) {
    sets.push(shinglesOf(text));
    if (i % STEP === STEP - 1) yield i / texts.length;
  }
  return sets;
}

function pairsOf(bucket: readonly number[]): [number, number][] {
  if (bucket.length > BUCKET_ALL_PAIRS_MAX) return bucket.slice(1).map((j, at) => [bucket[at]!, j]);
  return bucket.flatMap((i, at) => bucket.slice(at + 1).map((j): [number, number] => [i, j]));
}

/** Minimum of each of 128 hash functions over the set. */
function signatureOf(set: Shingles): Uint32Array {
  const signature = new Uint32Array(BANDS * ROWS_PER_BAND).fill(0xffffffff);
  for (const value of set) {
    for (let h = 0; h < signature.length; h++) {
      const mixed = mix(value, h);
      if (mixed < signature[h]!) signature[h] = mixed;
    }
  }
  return signature;
}

/** A bijection of 32-bit numbers per h: xor with a key, then Murmur3's finaliser. */
function mix(value: number, h: number): number {
  let x = value ^ Math.imul(h + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

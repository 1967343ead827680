/** Text embedding without a model: hashed words and character n-grams. Any language, instant, the same everywhere. */
import { hash32 } from '../core/random.ts';

export interface LexicalOptions {
  /** Width of the rows; a power of two. */
  readonly dim: number;
  /** Shortest and longest character n-gram inside a word and its two edges. */
  readonly gramMin: number;
  readonly gramMax: number;
  /** Weights of an n-gram and of a pair of neighbouring words, against 1 for a word or a run of symbols. */
  readonly gramWeight: number;
  readonly pairWeight: number;
}

export const LEXICAL_DEFAULTS: LexicalOptions = { dim: 512, gramMin: 3, gramMax: 4, gramWeight: 1, pairWeight: 0.3 };

/**
 * Texts -> (n x dim) rows of unit length, by feature hashing with signs (Weinberger et al., 2009) and sublinear counts.
 * A text of nothing but white space gets one fixed row of its own.
 */
export function lexicalEmbed(texts: readonly string[], options: LexicalOptions = LEXICAL_DEFAULTS): Float32Array {
  const rows = new Float32Array(texts.length * options.dim);
  const counter = new FeatureCounter();
  texts.forEach((text, i) => {
    countFeatures(text, options, counter);
    counter.drainInto(rows.subarray(i * options.dim, (i + 1) * options.dim));
  });
  return rows;
}

/** Kinds of features hash apart, so that the word `cat` and the n-gram `cat` are two features. */
const SEED = { word: 0x2545f491, gram: 0x9e3779b1 | 0, pair: 0x85ebca6b | 0, empty: 1 } as const;
const EDGE = 0x20;

/** `!!!!!!` and `!!!` are one feature, `$$` another. */
const SYMBOLS_MAX = 3;

function countFeatures(text: string, options: LexicalOptions, counter: FeatureCounter): void {
  const clean = text.normalize('NFKC').toLowerCase();
  let previous = 0;
  let end = 0;
  for (let at = 0; at < clean.length; at = end) {
    const unit = clean.charCodeAt(at);
    if (isWordUnit(unit)) {
      end = wordEnd(clean, at);
      const word = hashRange(clean, at, end, SEED.word);
      counter.add(word, 1);
      if (previous !== 0) counter.add(mix(Math.imul(previous, 31) ^ word ^ SEED.pair), options.pairWeight);
      if (end - at > 1) countGrams(clean, at, end, options, counter);
      previous = word;
    } else if (isSpace(unit)) end = at + 1;
    else {
      end = symbolsEnd(clean, at);
      counter.add(hashRange(clean, at, end, SEED.word), 1);
    }
  }
  if (counter.size === 0) counter.add(SEED.empty, 1);
}

/** Scripts without spaces have no words to find: each character is one, and pairs of them do the rest. */
function wordEnd(text: string, from: number): number {
  let end = from + 1;
  if (isUnspaced(text.charCodeAt(from))) return end;
  while (end < text.length && continuesWord(text.charCodeAt(end))) end++;
  return end;
}

function symbolsEnd(text: string, from: number): number {
  let end = from + 1;
  while (end < text.length && end - from < SYMBOLS_MAX && isSymbol(text.charCodeAt(end))) end++;
  return end;
}

/** N-grams of the word between its edges, which count as one character each. */
function countGrams(text: string, from: number, to: number, options: LexicalOptions, counter: FeatureCounter): void {
  for (let start = from - 1; start < to; start++) {
    let hash: number = SEED.gram;
    const last = Math.min(start + options.gramMax, to + 1);
    for (let at = start; at < last; at++) {
      hash = Math.imul(hash ^ (at < from || at >= to ? EDGE : text.charCodeAt(at)), 0x01000193);
      if (at - start + 1 >= options.gramMin) counter.add(mix(hash), options.gramWeight);
    }
  }
}

function hashRange(text: string, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash) || 1;
}

/** Spreads every bit over all others (the end of Murmur3). */
function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Letters, digits and marks; punctuation blocks beyond ASCII are left out, everything else there counts. */
function isWordUnit(unit: number): boolean {
  if (unit < 0x80) return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39);
  if (unit < 0xc0) return unit === 0xaa || unit === 0xb5 || unit === 0xba;
  return (
    unit !== 0xd7 &&
    unit !== 0xf7 &&
    !(unit >= 0x2000 && unit <= 0x206f) &&
    !(unit >= 0x3000 && unit <= 0x3004) &&
    !(unit >= 0x3008 && unit <= 0x3020) &&
    !(unit >= 0xff00 && unit <= 0xff0f) &&
    unit !== 0xfeff
  );
}

/** Control characters count as space; so do the spaces that NFKC leaves. */
function isSpace(unit: number): boolean {
  return unit <= 0x20 || (unit >= 0x7f && unit <= 0xa0) || unit === 0x2028 || unit === 0x2029 || unit === 0x3000;
}

function isSymbol(unit: number): boolean {
  return !isSpace(unit) && !isWordUnit(unit);
}

/** Chinese, Japanese, Thai, Lao, Khmer, Myanmar. */
function isUnspaced(unit: number): boolean {
  return (
    (unit >= 0x3040 && unit <= 0x9fff) ||
    (unit >= 0x0e00 && unit <= 0x0eff) ||
    (unit >= 0x1000 && unit <= 0x109f) ||
    (unit >= 0x1780 && unit <= 0x17ff) ||
    (unit >= 0xf900 && unit <= 0xfaff)
  );
}

function continuesWord(unit: number): boolean {
  return isWordUnit(unit) && !isUnspaced(unit);
}

/** Counts features of one text by their hash, so that frequent ones can be damped before they are summed. */
class FeatureCounter {
  private hashes = new Int32Array(4_096);
  private counts = new Uint32Array(4_096);
  private weights = new Float64Array(4_096);
  private used = new Int32Array(2_048);
  size = 0;

  add(hash: number, weight: number): void {
    if (this.size === this.used.length) this.grow();
    const mask = this.hashes.length - 1;
    let slot = hash & mask;
    while (this.counts[slot] !== 0 && this.hashes[slot] !== hash) slot = (slot + 1) & mask;
    if (this.counts[slot]!++ === 0) {
      this.hashes[slot] = hash;
      this.weights[slot] = weight;
      this.used[this.size++] = slot;
    }
  }

  /** Adds (1 + ln count) x weight x sign to each feature's column, brings the row to unit length and forgets all. */
  drainInto(row: Float32Array): void {
    const mask = row.length - 1;
    const shift = 31 - Math.clz32(row.length);
    for (let i = 0; i < this.size; i++) {
      const slot = this.used[i]!;
      const hash = this.hashes[slot]!;
      const value = (1 + Math.log(this.counts[slot]!)) * this.weights[slot]!;
      row[hash & mask]! += (hash >>> shift) & 1 ? value : -value;
      this.counts[slot] = 0;
    }
    this.size = 0;
    let squares = 0;
    for (let d = 0; d < row.length; d++) squares += row[d]! * row[d]!;
    // Signs may cancel to nothing; such a text is as good as empty.
    if (squares === 0) row[hash32('empty') & mask] = squares = 1;
    const scale = 1 / Math.sqrt(squares);
    for (let d = 0; d < row.length; d++) row[d]! *= scale;
  }

  private grow(): void {
    const old = Array.from(this.used.subarray(0, this.size), (slot) => ({
      hash: this.hashes[slot]!,
      count: this.counts[slot]!,
      weight: this.weights[slot]!,
    }));
    const slots = this.hashes.length * 2;
    this.hashes = new Int32Array(slots);
    this.counts = new Uint32Array(slots);
    this.weights = new Float64Array(slots);
    this.used = new Int32Array(slots / 2);
    this.size = 0;
    for (const { hash, count, weight } of old) {
      this.add(hash, weight);
      this.counts[this.used[this.size - 1]!] = count;
    }
  }
}

/** The one scan of a text: its words, each with the hash of its folded form. */
import { FOLD_ALL, joinsAt, MARK, OTHER, pairClass, SOLO, SURROGATE, UNIT_CLASS, WORD } from './unicode.ts';

/** Words of one text; the arrays are reused from text to text and valid up to `count`. */
export interface Tokens {
  starts: Int32Array;
  ends: Int32Array;
  hashes: Int32Array;
  /** ASCII, MIXED or SINGLE. */
  kinds: Uint8Array;
  count: number;
}

/** Kinds of words: ASCII only; with other characters; one character of a script without spaces. */
export const ASCII = 0;
export const MIXED = 1;
export const SINGLE = 2;

export const HASH_SEED = 0x811c9dc5 | 0;

/** FNV-1a over UTF-16 units: cheap, and a prefix's hash is met on the way to the word's. */
export function hashStep(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

export function newTokens(capacity = 256): Tokens {
  return {
    starts: new Int32Array(capacity),
    ends: new Int32Array(capacity),
    hashes: new Int32Array(capacity),
    kinds: new Uint8Array(capacity),
    count: 0,
  };
}

/** Fills `tokens` with the words of a text. */
export function scanTokens(text: string, tokens: Tokens): void {
  tokens.count = 0;
  const length = text.length;
  const classes = UNIT_CLASS;
  let at = 0;
  while (at < length) {
    const unit = text.charCodeAt(at);
    let kind = classes[unit]!;
    if (kind === OTHER) {
      at++;
      continue;
    }
    const wide = kind === SURROGATE;
    if (wide) kind = pairClass(text, at);
    if (kind === WORD || kind === MARK) {
      at = scanWord(text, at, tokens);
      continue;
    }
    if (kind === SOLO) {
      const first = hashStep(HASH_SEED, FOLD_ALL[unit]!);
      add(tokens, at, at + (wide ? 2 : 1), wide ? hashStep(first, text.charCodeAt(at + 1)) : first, SINGLE);
    }
    at += wide && text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
}

function scanWord(text: string, start: number, tokens: Tokens): number {
  const [classes, folds] = [UNIT_CLASS, FOLD_ALL];
  let hash = HASH_SEED;
  let seen = 0;
  let at = start;
  for (; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const kind = classes[unit]!;
    if (kind === WORD) {
      hash = Math.imul(hash ^ folds[unit]!, 0x01000193);
      seen |= unit;
      continue;
    }
    if (kind === MARK) {
      seen |= unit;
      continue;
    }
    if (kind !== SURROGATE || !joinsAt(text, at)) break;
    hash = hashStep(hashStep(hash, unit), text.charCodeAt(at + 1));
    seen |= unit;
    at++;
  }
  add(tokens, start, at, hash, seen > 0x7f ? MIXED : ASCII);
  return at;
}

function add(tokens: Tokens, start: number, end: number, hash: number, kind: number): void {
  if (tokens.count === tokens.starts.length) grow(tokens);
  const i = tokens.count++;
  tokens.starts[i] = start;
  tokens.ends[i] = end;
  tokens.hashes[i] = hash;
  tokens.kinds[i] = kind;
}

function grow(tokens: Tokens): void {
  const bigger = newTokens(tokens.starts.length * 2);
  bigger.starts.set(tokens.starts);
  bigger.ends.set(tokens.ends);
  bigger.hashes.set(tokens.hashes);
  bigger.kinds.set(tokens.kinds);
  Object.assign(tokens, bigger, { count: tokens.count });
}

/** How many words start before `place`. */
export function wordsBefore(tokens: Tokens, place: number): number {
  let lo = 0;
  let hi = tokens.count;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (tokens.starts[mid]! < place) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** One pass over a text that finds every wanted literal: words by hash, prefixes on the way, windows where needed. */
import type { FieldIndex, Windows } from './field-index.ts';
import { type HashIndex, lookUp } from './hash-index.ts';
import { endOfLiteral } from './literal.ts';
import { HASH_SEED, hashStep, MIXED, SINGLE, scanTokens, type Tokens } from './tokens.ts';
import { FOLD_ALL, MARK, UNIT_CLASS } from './unicode.ts';

/** Told of every confirmed literal; `end` is -1 for a word of a gate, which is not confirmed. */
export interface ScanSink {
  /** Is more news of this leaf of no use for this text? */
  settled(leaf: number): boolean;
  found(leaf: number, clause: number, start: number, end: number): void;
}

export function scanField(index: FieldIndex, text: string, tokens: Tokens, sink: ScanSink): void {
  scanTokens(text, tokens);
  const { starts, hashes, kinds, count } = tokens;
  if (index.words.size > 0) {
    for (let i = 0; i < count; i++) {
      const list = lookUp(index.words, hashes[i]!);
      if (list !== -1) report(index, index.words, list, text, starts[i]!, sink);
      if (kinds[i] === MIXED && index.asciiRuns) scanAsciiRuns(index, text, starts[i]!, tokens.ends[i]!, sink);
    }
  }
  if (sizeOf(index.solos) > 0) {
    for (let i = 0; i < count; i++) if (kinds[i] === SINGLE) scanSolo(index, text, starts[i]!, sink);
  }
  if (index.prefixes.size > 0) {
    for (let i = 0; i < count; i++) scanPrefixes(index, text, starts[i]!, tokens.ends[i]!, sink);
  }
  if (sizeOf(index.windows) > 0) scanWindows(index, text, sink);
}

function sizeOf([one, two, three]: Windows): number {
  return one.size + two.size + three.size;
}

/** The character at `start` alone, with the next, and with the next two; accents between them do not count. */
function scanSolo(index: FieldIndex, text: string, start: number, sink: ScanSink): void {
  const [one, two, three] = index.solos;
  let at = start;
  let rolling = HASH_SEED;
  for (let length = 1; length <= 3 && at < text.length; at++) {
    const unit = FOLD_ALL[text.charCodeAt(at)]!;
    if (unit === 0) continue;
    rolling = hashStep(rolling, unit);
    probe(index, length === 1 ? one : length === 2 ? two : three, rolling, text, start, sink);
    length++;
  }
}

function report(index: FieldIndex, hashes: HashIndex, list: number, text: string, place: number, sink: ScanSink): void {
  const { lists } = hashes;
  const end = list + lists[list]!;
  for (let i = list + 1; i <= end; i++) {
    const id = lists[i]!;
    const leaf = index.leafOf[id]!;
    if (sink.settled(leaf)) continue;
    if (index.unconfirmed[id] === 1) {
      sink.found(leaf, index.clauseOf[id]!, place, -1);
      continue;
    }
    const start = place - index.lead[id]!;
    const stop = endOfLiteral(index.literals, id, text, start);
    if (stop !== -1) sink.found(leaf, index.clauseOf[id]!, start, stop);
  }
}

/** `\w+` of a regular expression is ASCII, so "caf" is such a run inside "café". */
function scanAsciiRuns(index: FieldIndex, text: string, start: number, end: number, sink: ScanSink): void {
  let hash = HASH_SEED;
  let from = -1;
  for (let at = start; at <= end; at++) {
    const unit = at < end ? text.charCodeAt(at) : 0x80;
    if (unit < 0x80) {
      if (from === -1) from = at;
      hash = hashStep(hash, FOLD_ALL[unit]!);
      continue;
    }
    if (from !== -1) {
      const list = lookUp(index.words, hash);
      if (list !== -1) report(index, index.words, list, text, from, sink);
    }
    from = -1;
    hash = HASH_SEED;
  }
}

function scanPrefixes(index: FieldIndex, text: string, start: number, end: number, sink: ScanSink): void {
  const { prefixes, prefixLengths } = index;
  let hash = HASH_SEED;
  let length = 0;
  for (let at = start; at < end && length < prefixLengths.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (UNIT_CLASS[unit] === MARK) continue;
    hash = hashStep(hash, FOLD_ALL[unit]!);
    length++;
    if (prefixLengths[length] === 0) continue;
    const list = lookUp(prefixes, hash);
    if (list !== -1) report(index, prefixes, list, text, start, sink);
  }
}

function scanWindows(index: FieldIndex, text: string, sink: ScanSink): void {
  const [ones, twos, threes] = index.windows;
  const folds = FOLD_ALL;
  // The last three folded units, oldest first, and where they stand.
  let [a, b] = [0, 0];
  let [placeA, placeB] = [-1, -1];
  for (let at = 0; at < text.length; at++) {
    const c = folds[text.charCodeAt(at)]!;
    if (c === 0) continue;
    if (ones.size > 0) probe(index, ones, hashStep(HASH_SEED, c), text, at, sink);
    if (twos.size > 0 && placeB >= 0) probe(index, twos, hashStep(hashStep(HASH_SEED, b), c), text, placeB, sink);
    if (threes.size > 0 && placeA >= 0) {
      probe(index, threes, hashStep(hashStep(hashStep(HASH_SEED, a), b), c), text, placeA, sink);
    }
    a = b;
    b = c;
    placeA = placeB;
    placeB = at;
  }
}

function probe(index: FieldIndex, hashes: HashIndex, hash: number, text: string, place: number, sink: ScanSink): void {
  if (hashes.size === 0) return;
  const list = lookUp(hashes, hash);
  if (list !== -1) report(index, hashes, list, text, place, sink);
}

/** Everything that is looked for in one field, by the words and character windows that announce it. */
import { buildHashIndex, type HashIndex } from './hash-index.ts';
import type { Literal } from './literal.ts';
import { HASH_SEED, hashStep, newTokens, scanTokens } from './tokens.ts';
import { FOLD_ALL, MARK, UNIT_CLASS } from './unicode.ts';

/** What a found literal means: a hit of a keyword leaf, or one clause of a regex leaf's gate. */
export interface Target {
  readonly leaf: number;
  /** Bit of the clause; 0 for a keyword. */
  readonly clause: number;
}

export interface Wanted {
  /** Confirmed at its place before it counts; null for a whole word that is a clause, where the hash is enough. */
  readonly literal: Literal | null;
  /** The word itself when `literal` is null. */
  readonly token: string;
  /** Matches the start of a longer word: the index needs prefixes of words. */
  readonly openEnd: boolean;
  /** May stand inside a word: the index needs windows of characters. */
  readonly inside: boolean;
  readonly target: Target;
}

export interface FieldIndex {
  readonly path: readonly string[];
  readonly wanted: readonly Wanted[];
  /** Units from the start of the literal to the place where it is noticed. */
  readonly lead: Int32Array;
  /** Hash of a folded word -> wanted. */
  readonly words: HashIndex;
  /** Hash of the first n folded units of a word -> wanted, for n in `prefixLengths`. */
  readonly prefixes: HashIndex;
  readonly prefixLengths: Uint8Array;
  /** Hash of 1, 2 or 3 consecutive folded units -> wanted. */
  readonly windows: readonly [HashIndex, HashIndex, HashIndex];
}

const WINDOW = 3;
/** Longer prefixes are noticed by their first units and confirmed. */
const PREFIX_MAX = 32;

export function buildFieldIndex(path: string, wanted: readonly Wanted[]): FieldIndex {
  const words = new Map<number, number[]>();
  const prefixes = new Map<number, number[]>();
  const windows: Map<number, number[]>[] = [new Map(), new Map(), new Map()];
  const prefixLengths = new Uint8Array(PREFIX_MAX + 1);
  const lead = new Int32Array(wanted.length);
  const tokens = newTokens();
  wanted.forEach((one, id) => {
    const source = one.literal?.source ?? one.token;
    scanTokens(source, tokens);
    const [start, end] = [tokens.starts[0] ?? 0, tokens.ends[0] ?? 0];
    // White space in front of the first word has no fixed width, and no word at all leaves nothing to hash.
    if (one.inside || tokens.count === 0 || /\s/.test(source.slice(0, start))) {
      lead[id] = addWindow(windows, source, id);
      return;
    }
    // Only the wanted that came with a literal can have something in front of the word.
    lead[id] = start;
    if (one.openEnd && end === source.length) addPrefix(prefixes, prefixLengths, source.slice(start, end), id);
    else addTo(words, tokens.hashes[0]!, id);
  });
  const [first, second, third] = windows.map(buildHashIndex);
  return {
    path: path.split('.'),
    wanted,
    lead,
    words: buildHashIndex(words),
    prefixes: buildHashIndex(prefixes),
    prefixLengths,
    windows: [first!, second!, third!],
  };
}

function addTo(map: Map<number, number[]>, hash: number, id: number): void {
  const list = map.get(hash);
  if (list) list.push(id);
  else map.set(hash, [id]);
}

function addPrefix(map: Map<number, number[]>, lengths: Uint8Array, word: string, id: number): void {
  let hash = HASH_SEED;
  let length = 0;
  for (let i = 0; i < word.length && length < PREFIX_MAX; i++) {
    const unit = word.charCodeAt(i);
    if (UNIT_CLASS[unit] === MARK) continue;
    hash = hashStep(hash, FOLD_ALL[unit]!);
    length++;
  }
  lengths[length] = 1;
  addTo(map, hash, id);
}

/** Returns how many units lie before the window: accents, which the window leaves out. */
function addWindow(windows: readonly Map<number, number[]>[], source: string, id: number): number {
  let hash = HASH_SEED;
  let length = 0;
  let before = 0;
  for (let i = 0; i < source.length && length < WINDOW; i++) {
    const folded = FOLD_ALL[source.charCodeAt(i)]!;
    if (folded === 0) {
      if (length === 0) before++;
      continue;
    }
    // A gap has no fixed characters, so the window ends where one may begin.
    if (/\s/.test(source[i]!)) break;
    hash = hashStep(hash, folded);
    length++;
  }
  addTo(windows[length - 1]!, hash, id);
  return before;
}

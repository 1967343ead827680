/** Everything that is looked for in one field, by the words and character windows that announce it. */
import { buildHashIndex, type HashIndex } from './hash-index.ts';
import { type Literal, type LiteralPool, leadingUnits, literalPool } from './literal.ts';
import { HASH_SEED, hashStep, newTokens, SINGLE, scanTokens } from './tokens.ts';
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
  /** Literal of each wanted under its number; empty where a word's hash is enough. */
  readonly literals: LiteralPool;
  /** (wanted) what each means: its leaf, and its clause bit or 0. */
  readonly leafOf: Int32Array;
  readonly clauseOf: Int32Array;
  /** (wanted) 1 where the hash is enough. */
  readonly unconfirmed: Uint8Array;
  /** (wanted) units from the start of the literal to the place where it is noticed. */
  readonly lead: Int32Array;
  /** Hash of a folded word -> wanted. */
  readonly words: HashIndex;
  /** Some word stands for a `\w+` of a pattern, which may lie inside a word with other letters. */
  readonly asciiRuns: boolean;
  /** Hash of the first n folded units of a word -> wanted, for n in `prefixLengths`. */
  readonly prefixes: HashIndex;
  readonly prefixLengths: Uint8Array;
  /** Hash of 1, 2 or 3 consecutive folded units, anywhere -> wanted. */
  readonly windows: Windows;
  /** The same, looked up only where a script without spaces is written: its single characters announce too little. */
  readonly solos: Windows;
}

export type Windows = readonly [HashIndex, HashIndex, HashIndex];

const WINDOW = 3;
/** Longer prefixes are noticed by their first units and confirmed. */
const PREFIX_MAX = 32;

export function buildFieldIndex(path: string, wanted: readonly Wanted[]): FieldIndex {
  const words = new Map<number, number[]>();
  const prefixes = new Map<number, number[]>();
  const windows = emptyWindows();
  const solos = emptyWindows();
  const prefixLengths = new Uint8Array(PREFIX_MAX + 1);
  const lead = new Int32Array(wanted.length);
  const tokens = newTokens();
  wanted.forEach((one, id) => {
    const source = one.literal?.source ?? one.token;
    scanTokens(source, tokens);
    const [start, end] = [tokens.starts[0] ?? 0, tokens.ends[0] ?? 0];
    // White space in front of the first word has no fixed width, and no word at all leaves nothing to hash.
    const loose = one.inside || tokens.count === 0 || /\s/.test(source.slice(0, start));
    if (one.literal && loose) {
      lead[id] = addWindow(windows, one.literal, id);
    } else if (one.literal && tokens.kinds[0] === SINGLE && start === 0) {
      lead[id] = addWindow(solos, one.literal, id);
    } else {
      lead[id] = start;
      if (one.openEnd && end === source.length) addPrefix(prefixes, prefixLengths, source.slice(start, end), id);
      else addTo(words, tokens.hashes[0]!, id);
    }
  });
  return {
    path: path.split('.'),
    literals: literalPool(wanted.map((one) => one.literal)),
    leafOf: Int32Array.from(wanted, (one) => one.target.leaf),
    clauseOf: Int32Array.from(wanted, (one) => one.target.clause),
    unconfirmed: Uint8Array.from(wanted, (one) => (one.literal === null ? 1 : 0)),
    lead,
    words: buildHashIndex(words),
    asciiRuns: wanted.some((one) => one.literal === null && /^\w+$/.test(one.token)),
    prefixes: buildHashIndex(prefixes),
    prefixLengths,
    windows: finishWindows(windows),
    solos: finishWindows(solos),
  };
}

type WindowMaps = readonly [Map<number, number[]>, Map<number, number[]>, Map<number, number[]>];

function emptyWindows(): WindowMaps {
  return [new Map(), new Map(), new Map()];
}

function finishWindows([one, two, three]: WindowMaps): Windows {
  return [buildHashIndex(one), buildHashIndex(two), buildHashIndex(three)];
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
function addWindow(windows: WindowMaps, literal: Literal, id: number): number {
  const { units, accentsBefore } = leadingUnits(literal, WINDOW);
  addTo(windows[units.length - 1]!, units.reduce(hashStep, HASH_SEED), id);
  return accentsBefore;
}

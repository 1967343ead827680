/** A keyword as the engine looks for it: folded units, and exactly where it may stand. */
import type { Fold, KeywordMatch } from './rule.ts';
import {
  FOLD_ALL,
  FOLD_CASE,
  IS_SPACE,
  joinsAt,
  joinsBefore,
  MARK,
  OTHER,
  pairClass,
  SOLO,
  SURROGATE,
  UNIT_CLASS,
  WORD,
} from './unicode.ts';

/** One or more white-space characters. No fold ever gives these values: they are noncharacters. */
const GAP_SPACE = 0xfffe;
/** One or more characters that belong to no word. */
const GAP_OTHER = 0xffff;
/** Any number of them: between characters of scripts without spaces. */
const GAP_OPTIONAL = 0xfdd0;

export interface Literal {
  readonly units: Uint16Array;
  readonly fold: Fold;
  /** Must not continue a word to the left, to the right. */
  readonly cleanStart: boolean;
  readonly cleanEnd: boolean;
  /** The text that stands for it where the index is built. */
  readonly source: string;
}

/** Spellings of a keyword that look the same: composed and decomposed, unless the fold drops accents anyway. */
export function literalsOf(word: string, match: KeywordMatch, fold: Fold): Literal[] {
  const spellings = fold === 'diacritics' ? [word] : new Set([word, word.normalize('NFC'), word.normalize('NFD')]);
  return [...spellings].map((source) => literalOf(source, match, fold));
}

function literalOf(word: string, match: KeywordMatch, fold: Fold): Literal {
  const source = match === 'phrase' ? word.replace(/^[^\p{L}\p{M}\p{N}_]+|[^\p{L}\p{M}\p{N}_]+$/gu, '') : word;
  const units = match === 'phrase' ? phraseUnits(source, fold) : plainUnits(source, fold);
  const whole = match === 'word' || match === 'phrase';
  return {
    units: Uint16Array.from(units),
    fold,
    cleanStart: match !== 'substring' && joinsAt(source, 0),
    cleanEnd: whole && joinsBefore(source, source.length),
    source,
  };
}

function plainUnits(source: string, fold: Fold): number[] {
  const out: number[] = [];
  for (let i = 0; i < source.length; i++) {
    const unit = source.charCodeAt(i);
    if (IS_SPACE[unit]) {
      if (out[out.length - 1] !== GAP_SPACE) out.push(GAP_SPACE);
    } else pushFolded(out, unit, fold);
  }
  return out;
}

/** Only the words of a phrase count; what stands between them may be anything that is not a word. */
function phraseUnits(source: string, fold: Fold): number[] {
  const out: number[] = [];
  let gap = false;
  let lastSolo = false;
  for (let i = 0; i < source.length; i++) {
    const unit = source.charCodeAt(i);
    const kind = classAt(source, i);
    if (kind === OTHER) {
      gap = out.length > 0;
      continue;
    }
    const solo = kind === SOLO;
    if (out.length > 0 && (gap || solo || lastSolo)) out.push(solo || lastSolo ? GAP_OPTIONAL : GAP_OTHER);
    pushFolded(out, unit, fold);
    if (UNIT_CLASS[unit] === SURROGATE) pushFolded(out, source.charCodeAt(++i), fold);
    gap = false;
    lastSolo = solo;
  }
  return out;
}

function classAt(text: string, at: number): number {
  const kind = UNIT_CLASS[text.charCodeAt(at)]!;
  return kind === SURROGATE ? pairClass(text, at) : kind;
}

function pushFolded(out: number[], unit: number, fold: Fold): void {
  const folded = fold === 'none' ? unit : fold === 'case' ? FOLD_CASE[unit]! : FOLD_ALL[unit]!;
  if (folded !== 0 || fold !== 'diacritics') out.push(folded);
}

/** Literals one behind the other: looking one up touches two cache lines, not five objects. */
export interface LiteralPool {
  readonly units: Uint16Array;
  /** (literals + 1) where each starts in `units`. */
  readonly starts: Uint32Array;
  /** Bits KEEP_CASE, SKIP_MARKS, CLEAN_START, CLEAN_END. */
  readonly flags: Uint8Array;
}

const KEEP_CASE = 1;
const SKIP_MARKS = 2;
const CLEAN_START = 4;
const CLEAN_END = 8;

/** `null` keeps a number free, so that literals can share the numbering of something else. */
export function literalPool(literals: readonly (Literal | null)[]): LiteralPool {
  const starts = new Uint32Array(literals.length + 1);
  literals.forEach((one, i) => {
    starts[i + 1] = starts[i]! + (one?.units.length ?? 0);
  });
  const units = new Uint16Array(starts[literals.length]!);
  const flags = Uint8Array.from(literals, (one, i) => {
    if (one === null) return 0;
    units.set(one.units, starts[i]!);
    const fold = one.fold === 'none' ? KEEP_CASE : one.fold === 'diacritics' ? SKIP_MARKS : 0;
    return fold | (one.cleanStart ? CLEAN_START : 0) | (one.cleanEnd ? CLEAN_END : 0);
  });
  return { units, starts, flags };
}

/** End of a literal if it stands at `start` of the text, else -1. */
export function endOfLiteral(pool: LiteralPool, id: number, text: string, start: number): number {
  const flags = pool.flags[id]!;
  if (start < 0 || ((flags & CLEAN_START) !== 0 && joinsBefore(text, start))) return -1;
  const { units } = pool;
  const table = (flags & SKIP_MARKS) !== 0 ? FOLD_ALL : FOLD_CASE;
  const [first, last] = [pool.starts[id]!, pool.starts[id + 1]!];
  let at = start;
  for (let i = first; i < last; i++) {
    const wanted = units[i]!;
    if ((flags & SKIP_MARKS) !== 0 && i > first) at = skipAccents(text, at);
    if (wanted >= GAP_OPTIONAL && isGap(wanted)) {
      const after = skipGap(text, at, wanted);
      if (after === at && wanted !== GAP_OPTIONAL) return -1;
      at = after;
      continue;
    }
    if (at >= text.length) return -1;
    const unit = text.charCodeAt(at);
    if (((flags & KEEP_CASE) !== 0 ? unit : table[unit]!) !== wanted) return -1;
    at++;
  }
  if ((flags & SKIP_MARKS) !== 0) at = skipAccents(text, at);
  return (flags & CLEAN_END) !== 0 && joinsAt(text, at) ? -1 : at;
}

function isGap(unit: number): boolean {
  return unit === GAP_SPACE || unit === GAP_OTHER || unit === GAP_OPTIONAL;
}

function skipGap(text: string, from: number, gap: number): number {
  let at = from;
  if (gap === GAP_SPACE) {
    while (at < text.length && IS_SPACE[text.charCodeAt(at)]) at++;
    return at;
  }
  while (at < text.length && classAt(text, at) === OTHER) at++;
  return at;
}

function skipAccents(text: string, from: number): number {
  let at = from;
  while (at < text.length && UNIT_CLASS[text.charCodeAt(at)] === MARK) at++;
  return at;
}

/** Folded units before the first gap, at most `count`, with accents left out; and how many accents precede them. */
export function leadingUnits(literal: Literal, count: number): { units: number[]; accentsBefore: number } {
  const units: number[] = [];
  let accentsBefore = 0;
  for (const unit of literal.units) {
    if (units.length === count || isGap(unit)) break;
    const folded = FOLD_ALL[unit]!;
    if (folded !== 0) units.push(folded);
    else if (units.length === 0) accentsBefore++;
  }
  return { units, accentsBefore };
}

/** Does the folded form keep anything to look for? Noncharacters stand for gaps here, so no keyword may hold one. */
export function isSearchable(word: string): boolean {
  if (/[\ufdd0-\ufdef\ufffe\uffff]/.test(word)) return false;
  for (let i = 0; i < word.length; i++) {
    const unit = word.charCodeAt(i);
    if (!IS_SPACE[unit] && FOLD_ALL[unit] !== 0) return true;
  }
  return false;
}

/** Has the text a word character at all? A phrase needs one. */
export function hasWord(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const kind = classAt(text, i);
    if (kind === WORD || kind === SOLO) return true;
  }
  return false;
}

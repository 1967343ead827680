/**
 * What every match of a regular expression must contain: clauses of literals, each literal with what is known of its
 * neighbours. The scan of a text only wakes a pattern when each clause has been seen.
 */
import type { AST } from '@eslint-community/regexpp';
import { ALL, ASCII_WORD, type CharSet, complement, EMPTY, intersect, LINE_ENDS, overlaps, union } from './charset.ts';
import { type CharLeaf, leafChars, namedChars, type PatternFlags } from './pattern-chars.ts';
import { FOLD_ALL, UNIT_CLASS, WORD } from './unicode.ts';

export interface Literal {
  /** Folded by `FOLD_ALL`, accents dropped. */
  readonly text: string;
  /**
   * `token`: in every match a whole run of word characters, ASCII ones (`\w+`) when the text is ASCII, else of any script.
   * `part`: somewhere inside.
   */
  readonly kind: 'token' | 'part';
}

/** One of these is in every match. */
export type Clause = readonly Literal[];

/** More literals than this in a clause wake the pattern too often to be worth it. */
const CLAUSE_MAX = 64;
/** Clauses kept, the most telling first. */
const CLAUSES_MAX = 4;

/** Characters that may stand directly before or after a place; `boundary`: a `\b` lies there. */
interface Side {
  readonly chars: CharSet;
  readonly boundary: boolean;
}

const UNKNOWN: Side = { chars: ALL, boundary: false };
const EDGE: Side = { chars: EMPTY, boundary: false };
const NOT_ASCII_WORD = complement(ASCII_WORD);

/** The clauses of a pattern; none when it may match without any fixed text. */
export function requiredClauses(pattern: AST.Pattern, flags: PatternFlags): readonly Clause[] {
  const clauses = ofAlternatives(pattern.alternatives, UNKNOWN, UNKNOWN, flags);
  return [...clauses].sort((a, b) => telling(b) - telling(a)).slice(0, CLAUSES_MAX);
}

/** Longer literals and fewer of them wake a pattern less often. */
function telling(clause: Clause): number {
  const shortest = Math.min(...clause.map((one) => one.text.length));
  return shortest * 4 - Math.log2(clause.length);
}

function ofAlternatives(
  alternatives: readonly AST.Alternative[],
  left: Side,
  right: Side,
  flags: PatternFlags,
): readonly Clause[] {
  const each = alternatives.map((one) => ofSequence(one.elements, left, right, flags));
  if (each.length === 1) return each[0]!;
  const best: Literal[] = [];
  for (const clauses of each) {
    const clause = [...clauses].sort((a, b) => telling(b) - telling(a))[0];
    if (!clause) return [];
    best.push(...clause);
  }
  const known = new Map(best.map((one) => [`${one.kind} ${one.text}`, one]));
  return known.size <= CLAUSE_MAX ? [[...known.values()]] : [];
}

function ofSequence(elements: readonly AST.Element[], left: Side, right: Side, flags: PatternFlags): readonly Clause[] {
  const before: Side[] = [left];
  for (const element of elements) before.push(pass(element, before[before.length - 1]!, flags, 'forward'));
  const after: Side[] = [right];
  for (let i = elements.length - 1; i >= 0; i--) after.unshift(pass(elements[i]!, after[0]!, flags, 'backward'));
  const clauses: Clause[] = [];
  for (let i = 0; i < elements.length; ) {
    const element = elements[i]!;
    if (element.type !== 'Character') {
      clauses.push(...ofElement(element, before[i]!, after[i + 1]!, flags));
      i++;
      continue;
    }
    let end = i;
    let text = '';
    for (let next = elements[end]; next?.type === 'Character'; next = elements[++end]) {
      text += String.fromCodePoint(next.value);
    }
    clauses.push(...literalsIn(text, before[i]!, after[end]!, flags).map((one) => [one]));
    i = end;
  }
  return clauses;
}

function ofElement(element: AST.Element, left: Side, right: Side, flags: PatternFlags): readonly Clause[] {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return ofAlternatives(element.alternatives, left, right, flags);
    case 'Quantifier': {
      if (element.min === 0) return [];
      const once = element.max === 1;
      return ofElement(element.element, once ? left : UNKNOWN, once ? right : UNKNOWN, flags);
    }
    case 'Character':
      return literalsIn(String.fromCodePoint(element.value), left, right, flags).map((one) => [one]);
    default:
      return [];
  }
}

/** The runs of word characters of a literal string; a run that may go on to either side is only a part. */
function literalsIn(text: string, left: Side, right: Side, flags: PatternFlags): Literal[] {
  const out: Literal[] = [];
  for (const match of text.matchAll(/[\p{L}\p{M}\p{N}_]+/gu)) {
    const run = match[0];
    const end = match.index + run.length;
    const ascii = /^\w+$/.test(run);
    const clean = ascii ? cleanAscii : cleanUnicode;
    const whole =
      (match.index > 0 || clean(left)) && (end < text.length || clean(right)) && isOneToken(run, ascii, flags);
    const folded = fold(run);
    if (folded.length > 0) out.push({ text: folded, kind: whole ? 'token' : 'part' });
  }
  // Punctuation wakes a pattern too, but only when there is nothing better.
  if (out.length === 0 && text.length >= 2 && /^[\x21-\x7e]+$/.test(text)) out.push({ text: fold(text), kind: 'part' });
  return out;
}

/** Does the scan see the run as one word, whichever spelling the flags allow? */
function isOneToken(run: string, ascii: boolean, flags: PatternFlags): boolean {
  // With both flags U+017F and U+212A match "s" and "k" and are word characters to `\b`, but not to an ASCII run.
  if (ascii) return !(flags.unicode && flags.ignoreCase && /[sk]/i.test(run));
  for (let i = 0; i < run.length; i++) if (UNIT_CLASS[run.charCodeAt(i)] !== WORD) return false;
  return true;
}

/** No ASCII word character can stand there: the run is a whole `\w+`. */
function cleanAscii(side: Side): boolean {
  return !overlaps(side.boundary ? intersect(side.chars, NOT_ASCII_WORD) : side.chars, ASCII_WORD);
}

/** No word character of any script can stand there; `\b` says nothing about those. */
function cleanUnicode(side: Side): boolean {
  return !overlaps(side.chars, namedChars('[\\p{L}\\p{M}\\p{N}_]'));
}

function fold(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const folded = FOLD_ALL[text.charCodeAt(i)]!;
    if (folded !== 0) out += String.fromCharCode(folded);
  }
  return out;
}

/** What lies beside the far end of an element, given what lies beside its near end. */
function pass(element: AST.Element, side: Side, flags: PatternFlags, way: 'forward' | 'backward'): Side {
  switch (element.type) {
    case 'Character':
    case 'CharacterClass':
    case 'CharacterSet':
      return { chars: leafChars(element as CharLeaf, flags), boundary: false };
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.map((one) => passSequence(one.elements, side, flags, way)).reduce(either);
    case 'Quantifier': {
      // A body that may be empty or repeat can end beside its own other end.
      const through = pass(element.element, element.max > 1 ? UNKNOWN : side, flags, way);
      return element.min === 0 ? either(side, through) : through;
    }
    case 'Assertion':
      if (element.kind === 'word') return element.negate ? side : { ...side, boundary: true };
      if (element.kind === (way === 'forward' ? 'start' : 'end')) {
        return flags.multiline ? { chars: LINE_ENDS, boundary: false } : EDGE;
      }
      return side;
    default:
      return UNKNOWN;
  }
}

function passSequence(
  elements: readonly AST.Element[],
  side: Side,
  flags: PatternFlags,
  way: 'forward' | 'backward',
): Side {
  let at = side;
  if (way === 'forward') for (const element of elements) at = pass(element, at, flags, way);
  else for (let i = elements.length - 1; i >= 0; i--) at = pass(elements[i]!, at, flags, way);
  return at;
}

/** A boundary that lies on one path only says nothing about both. */
function either(a: Side, b: Side): Side {
  return { chars: union(a.chars, b.chars), boundary: a.boundary && b.boundary };
}

/** A labeled span proposed wherever its words occur again: exact offsets in UTF-16, whole words, any case. */

/** Half-open, in UTF-16 units, as regions of texts are. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

export interface SpanSearch {
  /** Only whole words; default true. Scripts written without spaces have no such borders and match anywhere. */
  readonly wholeWords?: boolean;
  /** Upper and lower case are the same; default true. */
  readonly foldCase?: boolean;
  /** Runs of white space are the same as one space; default true, since lines break where they like. */
  readonly foldSpace?: boolean;
}

const SPACE = /\s/u;
const WORD = /[\p{L}\p{M}\p{N}_]/u;
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]/u;
const MARK = /\p{M}/u;

/**
 * Occurrences of `span`'s text in `text`, left to right, none overlapping another or one of `taken` (spans that are
 * labeled already). A span of white space or of nothing occurs nowhere.
 */
export function sameSpans(
  span: string,
  text: string,
  taken: readonly TextSpan[] = [],
  search: SpanSearch = {},
): TextSpan[] {
  const wanted = fold(span.trim(), search).text;
  if (wanted === '') return [];
  const folded = fold(text, search);
  const found: TextSpan[] = [];
  for (let at = folded.text.indexOf(wanted); at >= 0; ) {
    const place = placeOf(folded, at, at + wanted.length);
    const fits = place !== null && (search.wholeWords === false || isWhole(text, place)) && isFree(place, taken);
    if (fits) found.push(place);
    at = folded.text.indexOf(wanted, fits ? at + wanted.length : at + 1);
  }
  return found;
}

interface Folded {
  readonly text: string;
  /** (units of text + 1) where each folded unit begins in the original; -1 inside a character. */
  readonly origins: Int32Array;
}

/** Character by character, so that every place can be found again: folding changes lengths (\u0130, runs of spaces). */
function fold(text: string, { foldCase = true, foldSpace = true }: SpanSearch): Folded {
  const origins: number[] = [];
  let out = '';
  let at = 0;
  let inSpace = false;
  for (const character of text) {
    const space = foldSpace && SPACE.test(character);
    const piece = space ? (inSpace ? '' : ' ') : foldCase ? foldCharacter(character) : character;
    inSpace = space;
    for (let unit = 0; unit < piece.length; unit++) origins.push(unit === 0 ? at : -1);
    out += piece;
    at += character.length;
  }
  origins.push(at);
  return { text: out, origins: Int32Array.from(origins) };
}

/** Lower case of upper case: maps final and other sigmas, and long and round s, to one. */
function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  return (upper.length === character.length ? upper : character).toLowerCase();
}

/** null when the match begins or ends inside a character. */
function placeOf({ origins }: Folded, from: number, to: number): TextSpan | null {
  const [start, end] = [origins[from]!, origins[to]!];
  return start < 0 || end < 0 ? null : { start, end };
}

/** No letter, digit or mark goes on beyond an edge that is one itself. */
function isWhole(text: string, { start, end }: TextSpan): boolean {
  const [first, last] = [characterAt(text, start), characterBefore(text, end)];
  const [before, after] = [characterBefore(text, start), characterAt(text, end)];
  return !joins(before, first) && !joins(last, after);
}

function joins(left: string, right: string): boolean {
  if (MARK.test(right)) return true;
  return WORD.test(left) && WORD.test(right) && !UNSPACED.test(left) && !UNSPACED.test(right);
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function characterBefore(text: string, at: number): string {
  if (at === 0) return '';
  const low = text.charCodeAt(at - 1);
  const pair = low >= 0xdc00 && low <= 0xdfff && at >= 2;
  return pair ? text.slice(at - 2, at) : text[at - 1]!;
}

function isFree({ start, end }: TextSpan, taken: readonly TextSpan[]): boolean {
  return taken.every((other) => end <= other.start || start >= other.end);
}

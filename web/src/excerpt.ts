/** Long texts made readable: the beginning, the end, and every place where a telling word stands in its context. */

export interface Piece {
  readonly start: number;
  readonly end: number;
}

export const EXCERPT = {
  /** Texts up to here are shown whole. */
  wholeMax: 4_000,
  head: 600,
  tail: 250,
  /** Characters kept on each side of a keyword. */
  around: 110,
  keywordPieces: 5,
  /** Only this much of a text is searched for keywords: a keystroke must not wait for a book. */
  scanMax: 2_000_000,
} as const;

/** Ordered pieces of the text, never overlapping, that together are worth reading; one piece when it is short. */
export function excerpt(text: string, keywords: readonly string[]): Piece[] {
  if (text.length <= EXCERPT.wholeMax) return [{ start: 0, end: text.length }];
  const pieces: Piece[] = [
    { start: 0, end: endNear(text, EXCERPT.head) },
    { start: startNear(text, text.length - EXCERPT.tail), end: text.length },
  ];
  for (const at of firstPlaces(text, keywords).slice(0, EXCERPT.keywordPieces)) {
    pieces.push({
      start: startNear(text, Math.max(0, at - EXCERPT.around)),
      end: endNear(text, Math.min(text.length, at + EXCERPT.around)),
    });
  }
  return merged(pieces);
}

/** Where each keyword first stands outside the head, in text order. */
function firstPlaces(text: string, keywords: readonly string[]): number[] {
  const scanned = text.slice(EXCERPT.head, EXCERPT.scanMax).toLowerCase();
  return keywords
    .map((word) => scanned.indexOf(word.toLowerCase()))
    .filter((at) => at >= 0)
    .map((at) => at + EXCERPT.head)
    .sort((a, b) => a - b);
}

function merged(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    const last = out.at(-1);
    if (last !== undefined && piece.start <= last.end) {
      out[out.length - 1] = { start: last.start, end: Math.max(last.end, piece.end) };
    } else out.push(piece);
  }
  return out;
}

/** A word that is longer than this may be cut. */
const WORD_MAX = 30;

/** The start of the next word, so that a piece does not begin in the middle of one. */
function startNear(text: string, at: number): number {
  const space = text.slice(at, at + WORD_MAX).search(/\s\S/);
  return space < 0 ? wholeCharacter(text, at) : at + space + 1;
}

/** The end of the word before. */
function endNear(text: string, at: number): number {
  const cut = /\s\S*$/.exec(text.slice(at - WORD_MAX, at))?.index;
  return cut === undefined || at >= text.length ? wholeCharacter(text, at) : at - WORD_MAX + cut;
}

/** Never between the two halves of an emoji. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}

const WORD = /\p{L}{4,}/gu;
const KEYWORDS_MAX = 8;

/**
 * Words of this text that look-alikes share: those in most of the other texts first, rarer ones in this text before
 * common ones. Empty when there are no look-alikes.
 */
export function keywordsOf(text: string, lookAlikes: readonly string[]): string[] {
  const shared = new Map<string, number>();
  for (const other of lookAlikes) {
    for (const word of new Set(other.toLowerCase().match(WORD))) shared.set(word, (shared.get(word) ?? 0) + 1);
  }
  const here = new Map<string, number>();
  for (const match of text.slice(0, EXCERPT.scanMax).matchAll(WORD)) {
    const word = match[0].toLowerCase();
    if (shared.has(word)) here.set(word, (here.get(word) ?? 0) + 1);
  }
  const score = (word: string): number => shared.get(word)! / Math.sqrt(here.get(word)!);
  const words = [...here.keys()].filter((word) => shared.get(word)! > 1 || lookAlikes.length === 1);
  return words.sort((a, b) => score(b) - score(a) || (a < b ? -1 : 1)).slice(0, KEYWORDS_MAX);
}

/** Splits `text` so that whole-word hits of the keywords alternate with the rest: [plain, hit, plain, hit, ...]. */
export function splitAtKeywords(text: string, keywords: readonly string[]): string[] {
  if (keywords.length === 0) return [text];
  const alternatives = keywords.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(?<!\\p{L})(${alternatives})(?!\\p{L})`, 'iu'));
}

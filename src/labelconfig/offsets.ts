/** Text offsets: JavaScript and Label Studio count UTF-16 units, Python counts code points. Paragraphs count both ways. */

/** Converts offsets within one text. Built once per text, each conversion is a binary search. */
export interface OffsetMap {
  /** UTF-16 offset of the code point with this index. */
  toUtf16(codePoints: number): number;
  /** Index of the code point at this UTF-16 offset; inside a pair it is the pair's. */
  toCodePoints(utf16: number): number;
}

export function offsetMap(text: string): OffsetMap {
  // UTF-16 offset of the second half of every pair: so many units more than code points before it.
  const pairs: number[] = [];
  for (let i = 0; i + 1 < text.length; i++) {
    if (isHigh(text.charCodeAt(i)) && isLow(text.charCodeAt(i + 1))) pairs.push(++i);
  }
  return {
    toCodePoints: (utf16) => utf16 - lowerCount(pairs.length, (n) => pairs[n]! <= utf16),
    // The n-th pair's second half has the code point index `pairs[n] - n`.
    toUtf16: (codePoints) => codePoints + lowerCount(pairs.length, (n) => pairs[n]! - n <= codePoints),
  };
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** How many of 0..n-1 pass a test that holds for a first part of them only. */
function lowerCount(n: number, test: (i: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A span over paragraphs, as `ParagraphLabels` writes it: paragraph numbers as text, offsets inside them. */
export interface ParagraphSpan {
  readonly start: string;
  readonly end: string;
  readonly startOffset: number;
  readonly endOffset: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The span in the paragraphs joined by one line break each; null when it lies outside. */
export function paragraphToSpan(paragraphs: readonly string[], given: ParagraphSpan): Span | null {
  const starts = startsOf(paragraphs);
  const at = (paragraph: string, offset: number): number | null => {
    const index = Number(paragraph);
    const text = Number.isInteger(index) ? paragraphs[index] : undefined;
    return text === undefined || offset < 0 || offset > text.length ? null : starts[index]! + offset;
  };
  const start = at(given.start, given.startOffset);
  const end = at(given.end, given.endOffset);
  return start === null || end === null || end < start ? null : { start, end };
}

/** The other way. Offsets on a line break belong to the end of the paragraph before it. */
export function spanToParagraph(paragraphs: readonly string[], { start, end }: Span): ParagraphSpan {
  const starts = startsOf(paragraphs);
  const find = (offset: number): number => Math.max(0, lowerCount(starts.length, (i) => starts[i]! <= offset) - 1);
  const first = find(start);
  const last = find(end);
  return {
    start: String(first),
    end: String(last),
    startOffset: start - starts[first]!,
    endOffset: end - starts[last]!,
  };
}

function startsOf(paragraphs: readonly string[]): number[] {
  let at = 0;
  return paragraphs.map((text) => {
    const start = at;
    at += text.length + 1;
    return start;
  });
}

/** Labels of tokens -> labelled spans of text, by the B- and I- prefixes of the label names. */
import type { Offset } from './token-offsets.ts';

/** Fields of the `spans` output: UTF-16 range, mean probability, index into the label names without their prefixes. */
export const SPAN_FIELDS = ['start', 'end', 'score', 'label'] as const;

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly score: number;
  readonly label: number;
}

/** How the labels of a token classifier make spans: for each of its classes the span label (-1 outside) and if it begins one. */
export interface SpanScheme {
  readonly names: readonly string[];
  readonly label: Int32Array;
  readonly begins: Uint8Array;
}

/** `['O', 'B-PER', 'I-PER', 'LOC']` -> names PER and LOC. A label without prefix goes on while it repeats. */
export function spanScheme(tokenLabels: readonly string[]): SpanScheme {
  const plain = tokenLabels.map((name) => (name === 'O' ? '' : name.replace(/^[BIES]-/, '')));
  const names = [...new Set(plain.filter((name) => name !== ''))];
  return {
    names,
    label: Int32Array.from(plain, (name) => names.indexOf(name)),
    begins: Uint8Array.from(tokenLabels, (name) => (name.startsWith('B-') || name.startsWith('S-') ? 1 : 0)),
  };
}

/** Two characters of one word; a mark after a word is a word of its own. */
const WITHIN_WORD = /^[\p{L}\p{N}\p{M}]{2}$/u;

/**
 * (tokens x classes) probabilities -> spans. A piece inside a word follows the first piece of the word, so that no
 * span ends within one; words that touch a span of the same label and do not begin one go on with it.
 */
export function tokenSpans(
  text: string,
  probabilities: Float32Array,
  offsets: readonly Offset[],
  scheme: SpanScheme,
): Span[] {
  const classCount = scheme.label.length;
  const spans: { start: number; end: number; scores: number[]; label: number }[] = [];
  let open: (typeof spans)[number] | undefined;
  let wordEnd = -1;
  offsets.forEach((offset, t) => {
    if (!offset) return;
    const [start, end] = offset;
    const inWord = start === wordEnd && WITHIN_WORD.test(text.slice(start - 1, start + 1));
    wordEnd = end;
    const row = probabilities.subarray(t * classCount, (t + 1) * classCount);
    const best = row.indexOf(Math.max(...row));
    const label = scheme.label[best]!;
    if (inWord && open) open.end = end;
    else if (open && label === open.label && !scheme.begins[best] && !inWord) {
      open.end = end;
      open.scores.push(row[best]!);
    } else if (inWord || label < 0) open = undefined;
    else {
      open = { start, end, scores: [row[best]!], label };
      spans.push(open);
    }
  });
  return spans.map(({ scores, ...span }) => ({ ...span, score: scores.reduce((a, b) => a + b, 0) / scores.length }));
}

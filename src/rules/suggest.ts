/** Keywords and phrases that announce a label, found in what people have labeled. */

import { type Interval, wilsonInterval } from '../core/intervals.ts';
import { newTokens, scanTokens } from './tokens.ts';
import { FOLD_CASE } from './unicode.ts';

export interface Suggestion {
  /** One word, or several for a phrase, in lower case. */
  readonly text: string;
  readonly kind: 'keyword' | 'phrase';
  /** Annotated tasks that hold it, and how many of these have the label. */
  readonly tasks: number;
  readonly correct: number;
  readonly interval: Interval;
  /** Share of the label's tasks that it would find, 0..1. */
  readonly coverage: number;
  /** Lower precision bound x coverage. */
  readonly score: number;
}

export interface SuggestOptions {
  /** Longest phrase in words. */
  readonly wordsMax?: number;
  /** Tasks that must hold a suggestion. */
  readonly tasksMin?: number;
  readonly limit?: number;
  /** Texts (folded) that rules already use. */
  readonly known?: ReadonlySet<string>;
  /** Only words and phrases of this text. */
  readonly within?: string;
}

/** Words of one text that are looked at: a book does not make better suggestions than its beginning. */
const WORDS_PER_TEXT_MAX = 2_000;

/**
 * Ranks words and phrases by (lower 95 % Wilson bound of precision) x (coverage of the label), after the bound of a rule
 * that would vote at the label's base rate has been passed. A phrase is left out when a word of it does as well.
 * @param texts annotated texts; @param truth label index of each; @param label the one to find rules for.
 */
export function suggestKeywords(
  texts: readonly string[],
  truth: ArrayLike<number>,
  label: number,
  options: SuggestOptions = {},
): Suggestion[] {
  const { wordsMax = 3, tasksMin = 3, limit = 50, known = new Set(), within } = options;
  const here = within === undefined ? null : gramsOf(within, wordsMax);
  const counts = new Map<string, { tasks: number; correct: number; words: number }>();
  let positive = 0;
  texts.forEach((text, i) => {
    const right = truth[i] === label ? 1 : 0;
    positive += right;
    for (const [gram, words] of gramsOf(text, wordsMax)) {
      const entry = counts.get(gram) ?? { tasks: 0, correct: 0, words };
      entry.tasks++;
      entry.correct += right;
      counts.set(gram, entry);
    }
  });
  const base = positive / Math.max(1, texts.length);
  const out: Suggestion[] = [];
  for (const [text, { tasks, correct, words }] of counts) {
    if (tasks < tasksMin || known.has(text) || here?.has(text) === false) continue;
    const interval = wilsonInterval(correct, tasks);
    // A word as frequent elsewhere says nothing about the label.
    if (interval.low <= base) continue;
    const coverage = correct / positive;
    out.push({
      text,
      kind: words > 1 ? 'phrase' : 'keyword',
      tasks,
      correct,
      interval,
      coverage,
      score: interval.low * coverage,
    });
  }
  // Of equals one word goes before a phrase, and a long word, which says more by itself, before a short one.
  const phrase = (one: Suggestion): number => Number(one.kind === 'phrase');
  out.sort(
    (a, b) => b.score - a.score || phrase(a) - phrase(b) || b.text.length - a.text.length || (a.text < b.text ? -1 : 1),
  );
  return withoutEchoes(out).slice(0, limit);
}

/** Distinct runs of 1 to `wordsMax` neighbouring words, folded, with their number of words. */
function gramsOf(text: string, wordsMax: number): Map<string, number> {
  const words = foldedWords(text).map((word) => word.text);
  const out = new Map<string, number>();
  for (let size = 1; size <= wordsMax; size++) {
    for (let i = 0; i + size <= words.length; i++) out.set(words.slice(i, i + size).join(' '), size);
  }
  return out;
}

/** The words of a text in lower case, with their places; of a long one those of its beginning. */
export function foldedWords(text: string): { readonly text: string; readonly start: number; readonly end: number }[] {
  const tokens = newTokens();
  scanTokens(text, tokens);
  return Array.from({ length: Math.min(tokens.count, WORDS_PER_TEXT_MAX) }, (_, i) => {
    const [start, end] = [tokens.starts[i]!, tokens.ends[i]!];
    return { text: foldCase(text.slice(start, end)), start, end };
  });
}

function foldCase(word: string): string {
  let out = '';
  for (let i = 0; i < word.length; i++) out += String.fromCharCode(FOLD_CASE[word.charCodeAt(i)]!);
  return out;
}

/** Drops what holds the same words as something better: "click here now" after "click here" finds nothing new. */
export function withoutEchoes(ranked: readonly Suggestion[]): Suggestion[] {
  const taken: Suggestion[] = [];
  for (const one of ranked) {
    const padded = ` ${one.text} `;
    const echo = taken.some(({ text }) => padded.includes(` ${text} `) || ` ${text} `.includes(padded));
    if (!echo) taken.push(one);
  }
  return taken;
}

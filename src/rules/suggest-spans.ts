/** Words that labels of spans can be found by: what people marked, held against everywhere else that it stands. */
import { wilsonInterval } from '../core/intervals.ts';
import { foldedWords, type Suggestion, type SuggestOptions, withoutEchoes } from './suggest.ts';

/** Longer spans are sentences, and do not come again. */
const WORDS_MAX = 5;
/** Places that must hold a suggestion: once may be chance. */
const PLACES_MIN = 2;

interface Count {
  readonly words: number;
  places: number;
  correct: number;
}

/**
 * Ranks the words of marked spans by (lower 95 % Wilson bound of precision) x (share of the spans they find), as
 * `suggestKeywords` does for whole tasks; `tasks` and `correct` count places here, right where a span is exactly that.
 * @param texts annotated texts; @param marked the spans of the label in each, UTF-16 offsets, end exclusive.
 */
export function suggestSpanWords(
  texts: readonly string[],
  marked: readonly (readonly { readonly start: number; readonly end: number }[])[],
  { tasksMin = PLACES_MIN, limit = 50, known = new Set(), within }: SuggestOptions = {},
): Suggestion[] {
  const counts = new Map<string, Count>();
  const all = texts.map(foldedWords);
  let spans = 0;
  all.forEach((words, i) => {
    for (const { start, end } of marked[i] ?? []) {
      spans++;
      const own = words.filter((word) => word.start >= start && word.end <= end);
      if (own.length === 0 || own.length > WORDS_MAX) continue;
      const text = own.map((word) => word.text).join(' ');
      const count = counts.get(text) ?? { words: own.length, places: 0, correct: 0 };
      if (own[0]!.start === start && own.at(-1)!.end === end) count.correct++;
      counts.set(text, count);
    }
  });
  for (const words of all) for (const gram of gramsOf(words)) if (counts.has(gram)) counts.get(gram)!.places++;
  const here = within === undefined ? null : new Set(gramsOf(foldedWords(within)));
  const out = [...counts].flatMap(([text, { words, places, correct }]): Suggestion[] => {
    if (correct === 0 || places < tasksMin || known.has(text) || here?.has(text) === false) return [];
    const interval = wilsonInterval(correct, places);
    const [kind, coverage] = [words > 1 ? ('phrase' as const) : ('keyword' as const), correct / spans];
    return [{ text, kind, tasks: places, correct, interval, coverage, score: interval.low * coverage }];
  });
  out.sort((a, b) => b.score - a.score || b.text.length - a.text.length || (a.text < b.text ? -1 : 1));
  return withoutEchoes(out).slice(0, limit);
}

/** Every run of up to WORDS_MAX words, as often as it stands there. */
function gramsOf(words: readonly { readonly text: string }[]): string[] {
  return words.flatMap((_, from) =>
    Array.from({ length: Math.min(WORDS_MAX, words.length - from) }, (_, n) =>
      words
        .slice(from, from + n + 1)
        .map((word) => word.text)
        .join(' '),
    ),
  );
}

/** The slow, obvious meaning of rules: one RegExp per keyword and pattern, run on the whole text of every task. */
import type { Condition, KeywordCondition } from '../../src/rules/index.ts';

const WORD = '[\\p{L}\\p{M}\\p{N}_]';
const SOLO =
  '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]';
const JOINED = `(?:(?!${SOLO})${WORD})`;
const joins = new RegExp(`^${JOINED}`, 'u');
const joinsLast = new RegExp(`${JOINED}$`, 'u');

const made = new Map<string, RegExp>();

export function keywordRegExp(word: string, condition: KeywordCondition): RegExp {
  const key = `${condition.match} ${condition.fold} ${word}`;
  const known = made.get(key) ?? buildRegExp(word, condition);
  made.set(key, known);
  known.lastIndex = 0;
  return known;
}

function buildRegExp(word: string, { match, fold }: KeywordCondition): RegExp {
  const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  const body =
    match === 'phrase'
      ? word
          .split(new RegExp(`(?:(?!${WORD}).)+`, 'su'))
          .filter(Boolean)
          .map(quoted)
          .join(`(?:(?!${WORD})[^])+`)
      : word.split(/\s+/).map(quoted).join('\\s+');
  const first = match === 'phrase' ? word.replace(new RegExp(`^(?:(?!${WORD})[^])+`, 'u'), '') : word;
  const last = match === 'phrase' ? word.replace(new RegExp(`(?:(?!${WORD})[^])+$`, 'u'), '') : word;
  const before = match !== 'substring' && joins.test(first) ? `(?<!${JOINED})` : '';
  const after = (match === 'word' || match === 'phrase') && joinsLast.test(last) ? `(?!${JOINED})` : '';
  return new RegExp(before + body + after, fold === 'none' ? 'gu' : 'giu');
}

/** Accents dropped and case folded, for conditions with `fold: diacritics`. */
export function plainLetters(text: string): string {
  return text.normalize('NFD').replace(/[\u0300-\u036f]/gu, '');
}

export function naiveTest(condition: Condition, text: string): boolean {
  switch (condition.kind) {
    case 'keywords':
      return condition.words.some((word) =>
        condition.fold === 'diacritics'
          ? keywordRegExp(plainLetters(word), condition).test(plainLetters(text))
          : keywordRegExp(word, condition).test(text),
      );
    case 'regex':
      return new RegExp(condition.pattern, condition.flags).test(text);
    case 'all':
      return condition.of.every((one) => naiveTest(one, text));
    case 'any':
      return condition.of.some((one) => naiveTest(one, text));
    case 'not':
      return !naiveTest(condition.of, text);
    case 'atLeast':
      return condition.of.filter((one) => naiveTest(one, text)).length >= condition.min;
    default:
      throw new Error(`no naive form of ${condition.kind}`);
  }
}

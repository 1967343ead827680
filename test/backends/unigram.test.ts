import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinModels, modelFolder } from '../../src/backends/registry.ts';
import { normalise, type UnigramVocabulary, unigramTokenizer } from '../../src/backends/unigram.ts';

const RESERVED = { reservedIds: 1, unknownId: 0 };

/** Tries every split of a short text; unknown characters cost what they cost in the fast path. */
function bruteForce(vocabulary: UnigramVocabulary, text: string): number {
  const worst = Math.min(0, ...vocabulary.slice(1).map(([, score]) => score!));
  const best = (rest: string): number => {
    if (rest === '') return 0;
    let score = Number.NEGATIVE_INFINITY;
    for (const [piece, own] of vocabulary.slice(1)) {
      if (rest.startsWith(piece)) score = Math.max(score, own! + best(rest.slice(piece.length)));
    }
    const first = String.fromCodePoint(rest.codePointAt(0)!);
    if (!vocabulary.slice(1).some(([piece]) => piece === first)) {
      score = Math.max(score, worst - 10 + best(rest.slice(first.length)));
    }
    return score;
  };
  return best(normalise(text));
}

describe('unigram tokenizer', () => {
  it('finds the most probable split', () => {
    const pieces = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u2581'), minLength: 1, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    const cases = fc.tuple(pieces, fc.infiniteStream(fc.double({ min: -9, max: -1, noNaN: true })));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'é', '😀'), maxLength: 9 });
    fc.assert(
      fc.property(cases, text, ([words, scores], input) => {
        const vocabulary: UnigramVocabulary = [['?', 0], ...words.map((word) => [word, scores.next().value!] as const)];
        const ids = [...unigramTokenizer(vocabulary, RESERVED).encode(input)];
        // Runs of unknown characters are one id, so compare where there are none.
        if (ids.includes(0)) return;
        expect(ids.map((id) => vocabulary[id]![0]).join('')).toBe(normalise(input));
        const score = ids.reduce((sum, id) => sum + vocabulary[id]![1]!, 0);
        expect(score).toBeCloseTo(bruteForce(vocabulary, input), 9);
      }),
      { numRuns: 200 },
    );
  });

  it('gives one unknown id for a run of characters that no piece covers', () => {
    const tokenizer = unigramTokenizer(
      [
        ['?', 0],
        ['\u2581', -1],
        ['a', -2],
      ],
      RESERVED,
    );
    expect([...tokenizer.encode('a😀éa')]).toEqual([1, 2, 0, 2]);
    expect([...tokenizer.encode('')]).toEqual([1]);
  });

  it('gives a piece whose score was lost one between its neighbours', () => {
    const vocabulary: UnigramVocabulary = [
      ['?', 0],
      ['\u2581', -1],
      ['ab', null],
      ['a', -1.2],
      ['b', -1.3],
    ];
    expect([...unigramTokenizer(vocabulary, RESERVED).encode('ab')]).toEqual([1, 2]);
  });

  it('treats all white space and compatibility forms alike', () => {
    expect(normalise('  ﬁne\t\n words\u00a0here ')).toBe('\u2581fine\u2581words\u2581here');
  });

  it('reads every text with the real vocabulary, and its pieces spell the text', () => {
    const model = builtinModels().find((one) => one.name === 'use-lite')!;
    const vocabulary = JSON.parse(readFileSync(join(modelFolder(model), 'vocab.json'), 'utf8')) as UnigramVocabulary;
    const tokenizer = unigramTokenizer(vocabulary, { reservedIds: 6, unknownId: 0 });
    const spell = (text: string): string[] => [...tokenizer.encode(text)].map((id) => vocabulary[id]![0]);
    expect(spell('The cat sits outside: on the wall').join('')).toBe('▁The▁cat▁sits▁outside:▁on▁the▁wall');
    expect(spell('I want to cancel my credit card')).toEqual('▁I ▁want ▁to ▁cancel ▁my ▁credit ▁card'.split(' '));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.every((id) => id >= 0 && id < 8_000 && (id === 0 || id >= 6))).toBe(true);
      }),
    );
  });
});

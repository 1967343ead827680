import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenOffsets } from '../../src/backends/token-offsets.ts';
import { spanScheme, tokenSpans } from '../../src/backends/token-spans.ts';

const WORDPIECE = { special: new Set(['[CLS]', '[SEP]']), unknown: '[UNK]', byteLevel: false };

function slices(text: string, tokens: readonly string[], kind: Partial<typeof WORDPIECE> = {}): (string | null)[] {
  return tokenOffsets(text, { ...WORDPIECE, tokens, ...kind }).map((one) => one && text.slice(...one));
}

describe('token offsets', () => {
  it('finds folded pieces in the text as it was written', () => {
    expect(slices('Le CAFÉ ﬁnal', ['[CLS]', 'le', 'caf', '##e', 'final', '[SEP]'])).toEqual([
      null,
      'Le',
      'CAF',
      'É',
      'ﬁnal',
      null,
    ]);
    expect(slices('New  York', ['▁New', '▁York'])).toEqual(['New', 'York']);
  });

  it('gives unknown tokens what lies between their neighbours, a word each', () => {
    expect(slices('the 😀 zebra sat', ['the', '[UNK]', '[UNK]', 'sat'])).toEqual(['the', '😀', 'zebra', 'sat']);
    expect(slices('💡', ['[UNK]'])).toEqual(['💡']);
    expect(slices('a b c', ['[UNK]', 'c'])).toEqual(['a b', 'c']);
  });

  it('reads byte-level pieces, also those that split a character', () => {
    expect(slices('né 😀', ['n', 'Ã', '©', 'ĠðŁ', 'ĺĢ'], { byteLevel: true })).toEqual(['n', 'é', 'é', '😀', '😀']);
  });

  it('loses a piece that the text does not have, and finds the next ones', () => {
    expect(slices('one three', ['one', 'two', 'three'])).toEqual(['one', null, 'three']);
  });

  it('never points outside the text, and goes forward only', () => {
    const token = fc.constantFrom('a', 'b', '##a', '##bc', '[UNK]', '[CLS]', '', '##');
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'É', '😀') }),
        fc.array(token),
        (text, tokens) => {
          let last = 0;
          for (const offset of tokenOffsets(text, { ...WORDPIECE, tokens })) {
            if (!offset) continue;
            expect(offset[0]).toBeGreaterThanOrEqual(last);
            expect(offset[1]).toBeGreaterThan(offset[0]);
            expect(offset[1]).toBeLessThanOrEqual(text.length);
            last = offset[1];
          }
        },
      ),
    );
  });
});

describe('token spans', () => {
  const scheme = spanScheme(['O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC']);
  const oneHot = (...classes: number[]): Float32Array =>
    Float32Array.from(classes.flatMap((one) => [0, 1, 2, 3, 4].map((c) => (c === one ? 1 : 0))));
  const words = [
    [0, 2],
    [3, 5],
    [6, 8],
  ] as const;
  const ranges = (...classes: number[]) =>
    tokenSpans('ab cd ef', oneHot(...classes), words, scheme).map((one) => [one.start, one.end, one.label]);

  it('joins what continues and parts what begins', () => {
    expect(scheme.names).toEqual(['PER', 'LOC']);
    expect(ranges(1, 2, 0)).toEqual([[0, 5, 0]]);
    expect(ranges(1, 1, 2)).toEqual([
      [0, 2, 0],
      [3, 8, 0],
    ]);
    expect(ranges(1, 4, 4)).toEqual([
      [0, 2, 0],
      [3, 8, 1],
    ]);
    expect(ranges(2, 0, 2)).toEqual([
      [0, 2, 0],
      [6, 8, 0],
    ]);
  });

  it('never ends or begins a span inside a word', () => {
    const pieces = [
      [0, 2],
      [2, 5],
      [6, 8],
    ] as const;
    expect(tokenSpans('abcde fg', oneHot(1, 0, 0), pieces, scheme)).toMatchObject([{ start: 0, end: 5 }]);
    expect(tokenSpans('abcde fg', oneHot(0, 1, 0), pieces, scheme)).toEqual([]);
    expect(tokenSpans('ab... fg', oneHot(1, 0, 0), pieces, scheme)).toMatchObject([{ start: 0, end: 2 }]);
  });
});

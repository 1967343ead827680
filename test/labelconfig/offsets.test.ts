import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetMap, paragraphToSpan, spanToParagraph } from '../../src/labelconfig/offsets.ts';

describe('UTF-16 and code points', () => {
  it('agree on every character boundary with counting', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', '👩‍🚀', '\ud83d', '\ude00'), maxLength: 60 }),
        (text) => {
          const map = offsetMap(text);
          const chars = [...text];
          const starts = chars.map((_char, i) => chars.slice(0, i).join('').length);
          expect(chars.map((_char, i) => map.toUtf16(i))).toEqual(starts);
          expect(starts.map((start) => map.toCodePoints(start))).toEqual(chars.map((_char, i) => i));
          expect(map.toCodePoints(text.length)).toBe([...text].length);
          expect(map.toUtf16([...text].length)).toBe(text.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('emoji count double in the browser only', () => {
    const map = offsetMap('a😀b😀');
    expect([0, 1, 2, 3, 4].map(map.toUtf16)).toEqual([0, 1, 3, 4, 6]);
    expect(map.toCodePoints(2)).toBe(1);
  });
});

describe('paragraphs', () => {
  it('go to one text and back', () => {
    const paragraphs = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(paragraphs, fc.nat(), fc.nat(), (texts, a, b) => {
        const joined = texts.join('\n');
        const [start, end] = [a % (joined.length + 1), b % (joined.length + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        expect(paragraphToSpan(texts, spanToParagraph(texts, { start, end }))).toEqual({ start, end });
      }),
    );
  });

  it('outside of the text there is no span', () => {
    expect(paragraphToSpan(['ab'], { start: '0', end: '1', startOffset: 0, endOffset: 1 })).toBeNull();
    expect(paragraphToSpan(['ab'], { start: '0', end: '0', startOffset: 0, endOffset: 3 })).toBeNull();
    expect(paragraphToSpan(['ab'], { start: 'x', end: '0', startOffset: 0, endOffset: 1 })).toBeNull();
  });
});

/** Spans of several voters become one set of spans with exact offsets. */
import { describe, expect, it } from 'vitest';
import { fitSuggestion, spanF1, spanRows, type TextSpan, weighSpans } from '../../src/consensus/index.ts';
import { seededRandom } from '../../src/core/random.ts';

const NO_HEAD = { headRows: new Uint32Array(0), headProbabilities: new Float32Array(0) };

/** Texts with three planted spans; a sharp voter, one that cuts the first word off, and one that makes things up. */
function planted(seed: number, count: number) {
  const random = seededRandom('spans', seed);
  return Array.from({ length: count }, () => {
    const truth: TextSpan[] = [0, 1, 2].map((i) => {
      const start = 40 * i + Math.floor(10 * random.next());
      return { start, end: start + 6 + Math.floor(10 * random.next()), label: Math.floor(2 * random.next()) };
    });
    const sharp = truth.filter(() => random.next() < 0.8);
    const blunt = truth.filter(() => random.next() < 0.7).map((span) => ({ ...span, start: span.start + 3 }));
    const liar = truth.map((span) => ({ start: span.end + 2, end: span.end + 9, label: span.label }));
    return { truth, spansOf: [sharp, blunt, liar] };
  });
}

const fitOn = (texts: ReturnType<typeof planted>, annotated: number) => {
  const rows = spanRows(
    texts.map(({ truth, spansOf }, i) => ({ spansOf, gold: i < annotated ? truth : null })),
    3,
    2,
  );
  return fitSuggestion({ ...rows, multiple: false, ...NO_HEAD });
};

describe('spans of several voters', () => {
  it('are weighed by what people marked: inventions are dropped, and what one cuts short another makes whole', () => {
    const texts = planted(1, 400);
    const model = fitOn(texts, 100);
    const test = texts.slice(100);
    const gold = test.map(({ truth }) => truth);
    const ours = spanF1(
      test.map(({ spansOf }) => weighSpans(model, spansOf)),
      gold,
    ).f1;
    const union = spanF1(
      test.map(({ spansOf }) => spansOf.flat()),
      gold,
    ).f1;
    expect(ours).toBeGreaterThan(union + 0.2);
    expect(weighSpans(model, test[0]!.spansOf).every((span) => span.score !== null)).toBe(true);
  });

  it('are believed before anything is annotated, without a number', () => {
    const model = fitOn(planted(2, 50), 0);
    expect(weighSpans(model, [[{ start: 3, end: 9, label: 1 }], [], []])).toEqual([
      { start: 3, end: 9, label: 1, score: null },
    ]);
    expect(weighSpans(model, [[], [], []])).toEqual([]);
  });

  it('keep neighbours apart and offsets as they were given', () => {
    const model = fitOn(planted(3, 200), 100);
    const spans = [
      { start: 0, end: 7, label: 0 },
      { start: 7, end: 15, label: 0 },
    ];
    const found = weighSpans(model, [spans, [], []]);
    expect(found.map(({ start, end, label }) => ({ start, end, label }))).toEqual(spans);
  });
});

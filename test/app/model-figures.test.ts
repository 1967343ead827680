/** What the model gets right and wrong, from answers that are written down by hand. */
import { describe, expect, it } from 'vitest';
import type { HeldOutAnswers } from '../../src/app/learning/label-errors.ts';
import { figuresOf } from '../../src/app/learning/model-figures.ts';
import { type Judged, wholeFigures } from '../../src/heads/index.ts';

/** One answer: what was given, what the model says of it, and whether it belongs to the random slice. */
type Row = readonly [given: number, p: readonly number[], blind: boolean];

function held(rows: readonly Row[], link: 'softmax' | 'sigmoid' = 'softmax'): HeldOutAnswers {
  const answers = rows.map(([given, , blind], i) => ({
    annotation: { taskId: i + 1, blind } as HeldOutAnswers['answers'][number]['annotation'],
    classes: [given],
    unaided: [given],
    row: i,
  }));
  const version = { number: 3 } as HeldOutAnswers['version'];
  const probabilities = Float32Array.from(rows.flatMap(([, p]) => p));
  return { version, link, classes: ['spam', 'ham'], answers, probabilities };
}

const compute = { wholeFigures: async (judged: Judged) => wholeFigures(judged) };

const times = (n: number, row: Row): Row[] => new Array<Row>(n).fill(row);

describe('figures of the model', () => {
  const rows = [
    ...times(15, [0, [0.95, 0.05], true]),
    ...times(5, [1, [0.85, 0.15], true]),
    ...times(10, [1, [0.3, 0.7], true]),
    ...times(20, [1, [0.6, 0.4], false]),
  ];

  it('count hits, misses and the items behind each cell', async () => {
    const figures = await figuresOf(compute, held(rows), 'blind');
    expect(figures).toMatchObject({ version: 3, n: 30, accuracy: { n: 30, hits: 25 } });
    expect(figures.confusion!.map(({ given, said, n }) => [given, said, n])).toEqual([
      [0, 0, 15],
      [1, 0, 5],
      [1, 1, 10],
    ]);
    expect(figures.confusion![1]!.taskIds).toEqual([16, 17, 18, 19, 20]);
    expect(figures.perLabel[0]).toMatchObject({ precision: { hits: 15, n: 20 }, recall: { hits: 15, n: 15 } });
    expect(figures.perLabel[1]).toMatchObject({ precision: { hits: 10, n: 10 }, recall: { hits: 10, n: 15 } });
  });

  it('hold claims against what came true, with an interval', async () => {
    const bins = (await figuresOf(compute, held(rows), 'blind')).calibration;
    expect(bins.map(({ n, hits }) => [n, hits])).toEqual([
      [10, 10],
      [5, 0],
      [15, 15],
    ]);
    expect(bins[1]!.confidence).toBeCloseTo(0.85, 5);
    expect(bins[1]!.low).toBe(0);
    expect(bins[1]!.high).toBeGreaterThan(0.3);
  });

  it('say how well all labels are found and how far claims are off, with intervals', async () => {
    const { macroF1, calibrationError } = await figuresOf(compute, held(rows), 'blind');
    // F1 of spam 30 / 35, of ham 20 / 25.
    expect(macroF1!.value).toBeCloseTo((30 / 35 + 20 / 25) / 2, 6);
    expect(calibrationError!.value).toBeCloseTo((15 * 0.05 + 5 * 0.85 + 10 * 0.3) / 30, 5);
    const many = await figuresOf(compute, held(Array.from({ length: 40 }, () => rows).flat()), 'blind');
    for (const [few, more] of [
      [macroF1!, many.macroF1!],
      [calibrationError!, many.calibrationError!],
    ] as const) {
      expect(few.low).toBeLessThan(few.value);
      expect(few.high).toBeGreaterThan(few.value);
      // Forty times the answers: an interval about six times as narrow.
      expect((few.high - few.low) / (more.high - more.low)).toBeGreaterThan(4);
    }
  });

  it('take every answer when asked to', async () => {
    expect((await figuresOf(compute, held(rows), 'all')).accuracy).toMatchObject({ n: 50, hits: 25 });
  });

  it('count no settled answer as blind where nothing the model knows was said before', async () => {
    const { answers, ...rest } = held(rows);
    const some = { ...rest, answers: answers.map((one, i) => (i < 5 ? { ...one, unaided: null } : one)) };
    expect((await figuresOf(compute, some, 'blind')).accuracy).toMatchObject({ n: 25, hits: 20 });
    expect((await figuresOf(compute, some, 'all')).accuracy).toMatchObject({ n: 50, hits: 25 });
  });

  it('say nothing below twenty answers', async () => {
    expect(await figuresOf(compute, held(rows.slice(0, 19)), 'all')).toMatchObject({
      n: 19,
      needed: 20,
      accuracy: null,
      perLabel: [],
    });
  });

  it('decide each label for itself where several may hold', async () => {
    const figures = await figuresOf(compute, held(times(20, [0, [0.9, 0.8], true]), 'sigmoid'), 'blind');
    expect(figures.confusion).toBeNull();
    expect(figures.accuracy).toMatchObject({ hits: 0 });
    expect(figures.perLabel[1]).toMatchObject({ precision: { hits: 0, n: 20 }, recall: null });
    expect(figures.calibration.reduce((sum, bin) => sum + bin.n, 0)).toBe(40);
  });
});

/** Scores for tokens, boxes and numbers, and the wrapper that counts costs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import {
  costNormalised,
  predictNumbers,
  queryStrategy,
  STRUCTURED_SCORES,
  structuredScore,
  trainRegressionCommittee,
} from '../../src/sampling/index.ts';
import { flat, unitRow } from '../heads/reference.ts';
import { contextOf, testPool } from './pool.ts';

/** Items as lists of records. */
function ragged(items: readonly (readonly (readonly number[])[])[], width: number) {
  const offsets = [0];
  for (const item of items) offsets.push(offsets.at(-1)! + item.length);
  return { data: Float32Array.from(items.flat(2)), width, offsets };
}

const score = (name: string, items: readonly (readonly (readonly number[])[])[], width = 2): number[] => [
  ...structuredScore(name).of(ragged(items, width)),
];

const sure = [0.99, 0.01];
const open = [0.5, 0.5];

describe('registry', () => {
  it('has distinct names, a summary and a source for each, and names what there is', () => {
    expect(new Set(STRUCTURED_SCORES.map((one) => one.name)).size).toBe(STRUCTURED_SCORES.length);
    for (const one of STRUCTURED_SCORES) expect(one.summary.length * one.source.length).toBeGreaterThan(0);
    expect(() => structuredScore('nothing')).toThrow(/no score 'nothing'; there are: mnlp/);
  });
});

describe.each(STRUCTURED_SCORES)('$name', ({ name, of }) => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  const items = fc.array(
    fc.array(
      probability.map((p) => [p, 1 - p]),
      { maxLength: 5 },
    ),
    { maxLength: 6 },
  );

  it('scores each item by itself, zero without records, whatever the order of its records', () => {
    fc.assert(
      fc.property(items, (list) => {
        const scores = score(name, list);
        expect(scores).toHaveLength(list.length);
        for (const [i, item] of list.entries()) {
          expect(scores[i]).toBeGreaterThanOrEqual(0);
          expect(scores[i]).toBe(score(name, [item])[0]);
          expect(score(name, [[...item].reverse()])[0]).toBeCloseTo(scores[i]!);
          if (item.length === 0) expect(scores[i]).toBe(0);
        }
      }),
    );
  });

  it('has nothing to say about nothing', () => {
    expect(of({ data: new Float32Array(0), width: 2, offsets: [0] })).toHaveLength(0);
  });
});

describe('tokens', () => {
  const long = [sure, sure, sure, sure];
  const oneOpen = [sure, sure, sure, sure, sure, sure, sure, open];
  const twoThirds = [
    [0.66, 0.34],
    [0.66, 0.34],
  ];

  it('length gains nothing by itself', () => {
    for (const name of ['mnlp', 'token-entropy', 'lowest-token-probability']) {
      const [short, four] = score(name, [[sure], long]);
      expect(four).toBeCloseTo(short!);
    }
  });

  it('mean scores prefer unsure texts, the worst token a single unsure one', () => {
    expect(score('mnlp', [[open]])[0]).toBeCloseTo(Math.LN2);
    const [single, even] = score('mnlp', [oneOpen, twoThirds]);
    expect(single).toBeLessThan(even!);
    const [worst, mild] = score('lowest-token-probability', [oneOpen, twoThirds]);
    expect(worst).toBeCloseTo(0.5);
    expect(worst).toBeGreaterThan(mild!);
  });

  it('an impossible token stays finite', () => {
    for (const name of ['mnlp', 'token-entropy']) expect(score(name, [[[0, 0]]])[0]).toBeLessThan(20);
  });
});

describe('boxes', () => {
  it('are summed, averaged, or stand for the worst one', () => {
    const images = [[open, sure], [open], []];
    const [a, b] = [1, 1 - 0.98];
    const rounded = (values: number[]): number[] => values.map((v) => Number(v.toFixed(5)));
    expect(rounded(score('box-margin-sum', images))).toEqual([a + b, a, 0]);
    expect(rounded(score('box-margin-mean', images))).toEqual([(a + b) / 2, a, 0]);
    expect(rounded(score('box-margin-max', images))).toEqual([a, a, 0]);
  });

  it('with one score each count as two classes', () => {
    const [half, high, low] = score('box-margin-max', [[[0.5]], [[0.9]], [[0.1]]], 1);
    expect(half).toBeCloseTo(1);
    expect(high).toBeCloseTo(0.2);
    expect(low).toBeCloseTo(high!);
  });
});

describe('a committee for numbers', () => {
  const random = seededRandom('numbers');
  const rows = Array.from({ length: 40 }, () => unitRow(random, 5));
  const truth = (row: Float32Array): number => 3 + 2 * row[0]! - row[1]!;

  it('learns a linear truth, few labels or many', () => {
    for (const n of [3, 30]) {
      const seen = rows.slice(0, n);
      const committee = trainRegressionCommittee({ dim: 5, rows: flat(seen), values: seen.map(truth) }, 1);
      const { data, offsets } = predictNumbers(committee, flat(rows));
      expect(offsets).toHaveLength(41);
      if (n === 30)
        for (const [i, row] of rows.entries()) expect(Math.abs(data[i * 5]! - truth(row))).toBeLessThan(0.3);
    }
  });

  it('predicts from fewer labels than dimensions', () => {
    const wide = Array.from({ length: 12 }, () => unitRow(random, 64));
    const values = wide.map((row) => 10 * row[0]!);
    const { data } = predictNumbers(trainRegressionCommittee({ dim: 64, rows: flat(wide), values }, 1), flat(wide));
    expect(data.every(Number.isFinite)).toBe(true);
    const errors = values.map((value, i) => Math.abs(data.slice(5 * i, 5 * i + 5).sort()[2]! - value));
    const total = (list: readonly number[]): number => list.reduce((sum, one) => sum + Math.abs(one), 0);
    expect(total(errors)).toBeLessThan(0.5 * total(values));
  });

  it('disagrees where it has not seen anything', () => {
    const axis = (j: number): Float32Array => Float32Array.from({ length: 5 }, (_, i) => (i === j ? 1 : 0));
    const seen = Array.from({ length: 30 }, (_, i) => axis(i % 2));
    const values = seen.map((row) => truth(row) + 0.3 * gaussian(random));
    const committee = trainRegressionCommittee({ dim: 5, rows: flat(seen), values }, 1);
    const [far, near] = [axis(0).map((v) => -3 * v), axis(0)];
    const scores = structuredScore('committee-variance').of(predictNumbers(committee, flat([far, near])));
    expect(scores[0]).toBeGreaterThan(scores[1]!);
    const again = trainRegressionCommittee({ dim: 5, rows: flat(seen), values }, 1);
    expect(again).toEqual(committee);
  });
});

describe('cost-normalised strategies', () => {
  const context = contextOf(testPool('costs', 60, 12, 3), [0, 1, 2]);
  const ordinals = (picks: readonly { ordinal: number }[]): number[] => picks.map((pick) => pick.ordinal);
  const margin = queryStrategy('margin');

  it('with equal costs are what they wrap', () => {
    const even = costNormalised('even', 'test', margin, () => 7);
    expect(ordinals(even.pick(context, 10))).toEqual(ordinals(margin.pick(context, 10)));
  });

  it('put the cheap before the dear, and take unknown costs for the smallest', () => {
    const wide = ordinals(margin.pick(context, 10));
    const dear = wide[0]!;
    const wary = costNormalised('wary', 'test', margin, (ordinal) => (ordinal === dear ? 1_000 : ordinal % 2 ? 2 : 0));
    const picks = wary.pick(context, 10);
    expect(ordinals(picks)).not.toContain(dear);
    for (let i = 1; i < picks.length; i++) expect(picks[i]!.score).toBeLessThanOrEqual(picks[i - 1]!.score);
    const free = costNormalised('free', 'test', margin, () => 0);
    expect(ordinals(free.pick(context, 10))).toEqual(wide);
  });
});

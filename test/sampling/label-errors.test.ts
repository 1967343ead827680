/** The list of doubtful annotations: planted errors first, and what it says about each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerShares, simulateAnswers } from '../../bench/learning/annotators.ts';
import { seededRandom } from '../../src/core/random.ts';
import { fitHead } from '../../src/heads/index.ts';
import { type GivenLabel, labelErrors } from '../../src/sampling/index.ts';
import { clusters, flat } from '../heads/reference.ts';

const given = (...labels: number[]): GivenLabel[] => labels.map((label, item) => ({ item, classes: [label] }));

describe('label errors', () => {
  it('find what simulated annotators got wrong', () => {
    const pool = clusters(seededRandom('errors'), 180, 8, 4, 0.4);
    const answers = simulateAnswers(pool.classOf, 4, seededRandom('annotators'));
    const { outOfFold } = fitHead(
      {
        link: 'softmax',
        classes: ['a', 'b', 'c', 'd'],
        dim: 8,
        rows: flat(pool.rows),
        targets: answerShares(answers, 180, 4),
        ordinals: [...pool.classOf.keys()],
      },
      1,
    );
    const rowOf = new Map(outOfFold!.ordinals.map((ordinal, row) => [ordinal, row]));
    const labels = answers.map(({ item, label }) => ({ item: rowOf.get(item)!, classes: [label] }));
    const { ranked, estimated } = labelErrors('softmax', outOfFold!.probabilities, 4, labels);
    const isWrong = (index: number): boolean => answers[index]!.label !== pool.classOf[answers[index]!.item];
    const planted = answers.filter((_, index) => isWrong(index)).length;
    const found = ranked.slice(0, planted).filter((one) => isWrong(one.index));
    expect(planted).toBeGreaterThan(60);
    expect(found.length / planted).toBeGreaterThan(0.8);
    const corrected = found.filter((one) => one.suggested === pool.classOf[answers[one.index]!.item]);
    expect(corrected.length / found.length).toBeGreaterThan(0.9);
    expect(Math.abs(estimated - planted) / planted).toBeLessThan(0.3);
  });

  it('hold every annotation once, by margin, whatever the order they came in', () => {
    const cell = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell, fc.nat(2)), { minLength: 1, maxLength: 20 }), (items) => {
        const probabilities = Float32Array.from(items.flatMap(([a, b, c]) => [a, b, c].map((v) => v / (a + b + c))));
        const labels = given(...items.map((item) => item[3]));
        const { ranked } = labelErrors('softmax', probabilities, 3, labels);
        expect(ranked.map((one) => one.index).sort((a, b) => a - b)).toEqual([...labels.keys()]);
        for (const [i, one] of ranked.entries()) expect(one.margin).toBeGreaterThanOrEqual(ranked[i - 1]?.margin ?? -1);
        const reversed = labelErrors('softmax', probabilities, 3, [...labels].reverse()).ranked;
        expect(reversed.map((one) => one.margin)).toEqual(ranked.map((one) => one.margin));
      }),
      { numRuns: 50 },
    );
  });

  it('count an error only when the other class passes its own threshold', () => {
    // Class 1 is given with 0.9 each time: a lean of 0.55 towards it is below what it usually gets.
    const p = Float32Array.of(0.1, 0.9, 0.1, 0.9, 0.45, 0.55, 0.05, 0.95, 0.8, 0.2);
    const { ranked, estimated } = labelErrors('softmax', p, 2, given(1, 1, 0, 0, 0));
    expect(ranked.filter((one) => one.confident).map((one) => one.index)).toEqual([3]);
    expect(estimated).toBe(1);
    expect(ranked[0]).toMatchObject({ index: 3, given: 0, suggested: 1 });
    expect(ranked[0]!.confidence).toBeCloseTo(0.05);
  });

  it('judge multi-label annotations by their worst class, a missing one too', () => {
    const p = Float32Array.of(0.9, 0.1, 0.95, 0.9, 0.1, 0.1);
    const labels: GivenLabel[] = [
      { item: 0, classes: [0] },
      { item: 1, classes: [0] },
      { item: 2, classes: [] },
    ];
    const [first] = labelErrors('sigmoid', p, 2, labels).ranked;
    expect(first).toMatchObject({ index: 1, given: 1, suggested: 1 });
    expect(first!.margin).toBeCloseTo(-0.8);
  });

  it('have nothing to say about nothing, and cope with one class', () => {
    expect(labelErrors('softmax', new Float32Array(0), 2, [])).toEqual({ ranked: [], estimated: 0 });
    const alone = labelErrors('softmax', Float32Array.of(1, 1), 1, given(0, 0));
    expect(alone.estimated).toBe(0);
    expect(alone.ranked.map((one) => one.margin)).toEqual([1, 1]);
  });
});

/** Replays and their statistics: textbook values, planted differences, the same run each time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import {
  area,
  type Curve,
  holm,
  isotonic,
  labelsSaved,
  labelsSavedInPair,
  replay,
  type SimulationSet,
  summarise,
  wilcoxon,
} from '../../src/sampling/simulation/index.ts';
import { clusters, flat } from '../heads/reference.ts';

function smallSet(): SimulationSet {
  const { rows, classOf } = clusters(seededRandom('simulation'), 160, 8, 4, 0.7);
  const all = [...classOf.keys()];
  return {
    name: 'small',
    classes: ['a', 'b', 'c', 'd'],
    dim: 8,
    rows: flat(rows),
    labels: Int32Array.from(classOf),
    pool: all.slice(0, 100),
    test: all.slice(100),
    ...{ initial: 5, batch: 5, budget: 30 },
  };
}

const curve = (...accuracy: number[]): Curve => ({
  labels: accuracy.map((_, i) => 10 * (i + 1)),
  accuracy,
  macroF1: accuracy,
});

describe('statistics', () => {
  it('areas are mean heights', () => {
    expect(area([10, 20, 40], [50, 70, 70])).toBeCloseTo((60 * 10 + 70 * 20) / 30);
    expect(area([1, 2], [3, 3])).toBe(3);
  });

  it('isotonic curves never fall, keep the mean, and leave rising ones alone', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1 }), (values) => {
        const smooth = isotonic(values);
        for (let i = 1; i < smooth.length; i++) expect(smooth[i]!).toBeGreaterThanOrEqual(smooth[i - 1]! - 1e-9);
        const total = (list: readonly number[]): number => list.reduce((sum, v) => sum + v, 0);
        expect(total(smooth)).toBeCloseTo(total(values));
        const rising = [...values].sort((a, b) => a - b);
        for (const [i, v] of isotonic(rising).entries()) expect(v).toBeCloseTo(rising[i]!);
      }),
    );
  });

  it('Wilcoxon gives the values of its tables', () => {
    // Five differences of one sign: 2 of 32 sign patterns are as extreme.
    expect(wilcoxon([1, 2, 3, 4, 5])).toBeCloseTo(2 / 32);
    expect(wilcoxon([1, -2, 3, 4, 5])).toBeCloseTo((2 * 3) / 32);
    expect(wilcoxon([0, 0])).toBe(1);
    const many = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? -1 : 1) * (i + 1));
    const few = wilcoxon(many);
    expect(few).toBeGreaterThan(0.0005);
    expect(few).toBeLessThan(0.02);
  });

  it('Holm steps down and never under what came before', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });

  it('labels saved are read where the goal is reached', () => {
    const random = curve(50, 60, 70, 80);
    expect(labelsSaved([curve(60, 80, 90, 90)], [random])).toBeCloseTo(50);
    expect(labelsSaved([curve(70, 90, 90, 90)], [random])).toBeCloseTo(100 * (1 - 15 / 40));
    expect(labelsSaved([curve(50, 60, 65, 70)], [random])).toBe(0);
    // One lucky end of random is smoothed away.
    expect(labelsSavedInPair(curve(60, 75, 76, 76), curve(50, 60, 80, 70))).toBeCloseTo(50);
  });
});

describe('replays', () => {
  const set = smallSet();

  it('are the same each time, grow by batches and end at the budget', () => {
    const first = replay(set, 'uncertainty-herding', 3);
    expect(first.labels).toEqual([5, 10, 15, 20, 25, 30]);
    expect(replay(set, 'uncertainty-herding', 3)).toEqual(first);
    expect(replay(set, 'uncertainty-herding', 4)).not.toEqual(first);
    expect(first.accuracy.at(-1)!).toBeGreaterThan(60);
  });

  it('end where the pool ends', () => {
    expect(replay({ ...set, batch: 50, budget: 500 }, 'random', 0).labels).toEqual([5, 55, 80]);
  });

  it('are summed up against random', () => {
    const trials = ['random', 'uncertainty-herding'].map((strategy) => ({
      strategy,
      curves: [0, 1, 2, 3, 4].map((seed) => replay(set, strategy, seed)),
    }));
    const [random, ours] = summarise(trials);
    expect(random!.againstRandom).toBeNull();
    expect(ours!.curve.map((point) => point.labels)).toEqual([5, 10, 15, 20, 25, 30]);
    const gain = ours!.againstRandom!;
    expect(gain.aubc).toBeCloseTo(ours!.aubc - random!.aubc);
    expect(gain.interval.low).toBeLessThanOrEqual(gain.aubc);
    expect(gain.interval.high).toBeGreaterThanOrEqual(gain.aubc);
    expect(gain.labelsSavedPerSeed).toHaveLength(5);
    expect(gain.holmP).toBe(gain.p);
    expect(gain.aubc).toBeGreaterThan(0);
    for (const point of ours!.curve) {
      expect(point.low).toBeLessThanOrEqual(point.accuracy);
      expect(point.high).toBeGreaterThanOrEqual(point.accuracy);
    }
  });

  it('a strategy against itself gains nothing', () => {
    const curves = [0, 1, 2].map((seed) => replay(set, 'margin', seed));
    const [, twin] = summarise([
      { strategy: 'random', curves },
      { strategy: 'twin', curves },
    ]);
    expect(twin!.againstRandom).toMatchObject({ aubc: 0, wins: 0, p: 1, holmP: 1 });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { KernelHeap } from '../../src/kernels/index.ts';
import {
  contributorsOf,
  headSpread,
  labelsOf,
  METHOD_NAMES,
  type PropagationPool,
  preparePool,
  runMethods,
  type Seeds,
  type Spread,
} from '../../src/propagation/index.ts';
import { methodSteps } from '../../src/propagation/methods/methods.ts';
import { noise, planted, slowKMeans } from './reference.ts';

const poolOfRows = (rows: Float32Array, dim: number): PropagationPool =>
  preparePool(new KernelHeap({ bytes: 8 << 20 }), rows, dim);

const [N, DIM, CLASSES] = [120, 12, 3];
const set = planted(N, DIM, CLASSES, 0.7, 4);
const pool = poolOfRows(set.rows, DIM);
const seeds: Seeds = { classCount: CLASSES, items: [0, 1, 2, 3, 4, 5], classes: [0, 1, 2, 0, 1, 2] };

const right = (spread: Spread, labels: Int32Array): number =>
  labelsOf(spread).reduce((sum, label, i) => sum + Number(label === labels[i]), 0) / labels.length;

function expectSound(spread: Spread): void {
  const { probabilities, confidence, classCount } = spread;
  for (let i = 0; i < confidence.length; i++) {
    const row = probabilities.subarray(i * classCount, (i + 1) * classCount);
    const sum = row.reduce((a, b) => a + b, 0);
    expect(sum === 0 || Math.abs(sum - 1) < 1e-5).toBe(true);
    expect(confidence[i]).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(confidence[i])).toBe(true);
  }
}

describe.each(METHOD_NAMES)('method %s', (name) => {
  it('recovers planted clusters from two labels a class', () => {
    const spread = runMethods(pool, seeds, [name]).get(name)!;
    expectSound(spread);
    expect(right(spread, set.labels)).toBeGreaterThan(0.97);
  });

  it('follows a permutation of the classes', () => {
    fc.assert(
      fc.property(fc.constantFrom([1, 2, 0], [2, 1, 0], [0, 2, 1]), (to) => {
        const renamed = { ...seeds, classes: Array.from(seeds.classes, (c) => to[c]!) };
        const [before, after] = [seeds, renamed].map((one) => runMethods(pool, one, [name]).get(name)!);
        for (let i = 0; i < N; i++) {
          for (let c = 0; c < CLASSES; c++) {
            expect(after!.probabilities[i * CLASSES + to[c]!]).toBeCloseTo(before!.probabilities[i * CLASSES + c]!, 3);
          }
        }
      }),
      { numRuns: 3 },
    );
  });

  it('follows a permutation of the items', () => {
    const order = shuffle([...Array(N).keys()], seededRandom('items'));
    const rows = new Float32Array(set.rows.length);
    for (const [to, from] of order.entries()) rows.set(set.rows.subarray(from * DIM, (from + 1) * DIM), to * DIM);
    const moved = { ...seeds, items: Array.from(seeds.items, (item) => order.indexOf(item)) };
    const before = runMethods(pool, seeds, [name]).get(name)!;
    const after = runMethods(poolOfRows(rows, DIM), moved, [name]).get(name)!;
    for (const [to, from] of order.entries()) {
      for (let c = 0; c < CLASSES; c++) {
        expect(after.probabilities[to * CLASSES + c]).toBeCloseTo(before.probabilities[from * CLASSES + c]!, 3);
      }
    }
  });

  it('never proposes a class without a label, and lives with a class of one label', () => {
    const uneven = { classCount: 4, items: [0, 3, 6, 2], classes: [0, 0, 0, 3] };
    const spread = runMethods(pool, uneven, [name]).get(name)!;
    expectSound(spread);
    expect([...labelsOf(spread)].every((label) => label === 0 || label === 3)).toBe(true);
  });

  it('stays silent with one class, without labels, on one item, on no item', () => {
    const silent = (spread: Spread): boolean => labelsOf(spread).every((label) => label === -1);
    const ask = (on: PropagationPool, items: number[]): Spread =>
      runMethods(on, { classCount: 2, items, classes: items.map(() => 1) }, [name]).get(name)!;
    expect(silent(ask(pool, [4, 9]))).toBe(true);
    expect(silent(ask(pool, []))).toBe(true);
    expect(silent(ask(poolOfRows(noise(1, DIM, 1), DIM), [0]))).toBe(true);
    expect(silent(ask(poolOfRows(new Float32Array(0), DIM), []))).toBe(true);
  });

  it('says nothing about zero rows and rows of NaN, and spreads nothing from them', () => {
    const rows = set.rows.slice();
    rows.fill(0, 9 * DIM, 10 * DIM);
    rows[7 * DIM] = Number.NaN;
    const spoiled = poolOfRows(rows, DIM);
    const spread = runMethods(spoiled, seeds, [name]).get(name)!;
    expectSound(spread);
    expect([labelsOf(spread)[7], labelsOf(spread)[9]]).toEqual([-1, -1]);
    expect(right(spread, set.labels)).toBeGreaterThan(0.95);
    const more = { ...seeds, items: [...Array.from(seeds.items), 7, 9], classes: [...Array.from(seeds.classes), 0, 1] };
    expect(runMethods(spoiled, more, [name]).get(name)).toEqual(spread);
  });

  it('survives items that are all equal, with contradicting labels', () => {
    const equal = poolOfRows(new Float32Array(30 * 4).fill(1), 4);
    expectSound(runMethods(equal, { classCount: 2, items: [3, 8], classes: [0, 1] }, [name]).get(name)!);
  });
});

describe('what stands beside the methods', () => {
  it('refuses a method that is not there', () => {
    expect(() => runMethods(pool, seeds, ['voodoo' as 'knn'])).toThrow(/voodoo/);
  });

  it('a head started warm ends where a cold one does', () => {
    const { items, classes } = seeds;
    const first = { classCount: CLASSES, items: items as number[], classes: classes as number[] };
    const more = { ...first, items: [...first.items, 9], classes: [...first.classes, set.labels[9]!] };
    const warm = headSpread(pool.heap, pool.smoothed, more, headSpread(pool.heap, pool.smoothed, first).solution);
    const cold = headSpread(pool.heap, pool.smoothed, more);
    for (const [at, p] of cold.spread.probabilities.entries()) expect(warm.spread.probabilities[at]).toBeCloseTo(p, 4);
  });

  it.each(['head', 'kmeans', 'poisson', 'harmonic', 'cluster_blend'] as const)(
    'gives others many turns during %s',
    (name) => {
      const steps = methodSteps(pool, seeds, [name]);
      let turns = 0;
      for (; !steps.next().done; turns++);
      expect(turns).toBeGreaterThan(8);
    },
  );

  it('names the nearest labels of the class as contributors', () => {
    const five = contributorsOf(
      pool,
      { classCount: CLASSES, items: [...Array(60).keys()], classes: set.labels.slice(0, 60) },
      63,
      0,
    );
    expect(five).toHaveLength(5);
    expect(five.every(({ item }) => set.labels[item] === 0)).toBe(true);
    expect(five.map((one) => one.similarity)).toEqual(five.map((one) => one.similarity).sort((a, b) => b - a));
  });

  it('k-means moves its centres as plain loops do, over several blocks of rows', () => {
    const many = planted(1_300, DIM, CLASSES, 1.5, 11);
    const few = { classCount: CLASSES, items: [0, 1, 2, 600, 1_299], classes: [0, 1, 2, 0, 1] };
    const fast = runMethods(poolOfRows(many.rows, DIM), few, ['kmeans']).get('kmeans')!;
    for (const [at, share] of slowKMeans(many.rows, DIM, few).entries()) {
      expect(fast.probabilities[at]).toBeCloseTo(share, 4);
    }
  });
});

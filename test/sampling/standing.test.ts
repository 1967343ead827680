/** How much each label counts: the share of the pool it stands for. */
import { describe, expect, it } from 'vitest';
import { Coverage, RowStore } from '../../src/sampling/index.ts';
import { Standing } from '../../src/sampling/standing.ts';
import { flat } from '../heads/reference.ts';
import { testPool } from './pool.ts';

const pool = testPool('standing', 60, 5, 3);

function coverage(rows = pool.rows): Coverage {
  const store = new RowStore({ dim: pool.dim, classCount: pool.classCount });
  store.add([...rows.keys()], flat(rows));
  return new Coverage(store, store.ordinals(), 1);
}

/** One for itself and one for each row that is nearest to it, scaled to a mean of 1. */
function slowWeights(labeled: readonly number[]): number[] {
  const square = (i: number, j: number): number =>
    pool.rows[i]!.reduce((sum, v, d) => sum + (v - pool.rows[j]![d]!) ** 2, 0);
  const mass = new Map(labeled.map((i) => [i, 1]));
  for (const j of pool.rows.keys()) {
    const owner = [...labeled].sort((a, b) => square(a, j) - square(b, j) || a - b)[0]!;
    mass.set(owner, mass.get(owner)! + 1);
  }
  return labeled.map((i) => (mass.get(i)! * labeled.length) / (labeled.length + pool.rows.length));
}

function close(ours: Float32Array, expected: readonly number[]): void {
  expect([...ours].map((v) => v.toFixed(5))).toEqual(expected.map((v) => v.toFixed(5)));
}

/** The mean of the nearest rows and, `labels / 32^2` of the pool heavy, the row itself; unit length, as all rows here are. */
function slowStandIns(labeled: readonly number[]): number[][] {
  const square = (i: number, j: number): number =>
    pool.rows[i]!.reduce((sum, v, d) => sum + (v - pool.rows[j]![d]!) ** 2, 0);
  const owner = [...pool.rows.keys()].map((j) => [...labeled].sort((a, b) => square(a, j) - square(b, j) || a - b)[0]!);
  return labeled.map((i) => {
    const own = (pool.rows.length * labeled.length) / 1024;
    const sum = [...pool.rows[i]!].map(
      (v, d) => own * v + pool.rows.reduce((all, row, j) => all + (owner[j] === i ? row[d]! : 0), 0),
    );
    const norm = Math.hypot(...sum);
    return sum.map((v) => v / norm);
  });
}

describe('stand-ins of labels', () => {
  const store = new RowStore({ dim: pool.dim, classCount: pool.classCount });
  store.add([...pool.rows.keys()], flat(pool.rows));
  const seen = new Coverage(store, store.ordinals(), 1);

  it('are means of what each label stands for, in any order of coming', () => {
    const standing = new Standing();
    for (const labeled of [[7], [3, 7], [3, 7, 20, 41], [41, 20, 3]]) {
      const ours = standing.standIns(seen, store, labeled)!;
      for (const [k, expected] of slowStandIns(labeled).entries()) close(ours[k]!, expected);
    }
  });

  it('come near to the rows themselves as labels come, and are the rows beyond a hundred', () => {
    const gap = (count: number): number => {
      const labeled = [...Array(count).keys()];
      const ours = new Standing().standIns(seen, store, labeled)!;
      return labeled.reduce((sum, i) => sum + Math.hypot(...ours[i]!.map((v, d) => v - pool.rows[i]![d]!)), 0) / count;
    };
    expect(gap(30)).toBeLessThan(gap(5));
    expect(gap(60)).toBeLessThan(0.5 * gap(30));
    const large = testPool('large', 101, 5, 3);
    const many = new RowStore({ dim: 5, classCount: 3 });
    many.add([...large.rows.keys()], flat(large.rows));
    expect(new Standing().standIns(new Coverage(many, many.ordinals(), 1), many, [...Array(101).keys()])).toBeNull();
  });

  it('are the row itself where the rows around it cancel out', () => {
    const opposite = new RowStore({ dim: 2, classCount: 2 });
    opposite.add([0, 1, 2], Float32Array.from([1, 0, -1, 0, 0, 0]));
    const [standIn] = new Standing().standIns(new Coverage(opposite, opposite.ordinals(), 1), opposite, [2])!;
    expect([...standIn!]).toEqual([0, 0]);
  });
});

describe('weights of labels', () => {
  it('are the shares of the pool, mean 1, as labels come and go', () => {
    const standing = new Standing();
    const seen = coverage();
    for (const labeled of [[7], [7, 3], [3, 7, 20, 41], [3, 20], [3, 20, 50]]) {
      const weights = standing.weights(seen, labeled);
      close(weights, slowWeights(labeled));
      expect(weights.reduce((sum, v) => sum + v, 0)).toBeCloseTo(labeled.length, 3);
    }
  });

  it('do not depend on the order in which labels came', () => {
    const seen = coverage();
    const gradual = new Standing();
    for (const labeled of [[40], [40, 12], [40, 12, 5]]) gradual.weights(seen, labeled);
    close(gradual.weights(seen, [5, 12, 40]), [...new Standing().weights(seen, [5, 12, 40])]);
  });

  it('give exact duplicates to the lowest of them, and every label counts for itself', () => {
    const same = pool.rows.map(() => pool.rows[0]!);
    const weights = new Standing().weights(coverage(same), [4, 9]);
    expect(weights[0]! / weights[1]!).toBeCloseTo(61, 3);
  });

  it('are equal when labels outnumber what stands for the pool', () => {
    const store = new RowStore({ dim: pool.dim, classCount: pool.classCount });
    store.add([...pool.rows.keys()], flat(pool.rows));
    const small = new Coverage(store, store.ordinals(), 1, 10);
    expect(new Set(new Standing().weights(small, [...Array(11).keys()]))).toEqual(new Set([1]));
  });
});

/** Lazy greedy coverage picks what the obvious greedy picks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { herd } from '../../src/sampling/herd.ts';
import { Coverage, RowStore } from '../../src/sampling/index.ts';
import { flat } from '../heads/reference.ts';
import { testPool } from './pool.ts';

const pool = testPool('herd', 40, 6, 3);

function slowDistance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, v, j) => sum + (v - b[j]!) ** 2, 0));
}

/** Half as many neighbours as fall to each label, in steps of two from 5: 20 of 40 rows with one label, 5 with four. */
const slowReach = (labels: number): number => [20, 20, 10, 5][labels] ?? 5;

/** Distances to the nearest other rows, ascending. */
const slowNear = pool.rows.map((row, i) =>
  pool.rows
    .filter((_, j) => j !== i)
    .map((other) => slowDistance(row, other))
    .sort((a, b) => a - b),
);

function slowKernel(kernel: 'wide' | 'tuned', labels: number, i: number, j: number): number {
  const square = slowDistance(pool.rows[i]!, pool.rows[j]!) ** 2;
  return Math.exp(
    -square / (kernel === 'wide' ? 1 : slowNear[i]![slowReach(labels) - 1]! * slowNear[j]![slowReach(labels) - 1]!),
  );
}

/** Walks along `picks` and returns, for each, its gain and the best gain there was at that moment. */
function slowGains(
  kernel: 'wide' | 'tuned',
  candidates: number[],
  labeled: number[],
  worth: number[],
  picks: number[],
) {
  const inside = [...labeled];
  return picks.map((pick) => {
    const covered = worth.map((_, j) => Math.max(0, ...inside.map((i) => slowKernel(kernel, labeled.length, i, j))));
    const gain = (i: number): number =>
      worth.reduce((sum, u, j) => sum + u * Math.max(0, slowKernel(kernel, labeled.length, i, j) - covered[j]!), 0);
    const best = Math.max(...candidates.filter((i) => !inside.includes(i)).map(gain));
    const own = gain(pick);
    inside.push(pick);
    return { own, best };
  });
}

function coverage(): Coverage {
  const rows = new RowStore({ dim: pool.dim, classCount: pool.classCount });
  rows.add([...pool.rows.keys()], flat(pool.rows));
  return new Coverage(rows, rows.ordinals(), 1);
}

describe('herd', () => {
  it.each(['wide', 'tuned'] as const)('equals the slow greedy with the %s kernel', (kernel) => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(39), { maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 40, maxLength: 40 }),
        (labeled, eighths) => {
          const candidates = [...pool.rows.keys()].filter((i) => !labeled.includes(i));
          const worth = eighths.map((v) => v / 8);
          const fast = herd(
            {
              coverage: coverage(),
              kernel,
              candidates: Int32Array.from(candidates),
              labeled: Int32Array.from(labeled).sort(),
              pending: new Int32Array(0),
              worth: Float32Array.from(worth),
            },
            12,
          );
          expect(fast).toHaveLength(12);
          const slow = slowGains(kernel, candidates, labeled, worth, [...fast.map((pick) => pick.ordinal)]);
          for (const [i, { own, best }] of slow.entries()) {
            expect(fast[i]!.score).toBeCloseTo(own, 4);
            expect(own).toBeGreaterThan(best - 1e-4);
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it('remembers what labels cover, and forgets it when a label goes', () => {
    const kept = coverage();
    for (const labels of [[1], [1, 5], [1, 5, 9], [5, 9], [2]]) {
      const labeled = Int32Array.from(labels);
      const fresh = coverage().coveredBy('tuned', labeled, new Int32Array(0));
      expect(kept.coveredBy('tuned', labeled, new Int32Array(0))).toEqual(fresh);
    }
  });
});

/** Lazy greedy coverage picks what the obvious greedy picks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantise } from '../../src/core/order.ts';
import { herd } from '../../src/sampling/herd.ts';
import { Coverage, RowStore } from '../../src/sampling/index.ts';
import { flat } from '../heads/reference.ts';
import { testPool } from './pool.ts';

const pool = testPool('herd', 40, 6, 3);

function slowDistance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, v, j) => sum + (v - b[j]!) ** 2, 0));
}

/** Distance to the 20th nearest other row. */
const slowScale = pool.rows.map(
  (row, i) =>
    pool.rows
      .filter((_, j) => j !== i)
      .map((other) => slowDistance(row, other))
      .sort((a, b) => a - b)[19]!,
);

function slowKernel(kernel: 'wide' | 'tuned', i: number, j: number): number {
  const square = slowDistance(pool.rows[i]!, pool.rows[j]!) ** 2;
  return Math.exp(-square / (kernel === 'wide' ? 1 : slowScale[i]! * slowScale[j]!));
}

function slowHerd(kernel: 'wide' | 'tuned', candidates: number[], labeled: number[], worth: number[], k: number) {
  const inside = [...labeled];
  const picks: { ordinal: number; score: number }[] = [];
  const covered = (j: number): number => Math.max(0, ...inside.map((i) => slowKernel(kernel, i, j)));
  while (picks.length < k && picks.length < candidates.length) {
    const left = candidates.filter((i) => !picks.some((pick) => pick.ordinal === i));
    const gains = left.map((i) =>
      worth.reduce((sum, u, j) => sum + u * Math.max(0, slowKernel(kernel, i, j) - covered(j)), 0),
    );
    const best = left.map((_, place) => place).reduce((a, b) => (quantise(gains[b]!) > quantise(gains[a]!) ? b : a));
    picks.push({ ordinal: left[best]!, score: gains[best]! });
    inside.push(left[best]!);
  }
  return picks;
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
          const slow = slowHerd(kernel, candidates, labeled, worth, 12);
          for (const [i, pick] of slow.entries()) expect(fast[i]!.score).toBeCloseTo(pick.score, 4);
          const clear = slow.every((pick, i) => i === 0 || slow[i - 1]!.score - pick.score > 1e-4);
          if (clear) expect(fast.map((pick) => pick.ordinal)).toEqual(slow.map((pick) => pick.ordinal));
        },
      ),
      { numRuns: 15 },
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

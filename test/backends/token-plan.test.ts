import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutWindows, meanOfWindows, planByLength } from '../../src/backends/token-plan.ts';
import { gaussian, seededRandom } from '../../src/core/random.ts';

const paddedTokens = (lengths: readonly number[], plan: readonly number[][]): number =>
  plan.reduce((sum, group) => sum + group.length * Math.max(...group.map((i) => lengths[i]!)), 0);

describe('token windows', () => {
  it('cuts a text into at most so many windows and reads nothing twice', () => {
    const ids = Int32Array.from({ length: 300 }, (_, i) => i);
    const windows = cutWindows([ids, ids.subarray(0, 128), ids.subarray(0, 129), new Int32Array(0)], 128, 2);
    expect(windows.map((window) => [window.item, window.ids[0], window.ids.length])).toEqual([
      [0, 0, 128],
      [0, 128, 128],
      [1, 0, 128],
      [2, 0, 128],
      [2, 128, 1],
      [3, undefined, 0],
    ]);
  });

  it('averages the windows of an item to a row of unit length', () => {
    const windows = [0, 0, 1].map((item) => ({ item, ids: new Int32Array(1) }));
    const rows = meanOfWindows(Float32Array.of(1, 0, 0, 1, 0, 1), windows, 2, 2);
    expect(rows[0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect([...rows].slice(1)).toEqual([rows[0], 0, 1]);
  });
});

describe('plan by length', () => {
  it('runs every window once, within the budget, whatever the lengths', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 50 }), (all, budget, call) => {
        const plan = planByLength(all, budget, call);
        expect(plan.flat().sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
        for (const group of plan) {
          const longest = Math.max(...group.map((i) => all[i]!));
          expect(group.length === 1 || group.length * longest <= budget).toBe(true);
          expect(group.reduce((waste, i) => waste + longest - all[i]!, 0)).toBeLessThanOrEqual(call);
        }
      }),
    );
  });

  it('wastes little on texts of log-normal length', () => {
    const random = seededRandom('lengths');
    const lengths = Array.from({ length: 400 }, () => Math.min(256, Math.ceil(Math.exp(3.4 + 0.7 * gaussian(random)))));
    const tokens = lengths.reduce((a, b) => a + b, 0);
    expect(paddedTokens(lengths, planByLength(lengths, 1_024, 8)) / tokens).toBeLessThan(1.05);
  });
});

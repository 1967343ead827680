/** Selection equals a full sort. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareByScore } from '../../src/core/order.ts';
import { kthSmallest, topK } from '../../src/sampling/select.ts';

const scores = fc.array(fc.oneof(fc.float({ noNaN: true, min: 0, max: 1 }), fc.constantFrom(0, 0.5, 1)), {
  maxLength: 80,
});

describe('topK', () => {
  it('equals sorting everything, ties by the lowest ordinal', () => {
    fc.assert(
      fc.property(scores, fc.nat(90), (values, k) => {
        const ordinals = Int32Array.from(values, (_, i) => 3 * i);
        const sorted = values
          .map((score, i) => ({ ordinal: 3 * i, score }))
          .sort((a, b) => compareByScore(a.score, a.ordinal, b.score, b.ordinal));
        expect(topK(ordinals, Float64Array.from(values), k)).toEqual(sorted.slice(0, k));
      }),
    );
  });

  it('puts scores that are no numbers last', () => {
    expect(topK(Int32Array.of(1, 2, 3), Float64Array.of(Number.NaN, 0, 1), 3).map((pick) => pick.ordinal)).toEqual([
      3, 2, 1,
    ]);
  });
});

describe('kthSmallest', () => {
  it('equals sorting', () => {
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 90 }), (values, k) => {
        const sorted = Float32Array.from(values).sort();
        const expected = sorted.length === 0 ? Number.NaN : sorted[Math.min(k, sorted.length) - 1]!;
        expect(kthSmallest(Float32Array.from(values), k)).toBe(expected);
      }),
    );
  });
});

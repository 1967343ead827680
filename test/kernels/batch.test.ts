/** k-center and BADGE pick what a float64 run picks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../src/core/random.ts';
import { badgeSample, kCenterGreedy, loadMatrix, raceUniform } from '../../src/kernels/index.ts';
import {
  chunk,
  countedHeap,
  gaussianRows,
  gradientEmbedding,
  highest,
  kCenterOf,
  randomProbabilities,
  squareBetween,
} from './reference.ts';

describe('kCenterGreedy', () => {
  it('picks the rows of a float64 run, in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.nat(119), { maxLength: 4 }),
        fc.boolean(),
        fc.nat(1_000),
        (n, d, count, marked, normalise, seed) => {
          const { heap, calls } = countedHeap();
          const { matrix } = loadMatrix(heap, gaussianRows(seed, n, d), d, { normalise });
          const centers = [...new Set(marked.filter((row) => row < n))];
          const picks = kCenterGreedy(heap, matrix, { count, centers, first: n - 1 });
          const rows = chunk(matrix.data, matrix.stride);
          expect([...picks.rows]).toEqual(kCenterOf(rows, count, centers, n - 1));
          if (picks.rows.length > 0 || centers.length > 0) expect(calls.get('kCenterStep')).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('decides near-ties in float64: thousands of rows a few roundings apart', () => {
    const { heap } = countedHeap();
    const n = 3_000;
    const source = gaussianRows(9, n, 3).map((value, i) => Math.round(value * 2) / 2 + (i % 5) * 1e-7);
    const { matrix } = loadMatrix(heap, source, 3);
    const picks = kCenterGreedy(heap, matrix, { count: 40, first: 0 });
    expect([...picks.rows]).toEqual(kCenterOf(chunk(matrix.data, matrix.stride), 40, [], 0));
    expect(picks.refinedSteps).toBeGreaterThan(5);
  });

  it('takes equal rows once each, lowest first, and stops when rows run out', () => {
    const { heap } = countedHeap();
    const { matrix } = loadMatrix(heap, new Float32Array(5 * 4).fill(1), 4, { normalise: true });
    expect([...kCenterGreedy(heap, matrix, { count: 9, exclude: [1] }).rows]).toEqual([0, 2, 3, 4]);
    expect([...kCenterGreedy(heap, matrix, { count: 2, centers: [0, 1, 2, 3, 4] }).rows]).toEqual([]);
  });
});

describe('badgeSample', () => {
  it('picks the rows of a float64 run on written-out gradient embeddings', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 2, max: 7 }),
        fc.integer({ min: 0, max: 15 }),
        fc.nat(1_000),
        (n, d, c, count, seed) => {
          const { heap, calls } = countedHeap();
          const { matrix } = loadMatrix(heap, gaussianRows(seed, n, d), d);
          const p = randomProbabilities(seed, n, c);
          const picks = badgeSample(heap, matrix, p, c, { count, seed });
          const tables = chunk(p, c);
          const embeddings = chunk(matrix.data, matrix.stride).map((row, i) => gradientEmbedding(row, tables[i]!));
          expect([...picks.rows]).toEqual(badgeOf(embeddings, count, seed));
          if (picks.rows.length > 0) expect(calls.get('badgeStep')).toBe(picks.rows.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('draws in proportion to the squared distance: far rows win as often as they should', () => {
    const { heap } = countedHeap();
    // Embeddings along one line: the first pick is row 0, rows 1..4 lie at squared distances 1, 4, 9, 16 times a unit.
    const { matrix } = loadMatrix(heap, new Float32Array([10, 9, 8, 7, 6]), 1);
    const p = new Float32Array(Array.from({ length: 5 }, () => [0.5, 0.5]).flat());
    const wins = [0, 0, 0, 0, 0];
    const draws = 3_000;
    for (let seed = 0; seed < draws; seed++) wins[badgeSample(heap, matrix, p, 2, { count: 2, seed }).rows[1]!]!++;
    [1, 4, 9, 16].forEach((weight, i) => {
      const share = weight / 30;
      const deviation = Math.sqrt(draws * share * (1 - share));
      expect(Math.abs(wins[i + 1]! - draws * share)).toBeLessThan(4 * deviation);
    });
  });

  it('still fills the batch when nothing is left to gain, and leaves excluded rows alone', () => {
    const { heap } = countedHeap();
    const { matrix } = loadMatrix(heap, new Float32Array(6 * 3).fill(1), 3);
    const sure = new Float32Array(Array.from({ length: 6 }, () => [1, 0]).flat());
    const picks = badgeSample(heap, matrix, sure, 2, { count: 10, seed: 1, exclude: [2], centers: [5] });
    expect([...picks.rows].sort()).toEqual([0, 1, 3, 4]);
  });
});

describe('raceUniform', () => {
  it('is the number the module draws', () => {
    const { heap, calls } = countedHeap();
    const n = 1_003;
    const [weights, upper] = [heap.f32(n).fill(1), heap.f32(n)];
    for (const seed of [0, 1, -5, 0x7fffffff]) {
      heap.kernels.race(heap.address(weights), n, seed, 0, heap.address(upper));
      for (let row = 0; row < n; row++) {
        const ratio = upper[row]! * -Math.log(raceUniform(seed, row));
        expect(ratio).toBeGreaterThanOrEqual(1);
        expect(ratio).toBeLessThan(1 + 2.5e-6);
      }
    }
    expect(calls.get('race')).toBe(4);
  });
});

/** k-means++ sampling by the same exponential race, everything in float64. */
function badgeOf(embeddings: readonly number[][], count: number, seed: number): number[] {
  const least = embeddings.map(() => Number.POSITIVE_INFINITY);
  const picks: number[] = [];
  while (picks.length < Math.min(count, embeddings.length)) {
    const key = picks.length === 0 ? lengths(embeddings) : ratios(least, hash32(String(picks.length - 1), seed) | 0);
    const pick = highest(key.map((value, row) => (picks.includes(row) ? -1 : value)));
    picks.push(pick);
    embeddings.forEach((row, i) => {
      least[i] = Math.min(least[i]!, squareBetween(row, embeddings[pick]!));
    });
  }
  return picks;
}

function lengths(embeddings: readonly number[][]): number[] {
  return embeddings.map((row) => row.reduce((sum, value) => sum + value * value, 0));
}

function ratios(weights: readonly number[], seed: number): number[] {
  return weights.map((weight, row) => weight / -Math.log(raceUniform(seed, row)));
}

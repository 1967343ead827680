/** Scores and exact ranking against a full float64 sort, floods of ties included. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exactLogitScore,
  exactProbabilityScore,
  rankLogits,
  rankProbabilities,
  rankTop,
  type ScoreName,
  scoreError,
  scoreLogits,
  scoreProbabilities,
} from '../../src/kernels/index.ts';
import { chunk, countedHeap, gaussianRows, randomProbabilities, scoreOf, softmax, topOf } from './reference.ts';

const NAMES: readonly ScoreName[] = ['margin', 'leastConfidence', 'entropy'];
const nameOf = fc.constantFrom(...NAMES);
const classesOf = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(77, 1_000));
const spreadOf = fc.constantFrom(0, 0.01, 1, 5, 40);

describe('scoreProbabilities', () => {
  it('stays within its promised error of float64', () => {
    fc.assert(
      fc.property(
        nameOf,
        fc.integer({ min: 1, max: 40 }),
        classesOf,
        spreadOf,
        fc.nat(1_000),
        (name, n, c, spread, seed) => {
          const { heap, calls } = countedHeap();
          const table = heap.copy(randomProbabilities(seed, n, c, spread));
          const out = heap.f32(n);
          scoreProbabilities(heap, name, table, c, out);
          chunk(table, c).forEach((row, i) => {
            expect(Math.abs(out[i]! - scoreOf(name, row))).toBeLessThan(scoreError('probabilities', name, c));
            expect(exactProbabilityScore(name, table, c, i)).toBeCloseTo(scoreOf(name, row), 12);
          });
          expect(calls.get(name)).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is exact for certainty and never negative', () => {
    const { heap } = countedHeap();
    const table = heap.copy([1, 0, 0, 0, 1, 0]);
    const out = heap.f32(2);
    for (const name of NAMES) {
      scoreProbabilities(heap, name, table, 3, out);
      expect(out.every((score) => score >= 0 && score < 1e-6)).toBe(true);
    }
  });
});

describe('scoreLogits', () => {
  it('stays within its promised error, with a rank-one change of the head applied in the same pass', () => {
    fc.assert(
      fc.property(
        nameOf,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 160 }),
        spreadOf,
        fc.boolean(),
        fc.nat(1_000),
        (name, n, c, spread, changed, seed) => {
          const { heap, calls } = countedHeap();
          const logits = heap.copy(gaussianRows(seed, n, c).map((value) => value * spread));
          const update = { u: heap.copy(gaussianRows(seed + 1, n, 1)), e: heap.copy(gaussianRows(seed + 2, c, 1)) };
          const moved = Array.from(logits, (value, i) =>
            changed ? Math.fround(value + Math.fround(update.u[Math.floor(i / c)]! * update.e[i % c]!)) : value,
          );
          const out = heap.f32(n);
          scoreLogits(heap, name, logits, c, out, { scale: 1.5, ...(changed ? { update } : {}) });
          expect([...logits]).toEqual(moved);
          chunk(moved, c).forEach((row, i) => {
            const exact = scoreOf(name, softmax(row.map((value) => value * 1.5)));
            expect(Math.abs(out[i]! - exact)).toBeLessThan(scoreError('logits', name, c));
            expect(exactLogitScore(name, logits, c, i, 1.5)).toBeCloseTo(exact, 11);
          });
          expect(calls.get('scoreLogits')).toBe(1);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('rankProbabilities and rankLogits', () => {
  it('give the list and order of a full float64 sort', () => {
    fc.assert(
      fc.property(
        nameOf,
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(1, 2, 3, 10, 40),
        spreadOf,
        fc.integer({ min: 1, max: 400 }),
        fc.nat(1_000),
        (name, n, c, spread, k, seed) => {
          const { heap, calls } = countedHeap();
          const table = heap.copy(randomProbabilities(seed, n, c, spread));
          const ranked = rankProbabilities(heap, name, table, c, { k });
          expect([...ranked.rows]).toEqual(
            topOf(
              chunk(table, c).map((row) => scoreOf(name, row)),
              k,
            ),
          );
          const logits = heap.copy(gaussianRows(seed, n, c).map((value) => value * spread));
          const scores = Array.from({ length: n }, (_, i) => exactLogitScore(name, logits, c, i));
          expect([...rankLogits(heap, name, logits, c, { k }).rows]).toEqual(topOf(scores, k));
          expect(calls.get('select')).toBe(2);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['middling', 2, 'select'],
    ['nearly uniform', 1e-4, 'flood'],
  ])('finds the same top 500 among 60,000 %s rows', (_, spread, path) => {
    const { heap } = countedHeap();
    const table = heap.copy(randomProbabilities(5, 60_000, 5, spread));
    for (const name of NAMES) {
      const ranked = rankProbabilities(heap, name, table, 5, { k: 500 });
      if (name === 'entropy') expect(ranked.path).toBe(path);
      expect([...ranked.rows]).toEqual(
        topOf(
          chunk(table, 5).map((row) => scoreOf(name, row)),
          500,
        ),
      );
    }
  });

  it('survives a flood of ties: few levels, or no evidence at all yet', () => {
    const n = 60_000;
    for (const levels of [1, 4, 64]) {
      const { heap } = countedHeap();
      const table = heap.f32(n * 2);
      for (let i = 0; i < n; i++) {
        const p = 0.5 + ((i * 7_919) % levels) / (2 * levels);
        table.set([p, 1 - p], 2 * i);
      }
      const expected = chunk(table, 2).map((row) => scoreOf('margin', row));
      const ranked = rankProbabilities(heap, 'margin', table, 2, { k: 1_000 });
      expect([...ranked.rows]).toEqual(topOf(expected, 1_000));
      if (levels < 64) expect(ranked.path).toBe('flood');
      const ids = Array.from({ length: n }, (_, i) => (i * 48_271) % 60_013);
      expect([...rankProbabilities(heap, 'margin', table, 2, { k: 100, ids }).rows]).toEqual(topOf(expected, 100, ids));
    }
    const { heap } = countedHeap();
    const blank = rankLogits(heap, 'margin', heap.f32(n * 10), 10, { k: 20 });
    expect([...blank.rows]).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect([...blank.scores]).toEqual(Array.from({ length: 20 }, () => 1));
  });
});

describe('rankTop', () => {
  it('equals a full sort for any scores, ids, exclusions and k', () => {
    const score = fc.oneof(
      fc.constantFrom(0, 0.5, 0.5000004, 0.5000006, 1),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(score, { maxLength: 200 }),
        fc.nat(250),
        fc.array(fc.nat(199)),
        fc.boolean(),
        (list, k, out, shuffled) => {
          const { heap, calls } = countedHeap();
          const scores = heap.copy(list);
          const exclude = out.filter((row) => row < list.length);
          const plain = Array.from(scores, (value, row) => (exclude.includes(row) ? Number.NEGATIVE_INFINITY : value));
          const ids = list.map((_, row) => (shuffled ? (row * 101) % 211 : row));
          const ranked = rankTop(heap, scores, { k, ids, exclude });
          expect([...ranked.rows]).toEqual(topOf(plain, k, ids));
          expect(calls.get('select')).toBe(k > 0 && list.length > 0 ? 1 : undefined);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps its promise on ascending, descending and saw-toothed scores', () => {
    const n = 50_000;
    const shapes = [(i: number) => i / n, (i: number) => 1 - i / n, (i: number) => ((i * 7) % 1_000) / 1_000];
    for (const shape of shapes) {
      const { heap } = countedHeap();
      const scores = heap.copy(Array.from({ length: n }, (_, i) => shape(i)));
      expect([...rankTop(heap, scores, { k: 300 }).rows]).toEqual(topOf([...scores], 300));
    }
  });

  it.each(['margin', 'leastConfidence', 'entropy'] as const)(
    'by %s leaves out rows that are no probabilities',
    (name) => {
      const { heap } = countedHeap();
      const sure = [0.9, 0.06, 0.04];
      const good = Array.from({ length: 8 }, (_, i) => [0.8 - i / 50, 0.15 + i / 100, 0.05 + i / 100]);
      const bad = [
        [Number.NaN, 0.5, 0.5],
        [0.5, Number.NaN, 0.5],
        [0.5, 0.5, Number.NaN],
        [0.6, 0.6, -0.2],
      ];
      const table = heap.copy([sure, ...bad, ...good].flat());
      expect([...rankProbabilities(heap, name, table, 3, { k: 3 }).rows]).toEqual([12, 11, 10]);
      expect(rankProbabilities(heap, name, table, 3, { k: 20 }).rows).toHaveLength(9);
    },
  );

  it('never returns a row without a number', () => {
    const { heap } = countedHeap();
    const scores = heap.copy([Number.NaN, 0.1, Number.NEGATIVE_INFINITY, 0.3, Number.NaN]);
    expect([...rankTop(heap, scores, { k: 5 }).rows]).toEqual([3, 1]);
  });
});

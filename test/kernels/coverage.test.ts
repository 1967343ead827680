/** Kernel rows, coverage gains and neighbour lists against float64. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom, shuffle } from '../../src/core/random.ts';
import {
  allocNeighbours,
  coverageGains,
  coverWith,
  kernelFromSquares,
  loadMatrix,
  mergeTopK,
  nearestByDot,
  rowOf,
  squaredDistances,
} from '../../src/kernels/index.ts';
import { chunk, countedHeap, dotOf, gaussianRows, squareBetween } from './reference.ts';

const shape = {
  m: fc.integer({ min: 1, max: 20 }),
  n: fc.integer({ min: 1, max: 300 }),
  d: fc.integer({ min: 1, max: 40 }),
};

describe('how close rows are', () => {
  it('is exp(-a_i a_j |x_i - x_j|^2), wide and self-tuned', () => {
    fc.assert(
      fc.property(shape.n, shape.d, fc.boolean(), fc.nat(1_000), (n, d, tuned, seed) => {
        const { heap, calls } = countedHeap();
        const { matrix } = loadMatrix(heap, gaussianRows(seed, n, d), d, { normalise: true });
        const [own, ...more] = gaussianRows(seed + 1, n + 1, 1).map((v) => 1 + Math.abs(v));
        const scales = tuned ? heap.copy(more) : undefined;
        const squares = heap.f32(n);
        const out = heap.f32(n);
        squaredDistances(heap, matrix, rowOf(matrix, n >> 1), squares);
        kernelFromSquares(heap, squares, out, tuned ? own : 1, scales);
        const rows = chunk(matrix.data, matrix.stride);
        rows.forEach((other, j) => {
          const a = scales ? own! * scales[j]! : 1;
          const exact = Math.exp(-a * squareBetween(rows[n >> 1]!, other));
          expect(Math.abs(out[j]! - exact)).toBeLessThan(3e-6 * Math.max(1, a));
        });
        expect(calls.get('rbf')).toBe(1);
      }),
      { numRuns: 25 },
    );
  });

  it('gives squared distances that are never negative', () => {
    const { heap, calls } = countedHeap();
    const { matrix } = loadMatrix(heap, gaussianRows(4, 50, 33), 33);
    const out = heap.f32(50);
    squaredDistances(heap, matrix, rowOf(matrix, 7), out);
    const rows = chunk(matrix.data, matrix.stride);
    out.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeCloseTo(squareBetween(rows[i]!, rows[7]!), 3);
    });
    expect([calls.get('matvec'), calls.get('squaresFromDots')]).toEqual([1, 1]);
  });
});

describe('coverage', () => {
  it('counts only what a candidate adds, and nothing once it is covered', () => {
    fc.assert(
      fc.property(shape.m, fc.integer({ min: 1, max: 1_500 }), fc.nat(1_000), (m, n, seed) => {
        const { heap, calls } = countedHeap();
        const unit = (s: number, count: number) => heap.copy(gaussianRows(s, count, 1).map((v) => Math.abs(v) % 1));
        const [kernel, coverage, weights] = [unit(seed, m * n), unit(seed + 1, n), unit(seed + 2, n)];
        const out = heap.f64(m);
        coverageGains(heap, kernel, coverage, weights, out);
        chunk(kernel, n).forEach((row, i) => {
          const exact = row.reduce((sum, k, j) => sum + weights[j]! * Math.max(0, k - coverage[j]!), 0);
          expect(Math.abs(out[i]! - exact)).toBeLessThanOrEqual(1e-6 * exact + 1e-9);
        });
        const first = kernel.subarray(0, n);
        const expected = Array.from(coverage, (value, j) => Math.max(value, first[j]!));
        coverWith(heap, coverage, first);
        expect([...coverage]).toEqual(expected);
        coverageGains(heap, kernel, coverage, weights, out);
        expect(out[0]).toBe(0);
        expect([calls.get('gains'), calls.get('coverWith')]).toEqual([2, 1]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('neighbour lists', () => {
  it('hold the k nearest of each row whatever the order of blocks, ties by id', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(1_000),
        (n, k, width, seed) => {
          const { heap, calls } = countedHeap();
          // Few levels, so that many similarities are equal.
          const table = gaussianRows(seed, n, n).map((value) => Math.round(value * 3));
          const lists = allocNeighbours(heap, n, k);
          const starts = Array.from({ length: Math.ceil(n / width) }, (_, b) => b * width);
          for (const firstColumn of shuffle(starts, seededRandom(seed))) {
            const columns = Math.min(width, n - firstColumn);
            const block = heap.f32(n * columns);
            for (let r = 0; r < n; r++)
              block.set(table.subarray(r * n + firstColumn, r * n + firstColumn + columns), r * columns);
            mergeTopK(heap, block, { firstRow: 0, rows: n, firstColumn, columns }, lists);
          }
          chunk(table, n).forEach((row, i) => {
            const order = row
              .map((_, j) => j)
              .filter((j) => j !== i)
              .sort((a, b) => row[b]! - row[a]! || a - b);
            const ids = [...lists.ids.subarray(i * k, (i + 1) * k)];
            expect(ids).toEqual(Array.from({ length: k }, (_, slot) => order[slot] ?? -1));
            expect([...lists.similarities.subarray(i * k, (i + 1) * k)]).toEqual(
              ids.map((j) => row[j] ?? Number.NEGATIVE_INFINITY),
            );
          });
          expect(calls.get('mergeTopK')).toBe(starts.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('finds exact nearest rows by inner product over several blocks of rows', () => {
    const { heap } = countedHeap();
    const [n, k] = [300, 5];
    const { matrix } = loadMatrix(heap, gaussianRows(11, n, 24), 24, { normalise: true });
    const lists = nearestByDot(heap, matrix, k);
    const rows = chunk(matrix.data, matrix.stride);
    rows.forEach((row, i) => {
      const order = rows
        .map((_, j) => j)
        .filter((j) => j !== i)
        .sort((a, b) => dotOf(rows[b]!, row) - dotOf(rows[a]!, row));
      expect([...lists.ids.subarray(i * k, (i + 1) * k)]).toEqual(order.slice(0, k));
    });
  });
});

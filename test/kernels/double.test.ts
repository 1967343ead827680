/** Float64 products against plain sums. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWeighted64, gemm64 } from '../../src/kernels/index.ts';
import { chunk, countedHeap, dotOf, gaussianRows } from './reference.ts';

const shape = {
  fours: fc.integer({ min: 1, max: 12 }),
  pairs: fc.integer({ min: 1, max: 6 }),
  halfStride: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(1_000),
};

describe('float64 products', () => {
  it('are those of plain sums to the twelfth digit, there and back', () => {
    fc.assert(
      fc.property(shape.fours, shape.pairs, shape.halfStride, shape.seed, (fours, pairs, halfStride, seed) => {
        const [n, c, stride] = [4 * fours, 2 * pairs, 2 * halfStride];
        const { heap, calls } = countedHeap();
        const filled = (count: number, more: number): Float64Array => {
          const values = heap.f64(count);
          values.set(gaussianRows(seed + more, count, 1).map((v) => v / 3));
          return values;
        };
        const [x, w, r, sums] = [filled(n * stride, 0), filled(c * stride, 1), filled(n * c, 2), filled(c * stride, 3)];
        const before = sums.slice();
        const out = heap.f64(n * c);
        gemm64(heap, x, w, stride, out);
        addWeighted64(heap, x, r, stride, sums);
        const [rows, columns] = [chunk(x, stride), chunk(w, stride)];
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < c; j++) expect(out[i * c + j]).toBeCloseTo(dotOf(rows[i]!, columns[j]!), 12);
        }
        for (let at = 0; at < sums.length; at++) {
          const [j, d] = [Math.floor(at / stride), at % stride];
          expect(sums[at]).toBeCloseTo(
            rows.reduce((sum, row, i) => sum + r[i * c + j]! * row[d]!, before[at]!),
            12,
          );
        }
        expect([calls.get('gemm64'), calls.get('addWeighted64')]).toEqual([1, 1]);
      }),
      { numRuns: 20 },
    );
  });
});

/** Products, softmax and ingest checks against float64. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addOuter,
  dot,
  firstNonFinite,
  gatherRows,
  gemm,
  loadMatrix,
  matvec,
  rowOf,
  softmaxRows,
  writeRows,
} from '../../src/kernels/index.ts';
import { chunk, countedHeap, dotOf, gaussianRows, softmax } from './reference.ts';

const shape = { n: fc.integer({ min: 1, max: 70 }), d: fc.integer({ min: 1, max: 70 }), seed: fc.nat(1_000) };

describe('matvec', () => {
  it('is the dot product of every row, for any shape', () => {
    fc.assert(
      fc.property(shape.n, shape.d, shape.seed, (n, d, seed) => {
        const { heap, calls } = countedHeap();
        const source = gaussianRows(seed, n, d);
        const { matrix } = loadMatrix(heap, source, d);
        const out = heap.f32(n);
        matvec(heap, matrix, rowOf(matrix, n - 1), out);
        const rows = chunk(source, d);
        rows.forEach((row, i) => {
          expect(out[i]!).toBeCloseTo(dotOf(row, rows[n - 1]!), 3);
        });
        expect(dot(heap, rowOf(matrix, 0), rowOf(matrix, n - 1))).toBe(out[0]);
        expect(calls.get('matvec')).toBe(2);
      }),
      { numRuns: 40 },
    );
  });
});

describe('addOuter', () => {
  it('changes every logit by one step, in float64', () => {
    fc.assert(
      fc.property(shape.n, fc.integer({ min: 1, max: 9 }), shape.seed, (n, c, seed) => {
        const { heap, calls } = countedHeap();
        const [before, u, e] = [n * c, n, c].map((count, i) => gaussianRows(seed + i, count, 1)) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        const out = heap.copy(before);
        addOuter(
          heap,
          out,
          heap.copy(u),
          0.25,
          Float64Array.from(e, (v) => v / 3),
        );
        for (let i = 0; i < n * c; i++) {
          expect(out[i]).toBe(Math.fround(before[i]! + (u[Math.floor(i / c)]! + 0.25) * (e[i % c]! / 3)));
        }
        expect(calls.get('addOuter')).toBe(1);
      }),
      { numRuns: 20 },
    );
  });
});

describe('gemm', () => {
  it('gives the logits of a head, for any number of classes', () => {
    fc.assert(
      fc.property(
        shape.n,
        shape.d,
        fc.integer({ min: 1, max: 150 }),
        fc.boolean(),
        shape.seed,
        (n, d, c, biased, seed) => {
          const { heap, calls } = countedHeap();
          const [x, w] = [gaussianRows(seed, n, d), gaussianRows(seed + 1, c, d)];
          const bias = gaussianRows(seed + 2, c, 1);
          const out = heap.f32(n * c + 1);
          out[n * c] = 7;
          gemm(
            heap,
            loadMatrix(heap, x, d).matrix,
            loadMatrix(heap, w, d).matrix,
            biased ? heap.copy(bias) : null,
            out,
          );
          const classes = chunk(w, d);
          chunk(x, d).forEach((row, i) => {
            classes.forEach((weights, j) => {
              expect(out[i * c + j]!).toBeCloseTo(dotOf(row, weights) + (biased ? bias[j]! : 0), 3);
            });
          });
          expect(out[n * c]).toBe(7);
          expect(calls.get('gemm')).toBe(1);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('softmaxRows', () => {
  it('equals float64 and sums to one, in place too, whatever the temperature', () => {
    fc.assert(
      fc.property(
        shape.n,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0.01, 1, 30),
        shape.seed,
        (n, c, scale, seed) => {
          const { heap, calls } = countedHeap();
          const logits = heap.copy(gaussianRows(seed, n, c));
          const out = heap.f32(n * c);
          softmaxRows(heap, logits, c, out, scale);
          const expected = chunk(logits, c).flatMap((row) => softmax(row.map((value) => value * scale)));
          out.forEach((value, i) => {
            expect(Math.abs(value - expected[i]!)).toBeLessThan(3e-6);
          });
          const before = Float32Array.from(out);
          softmaxRows(heap, logits, c, logits, scale);
          expect(logits).toEqual(before);
          expect(calls.get('softmaxRows')).toBe(2);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes extreme logits: the largest wins, nothing overflows', () => {
    const { heap } = countedHeap();
    const logits = heap.copy([1e30, -1e30, 0, 88, 88, -88]);
    softmaxRows(heap, logits, 3, logits);
    expect([...logits]).toEqual([1, 0, 0, 0.5, 0.5, 0]);
  });
});

describe('writeRows', () => {
  it('makes rows unit length, and names rows that cannot be compared instead of spreading NaN', () => {
    const { heap, calls } = countedHeap();
    const d = 20;
    const source = gaussianRows(1, 6, d);
    source[1 * d + 19] = Number.NaN;
    source.fill(0, 2 * d, 3 * d);
    source[4 * d] = Number.POSITIVE_INFINITY;
    source.fill(1e-30, 5 * d, 6 * d);
    const { matrix, faults } = loadMatrix(heap, source, d, { normalise: true });
    expect(faults).toEqual({ nonFinite: [1, 4], zero: [2] });
    for (const row of [1, 2, 4]) expect(rowOf(matrix, row).every((value) => value === 0)).toBe(true);
    for (const row of [0, 3, 5]) expect(matrix.squares[row]).toBeCloseTo(1, 6);
    expect(calls.get('measureRows')).toBe(1);
  });

  it('is the same as normalising in float64', () => {
    fc.assert(
      fc.property(shape.n, shape.d, shape.seed, (n, d, seed) => {
        const { heap } = countedHeap();
        const source = gaussianRows(seed, n, d);
        const { matrix } = loadMatrix(heap, source, d, { normalise: true });
        chunk(source, d).forEach((row, i) => {
          const length = Math.sqrt(dotOf(row, row));
          expect([...rowOf(matrix, i).subarray(0, d)]).toEqual(row.map((value) => Math.fround(value / length)));
        });
      }),
      { numRuns: 30 },
    );
  });

  it('replaces single rows and keeps their lengths in step', () => {
    const { heap } = countedHeap();
    const { matrix } = loadMatrix(heap, gaussianRows(3, 5, 7), 7);
    const faults = writeRows(heap, matrix, 3, new Float32Array([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]));
    expect(faults).toEqual({ nonFinite: [], zero: [3] });
    expect([...matrix.squares.subarray(3)]).toEqual([0, 4]);
    expect([...rowOf(gatherRows(heap, matrix, [4, 0]), 0).subarray(0, 7)]).toEqual([1, 1, 1, 1, 0, 0, 0]);
  });
});

describe('firstNonFinite', () => {
  it('finds the place of the first bad number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.nat(49),
        fc.constantFrom(Number.NaN, 1 / 0, -1 / 0),
        (n, at, bad) => {
          const { heap, calls } = countedHeap();
          const values = heap.f32(n);
          expect(firstNonFinite(heap, values)).toBe(-1);
          if (at < n) values[at] = bad;
          expect(firstNonFinite(heap, values)).toBe(at < n ? at : -1);
          expect(calls.get('firstNonFinite')).toBe(2);
        },
      ),
    );
  });
});

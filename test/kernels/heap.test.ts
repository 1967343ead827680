/** The heap: zeroed, aligned, given back in order, refusing what does not fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { HEAP_BYTES_MAX, KernelHeap, matvec, rowOf } from '../../src/kernels/index.ts';
import { allocMatrix } from '../../src/kernels/matrix.ts';

describe('KernelHeap', () => {
  it('hands out zeroed arrays that never overlap, also where memory is used again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 30 }), (lengths) => {
        const heap = new KernelHeap({ bytes: 1 << 20 });
        for (let round = 0; round < 2; round++) {
          const mark = heap.mark();
          const arrays = lengths.map((length) => heap.f32(length));
          for (const array of arrays) {
            expect(array.every((value) => value === 0)).toBe(true);
            expect(array.byteOffset % 16).toBe(0);
          }
          arrays.forEach((array, i) => {
            array.fill(i + 1);
          });
          arrays.forEach((array, i) => {
            expect(array.every((value) => value === i + 1)).toBe(true);
          });
          heap.release(mark);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keeps views valid: the memory never grows', () => {
    const heap = new KernelHeap({ bytes: 8 << 20 });
    const first = heap.f32(4);
    first.set([1, 2, 3, 4]);
    heap.f32(1_900_000);
    expect([...first]).toEqual([1, 2, 3, 4]);
  });

  it('says how much was asked for when it does not fit, and stays usable', () => {
    const heap = new KernelHeap({ bytes: 1 << 20 });
    expect(() => heap.f32(1 << 20)).toThrow(AppError);
    expect(heap.f32(1_000)).toHaveLength(1_000);
  });

  it('gives scratch back when the work throws', () => {
    const heap = new KernelHeap({ bytes: 1 << 20 });
    const before = heap.usedBytes;
    expect(() =>
      heap.scoped(() => {
        heap.f32(100);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(heap.usedBytes).toBe(before);
  });

  it('refuses more than 32-bit addresses reach', () => {
    expect(() => new KernelHeap({ bytes: HEAP_BYTES_MAX + 1 })).toThrow(AppError);
  });

  it('computes beyond the first 2 GiB', () => {
    const heap = new KernelHeap({ bytes: 3 * 2 ** 30 });
    heap.i32(2 ** 29 + 2 ** 27);
    const x = allocMatrix(heap, 3, 20);
    for (let i = 0; i < 3; i++) rowOf(x, i).fill(i + 1, 0, 20);
    const out = heap.f32(3);
    matvec(heap, x, rowOf(x, 1), out);
    expect([...out]).toEqual([40, 80, 120]);
  });

  it('treats an array from elsewhere as a bug', () => {
    const heap = new KernelHeap({ bytes: 1 << 20 });
    expect(() => heap.address(new Float32Array(4))).toThrow('heap');
    expect([...heap.adopt(new Float32Array([5]))]).toEqual([5]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Box, decodeYolov8, decodeYolox, overlap, suppressCopies } from '../../src/backends/boxes.ts';

const box: fc.Arbitrary<Box> = fc
  .tuple(
    fc.nat(100),
    fc.nat(100),
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 50 }),
    fc.nat(2),
    fc.nat(1000),
  )
  .map(([left, top, w, h, label, score]) => ({
    left,
    top,
    right: left + w,
    bottom: top + h,
    label,
    score: score / 1000,
  }));

describe('boxes', () => {
  it('overlap is symmetric, within 0..1, and 1 only with itself', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        expect(overlap(a, b)).toBe(overlap(b, a));
        expect(overlap(a, b)).toBeGreaterThanOrEqual(0);
        expect(overlap(a, b)).toBeLessThanOrEqual(1);
        expect(overlap(a, a)).toBeCloseTo(1, 12);
      }),
    );
  });

  it('suppression keeps the best of every crowd and nothing that copies a better one', () => {
    fc.assert(
      fc.property(fc.array(box, { maxLength: 30 }), (boxes) => {
        const kept = suppressCopies(boxes, 0.4);
        const copies = (a: Box, b: Box): boolean => a.label === b.label && overlap(a, b) > 0.4;
        for (const one of kept) expect(kept.filter((other) => other !== one && copies(one, other))).toEqual([]);
        for (const gone of boxes.filter((one) => !kept.includes(one))) {
          expect(kept.some((one) => copies(one, gone) && one.score >= gone.score)).toBe(true);
        }
      }),
    );
  });

  it('reads a YOLOX grid cell by cell', () => {
    const cells = 8 * 8 + 4 * 4 + 2 * 2;
    const raw = new Float32Array(cells * 7);
    raw.set([0.5, 0.25, Math.log(2), 0, 0.8, 0.1, 0.9], (64 + 5) * 7);
    const [only, ...others] = decodeYolox(raw, { width: 64, height: 64 }, 2, 0.3);
    expect(others).toEqual([]);
    // Stride 16, cell (1, 1): centre (24, 20), size 32 x 16.
    expect([only!.left, only!.right, only!.top, only!.bottom].map(Math.round)).toEqual([8, 40, 12, 28]);
    expect(only!.label).toBe(1);
    expect(only!.score).toBeCloseTo(0.72, 6);
  });

  it('reads a YOLOX grid that is wider than high', () => {
    const cells = 16 * 8 + 8 * 4 + 4 * 2;
    const raw = new Float32Array(cells * 6);
    // Stride 16, row 2, column 6 of 8: centre (104, 40), size 16 x 16.
    raw.set([0.5, 0.5, 0, 0, 0.9, 1], (16 * 8 + 2 * 8 + 6) * 6);
    const [only, ...others] = decodeYolox(raw, { width: 128, height: 64 }, 1, 0.3);
    expect(others).toEqual([]);
    expect([only!.left, only!.right, only!.top, only!.bottom].map(Math.round)).toEqual([96, 112, 32, 48]);
  });

  it('keeps a thousand boxes of a model that sees things everywhere, the best ones', () => {
    const boxes = Array.from({ length: 20_000 }, (_, i) => {
      const [left, top] = [2 * (i % 200), 2 * Math.floor(i / 200)];
      return { left, top, right: left + 1, bottom: top + 1, score: (i % 1_999) / 1_999, label: 0 };
    });
    const kept = suppressCopies(boxes, 0.4);
    expect(kept).toHaveLength(1_000);
    expect(kept.at(-1)!.score).toBeGreaterThan(0.94);
  });

  it('reads a YOLOv8 head column by column', () => {
    const raw = Float32Array.of(10, 50, 20, 60, 4, 8, 6, 2, 0.1, 0.2, 0.9, 0.05);
    const found = decodeYolov8(raw, 2, 0.3);
    expect(found.map(({ left, top, right, bottom, label }) => [left, top, right, bottom, label])).toEqual([
      [8, 17, 12, 23, 1],
    ]);
  });
});

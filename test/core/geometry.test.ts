import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Box,
  boundsOf,
  boxCorners,
  boxFromCorners,
  boxIou,
  boxToPercent,
  boxToPixels,
  ellipsePoints,
  maskIou,
  type Point,
  polygonArea,
  polygonIou,
  spanIou,
} from '../../src/core/geometry.ts';

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const box = fc.record({
  x: number(0, 100),
  y: number(0, 100),
  width: number(0.5, 60),
  height: number(0.5, 60),
  rotation: number(0, 359.9),
});
const image = fc.record({ width: fc.integer({ min: 1, max: 5000 }), height: fc.integer({ min: 1, max: 5000 }) });

/** Slow and obvious: which of 400 x 400 points are inside both, inside either. */
function sampledIou(a: readonly Point[], b: readonly Point[]): number {
  const { x, y, width, height } = boundsOf([...a, ...b]);
  let shared = 0;
  let union = 0;
  for (let i = 0; i < 400; i++) {
    for (let j = 0; j < 400; j++) {
      const at: Point = [x + ((i + 0.5) / 400) * width, y + ((j + 0.5) / 400) * height];
      const [inA, inB] = [isInside(a, at), isInside(b, at)];
      if (inA && inB) shared += 1;
      if (inA || inB) union += 1;
    }
  }
  return union === 0 ? 0 : shared / union;
}

function isInside(polygon: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  polygon.forEach(([x1, y1], i) => {
    const [x2, y2] = polygon[(i + 1) % polygon.length]!;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}

const close = (a: Box, b: Box, digits = 6) => {
  for (const key of ['x', 'y', 'width', 'height'] as const) expect(a[key]).toBeCloseTo(b[key], digits);
};

describe('boxes', () => {
  it('go to pixels and back', () => {
    fc.assert(fc.property(box, image, (one, size) => close(boxToPercent(boxToPixels(one, size), size), one)));
  });

  it('go to corners and back', () => {
    fc.assert(
      fc.property(box, (one) => {
        const back = boxFromCorners(boxCorners(one));
        close(back, one);
        expect(Math.cos(((back.rotation - one.rotation) * Math.PI) / 180)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('turn clockwise about the top-left corner', () => {
    const corners = boxCorners({ x: 10, y: 10, width: 4, height: 2, rotation: 90 });
    expect(corners).toEqual([
      [10, 10],
      [10, 14],
      [8, 14],
      [8, 10],
    ]);
  });
});

describe('overlap', () => {
  it('of boxes is symmetric, within 0..1, and 1 for a box with itself', () => {
    fc.assert(
      fc.property(box, box, (a, b) => {
        const iou = boxIou(a, b);
        expect(iou).toBeGreaterThanOrEqual(0);
        expect(iou).toBeLessThanOrEqual(1);
        expect(boxIou(b, a)).toBeCloseTo(iou, 9);
        expect(boxIou(a, a)).toBeCloseTo(1, 6);
      }),
    );
  });

  it('of upright boxes is the textbook value, with and without the polygon path', () => {
    const a = { x: 0, y: 0, width: 4, height: 4, rotation: 0 };
    const b = { x: 2, y: 2, width: 4, height: 4, rotation: 0 };
    expect(boxIou(a, b)).toBeCloseTo(4 / 28, 12);
    expect(polygonIou(boxCorners(a), boxCorners(b))).toBeCloseTo(4 / 28, 12);
    expect(boxIou(a, { ...a, x: 10 })).toBe(0);
    expect(boxIou({ ...a, width: 0 }, { ...a, width: 0 })).toBe(0);
  });

  it('of any two polygons is what counting points says', () => {
    const corner = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }));
    const polygon = fc.array(corner, { minLength: 3, maxLength: 7 });
    fc.assert(
      fc.property(polygon, polygon, (a, b) => {
        expect(polygonIou(a, b)).toBeCloseTo(sampledIou(a, b), 1);
      }),
      { numRuns: 25 },
    );
  });

  it('of a square and a concave polygon inside it is their ratio', () => {
    const square: Point[] = [
      [0, 0],
      [4, 0],
      [4, 4],
      [0, 4],
    ];
    const notch: Point[] = [
      [0, 0],
      [4, 0],
      [4, 4],
      [2, 2],
      [0, 4],
    ];
    expect(polygonIou(square, notch)).toBeCloseTo(polygonArea(notch) / 16, 12);
  });

  it('of ellipses follows their area', () => {
    const points = ellipsePoints({ x: 5, y: 5, radiusX: 3, radiusY: 2, rotation: 30 });
    expect(polygonArea(points)).toBeCloseTo(Math.PI * 6, 0);
    expect(polygonIou(points, points)).toBeCloseTo(1, 9);
  });

  it('of spans and masks counts what both have', () => {
    expect(spanIou(0, 4, 2, 6)).toBeCloseTo(2 / 6, 12);
    expect(spanIou(0, 1, 5, 6)).toBe(0);
    expect(spanIou(3, 3, 3, 3)).toBe(1);
    expect(maskIou(Uint8Array.of(1, 255, 0, 0), Uint8Array.of(0, 7, 7, 0))).toBeCloseTo(1 / 3, 12);
    expect(maskIou(new Uint8Array(4), new Uint8Array(4))).toBe(0);
  });
});

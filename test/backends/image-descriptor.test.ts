import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describePixels, IMAGE_DESCRIPTOR_DIM } from '../../src/backends/image-descriptor.ts';
import { createInferencePool } from '../../src/backends/pool.ts';

const SIDE = 64;

/** A picture painted pixel by pixel. */
function paint(colour: (x: number, y: number) => readonly [number, number, number]): Uint8Array {
  return Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return colour(pixel % SIDE, Math.floor(pixel / SIDE))[i % 3]!;
  });
}

const disc = (x: number, y: number, inside: number, outside: number) =>
  paint((px, py) => (Math.hypot(px - x, py - y) < 14 ? [inside, 80, 80] : [outside, outside, outside]));
const stripes = (width: number) => paint((x) => (Math.floor(x / width) % 2 ? [200, 200, 200] : [30, 30, 30]));

function cosine(a: Uint8Array, b: Uint8Array): number {
  const [left, right] = [describePixels(a), describePixels(b)];
  return left.reduce((sum, value, d) => sum + value * right[d]!, 0);
}

describe('image descriptor', () => {
  it('gives unit rows for any pixels, flat ones too', () => {
    const pixels = fc.uint8Array({ minLength: 3 * SIDE * SIDE, maxLength: 3 * SIDE * SIDE });
    fc.assert(
      fc.property(pixels, (any) => {
        expect(Math.hypot(...describePixels(any))).toBeCloseTo(1, 4);
      }),
      { numRuns: 10 },
    );
    expect(Math.hypot(...describePixels(paint(() => [128, 128, 128])))).toBeCloseTo(1, 4);
  });

  it('puts a shape near itself when it moves a little or the light changes, and far from another shape', () => {
    const shape = disc(30, 30, 220, 40);
    const other = stripes(6);
    expect(cosine(shape, disc(32, 31, 220, 40))).toBeGreaterThan(cosine(shape, other) + 0.2);
    expect(cosine(shape, disc(30, 30, 190, 60))).toBeGreaterThan(cosine(shape, other) + 0.2);
  });

  it('embeds encoded pictures through the pool and names what is none', async () => {
    const pool = createInferencePool({ hostsMax: 1 });
    onTestFinished(() => pool.close());
    const raw = { raw: { width: SIDE, height: SIDE, channels: 3 } } as const;
    const png = await sharp(disc(30, 30, 220, 40), raw)
      .png()
      .toBuffer();
    const items = [{ bytes: png }, { bytes: Buffer.from('no picture') }];
    const { rows, dim, failed } = await pool.embed('image-descriptor', items, { lane: 'bulk' });
    expect(dim).toBe(IMAGE_DESCRIPTOR_DIM);
    expect(rows.slice(0, dim)).toEqual(describePixels(disc(30, 30, 220, 40)));
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[1, 'BACKEND_BAD_ITEM']]);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBrush, encodeBrush } from '../../src/labelconfig/brush.ts';

/** Slow and obvious: the code as a string of zeros and ones. */
function referenceDecode(rle: readonly number[]): number[] {
  let bits = rle.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const read = (count: number) => {
    const value = Number.parseInt(bits.slice(0, count), 2);
    bits = bits.slice(count);
    return value;
  };
  const count = read(32);
  const word = read(5) + 1;
  const fields = [read(4) + 1, read(4) + 1, read(4) + 1, read(4) + 1];
  const values: number[] = [];
  while (values.length < count) {
    const isRun = read(1) === 1;
    const length = read(fields[read(2)]!) + 1;
    const run = isRun ? read(word) : -1;
    for (let i = 0; i < length; i++) values.push(isRun ? run : read(word));
  }
  return values.filter((_value, i) => i % 4 === 3);
}

/** A code with literal blocks, which our encoder does not write and Label Studio's editor does. */
function literalCode(values: readonly number[]): number[] {
  const bits = [
    values.length.toString(2).padStart(32, '0'),
    '00111',
    ...[2, 3, 7, 15].map((size) => size.toString(2).padStart(4, '0')),
    ...values.map((value) => `000000${value.toString(2).padStart(8, '0')}`),
  ].join('');
  return [...bits.matchAll(/.{1,8}/g)].map(([byte]) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

const mask = fc
  .tuple(
    fc.integer({ min: 1, max: 40 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.constantFrom(0, 0, 255, 128)), { minLength: 1 }),
  )
  .map(([width, runs]) => {
    const values = runs.flatMap(([length, value]) => new Array<number>(length).fill(value));
    const height = Math.max(1, Math.floor(values.length / width));
    return { width, height, mask: Uint8Array.from({ length: width * height }, (_unused, i) => values[i] ?? 0) };
  });

describe('brush code', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(mask, ({ width, height, mask }) => {
        const rle = encodeBrush(mask);
        expect(decodeBrush(rle, { width, height })).toEqual(mask);
        expect(referenceDecode([...rle])).toEqual([...mask]);
      }),
    );
  });

  it('encodes a view into a larger buffer', () => {
    const whole = Uint8Array.from({ length: 103 }, (_unused, i) => (i % 17 < 9 ? 255 : 0));
    for (const start of [0, 1, 2, 3]) {
      const part = whole.subarray(start, start + 96);
      expect(decodeBrush(encodeBrush(part), { width: 12, height: 8 })).toEqual(Uint8Array.from(part));
    }
  });

  it('splits runs that are longer than a field can say', () => {
    const mask = new Uint8Array(300 * 400).fill(255);
    expect(Buffer.compare(decodeBrush(encodeBrush(mask), { width: 300, height: 400 }), mask)).toBe(0);
  });

  it('reads literal blocks', () => {
    const values = [9, 9, 9, 1, 8, 8, 8, 2, 7, 7, 7, 3];
    expect([...decodeBrush(literalCode(values), { width: 3, height: 1 })]).toEqual([1, 2, 3]);
  });

  it('refuses damaged codes instead of hanging or guessing', () => {
    const rle = encodeBrush(Uint8Array.from({ length: 64 }, (_unused, i) => (i % 5 === 0 ? 255 : 0)));
    expect(() => decodeBrush(rle, { width: 9, height: 8 })).toThrow(/holds 256 values/);
    expect(() => decodeBrush(rle.subarray(0, 12), { width: 8, height: 8 })).toThrow(/ends too early/);
    expect(() => decodeBrush([], { width: 1, height: 1 })).toThrow(/holds 0 values/);
    expect(() => decodeBrush([255, 255, 255, 255], { width: 1e6, height: 1e6 })).toThrow(/pixels/);
  });

  const real = resolve(import.meta.dirname, '../../../shared/data/label-studio/image_tools/annotations/1.json');
  it.skipIf(!existsSync(real) && process.env.CI !== 'true')('reads a mask of the real editor (../shared/data)', () => {
    const saved = JSON.parse(readFileSync(real, 'utf8')) as {
      annotations: {
        result: { type: string; value: { rle: number[] }; original_width: number; original_height: number }[];
      }[];
    };
    const brush = saved.annotations[0]!.result.find((region) => region.type === 'brush')!;
    const size = { width: brush.original_width, height: brush.original_height };
    const decoded = decodeBrush(brush.value.rle, size);
    const painted = decoded.reduce((count, value) => count + (value === 0 ? 0 : 1), 0);
    expect(painted).toBeGreaterThan(1000);
    expect(painted).toBeLessThan(decoded.length / 2);
    expect(Buffer.compare(decodeBrush(encodeBrush(decoded), size), decoded)).toBe(0);
  });
});

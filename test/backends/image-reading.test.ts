import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/backends/image-decode.ts';
import { decodeFrame } from '../../src/backends/image-decode.ts';
import { type MaskOptions, readBoxes, readMasks, readPoints } from '../../src/backends/image-reading.ts';
import { seededRandom } from '../../src/core/random.ts';

const FRAME = { width: 100, height: 100 };

/** A picture of 400 x 200 in a frame of 100 x 100. */
const letterboxed: Frame = {
  pixels: new Uint8Array(0),
  source: { width: 400, height: 200 },
  scale: { x: 0.25, y: 0.25 },
  cut: { x: 0, y: 0 },
};
const covering: Frame = { ...letterboxed, scale: { x: 0.5, y: 0.5 }, cut: { x: 50, y: 0 } };
const stretched: Frame = { ...letterboxed, scale: { x: 0.25, y: 0.5 } };
const says = (values: readonly number[]) => () => Float32Array.from(values);
const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(4)));

describe('frames', () => {
  it.each([
    ['letterbox', letterboxed],
    ['cover', covering],
    ['fill', stretched],
  ] as const)('say where %s puts the picture', async (fit, expected) => {
    const bytes = await sharp({ create: { width: 400, height: 200, channels: 3, background: '#123456' } })
      .png()
      .toBuffer();
    const { pixels, ...place } = await decodeFrame(bytes, { ...FRAME, fit });
    expect(pixels).toHaveLength(30_000);
    expect(place).toEqual({ source: expected.source, scale: expected.scale, cut: expected.cut });
  });

  it('take pictures of one pixel', async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    for (const fit of ['letterbox', 'cover', 'fill'] as const) {
      expect((await decodeFrame(bytes, { ...FRAME, fit })).pixels.every((value) => value >= 114)).toBe(true);
    }
  });
});

describe('finished boxes', () => {
  const base = { scoreMin: 0.3, iouMax: 0.45, head: 'corners', output: 'boxes' } as const;

  it('with score and label in their rows are brought to shares of the picture, near copies left out', () => {
    const rows = [10, 10, 60, 40, 0.9, 7, 11, 10, 60, 40, 0.8, 7, 0, 0, 50, 25, 0.2, 1];
    const options = { ...base, order: 'xyxy', unit: 'pixels' } as const;
    expect(rounded(readBoxes(options, letterboxed, FRAME, says(rows)))).toEqual([0.1, 0.2, 0.5, 0.6, 0.9, 7]);
    expect(rounded(readBoxes(options, stretched, FRAME, says(rows)))).toEqual([0.1, 0.1, 0.5, 0.3, 0.9, 7]);
  });

  it('with scores and classes apart, y first, as shares of the frame', () => {
    const outputs: Record<string, number[]> = { boxes: [0.1, 0.2, 0.4, 0.7], scores: [0.6], classes: [3] };
    const options = { ...base, order: 'yxyx', unit: 'shares', scores: 'scores', classes: 'classes' } as const;
    const found = readBoxes(options, covering, FRAME, (name) => Float32Array.from(outputs[name]!));
    // Pixels 20..70 of the frame lie at 140..240 of the 400 of the picture.
    expect(rounded(found)).toEqual([0.35, 0.1, 0.25, 0.3, 0.6, 3]);
  });

  it('are cut at the edges of the picture', () => {
    const options = { ...base, order: 'xyxy', unit: 'pixels' } as const;
    const [x, y, width, height] = readBoxes(options, letterboxed, FRAME, says([-20, -5, 150, 90, 0.9, 0]));
    expect([x, y, width, height]).toEqual([0, 0, 1, 1]);
  });
});

describe('key points', () => {
  it('below the threshold are left out, the others keep their number as label', () => {
    const options = { output: 'points', order: 'yxs', unit: 'shares', scoreMin: 0.3 } as const;
    const points = readPoints(options, letterboxed, FRAME, says([0.25, 0.5, 0.9, 0.1, 0.1, 0.1, 0.4, 0.2, 0.5]));
    expect(rounded(points)).toEqual([0.5, 0.5, 0.9, 0, 0.2, 0.8, 0.5, 2]);
  });
});

describe('masks', () => {
  const size = { width: 4, height: 4, output: 'mask', layout: 'planes' } as const;

  it('keep only what lies on the picture', () => {
    const options = { ...size, labelCount: 1, activation: 'none' } as const;
    // The lower half of the frame is the grey ground under the picture.
    const cells = [0, 0.9, 0.7, 0, 0, 0, 0.8, 0, 1, 1, 1, 1, 1, 1, 1, 1];
    const { records, grid } = readMasks(options, letterboxed, FRAME, says(cells));
    expect(grid).toEqual({ width: 4, height: 2 });
    expect(rounded(records)).toEqual([0, 0.8, 0, 1, 2, 0, 0.8, 0, 6, 1]);
  });

  it('of logits: one class a cell and none for the background, or each class by itself', () => {
    const frame = { ...letterboxed, scale: { x: 0.25, y: 0.5 } };
    const few = { output: 'mask', width: 2, height: 1, layout: 'pixels', labelCount: 2 } as const;
    const one = readMasks({ ...few, activation: 'softmax', background: 0 }, frame, FRAME, says([5, 0, 0, 5]));
    expect(one.records.slice(0, 1).concat(one.records.slice(2))).toEqual([0, 1, 1, 1]);
    expect(one.records[1]).toBeCloseTo(1 / (1 + Math.exp(-5)), 4);
    const each = readMasks({ ...few, activation: 'sigmoid' }, frame, FRAME, says([5, 5, -5, 5]));
    expect(each.records.filter((_, i) => i % 5 === 2)).toEqual([0, 1]);
    expect(each.records.slice(-2)).toEqual([0, 2]);
  });

  it.each(['planes', 'pixels'] as const)(
    'of many classes, as %s, are those of a softmax asked class by class',
    (layout) => {
      const options = { ...size, layout, labelCount: 7, activation: 'softmax', background: 2 } as const;
      const random = seededRandom(3);
      const logits = Array.from({ length: 7 * 16 }, () => random.int(9) - 4);
      const { records } = readMasks(options, stretched, FRAME, says(logits));
      expect(records.length).toBeGreaterThan(20);
      expect(records).toEqual(slowMasks(options, logits));
    },
  );

  it('have none of the background where the graph itself ends in a softmax', () => {
    const options = { ...size, labelCount: 2, activation: 'none', background: 0 } as const;
    const cells = [...Array(16).fill(0.75), ...Array(15).fill(0.25), 0.9];
    expect(readMasks(options, stretched, FRAME, says(cells)).records.filter((_, i) => i % 5 === 2)).toEqual([1]);
  });

  it('of another size are refused', () => {
    const options = { ...size, labelCount: 2, activation: 'none' } as const;
    expect(() => readMasks(options, letterboxed, FRAME, says([1, 2, 3]))).toThrow(/has 3 numbers, a mask of 2 x 4 x 4/);
  });
});

/** Records of a softmax over the whole grid: every class asks every cell who has it. */
function slowMasks(
  { layout, labelCount, width, height, background }: MaskOptions,
  logits: readonly number[],
): number[] {
  const count = width * height;
  const at = (label: number, cell: number) =>
    logits[layout === 'planes' ? label * count + cell : cell * labelCount + label]!;
  const chance = (label: number, cell: number): number => {
    let [most, sum, best] = [Number.NEGATIVE_INFINITY, 0, -1];
    for (let c = 0; c < labelCount; c++) if (at(c, cell) > most) [most, best] = [at(c, cell), c];
    if (best !== label) return 0;
    for (let c = 0; c < labelCount; c++) sum += Math.exp(at(c, cell) - most);
    return Math.max(0.5, 1 / sum);
  };
  const records: number[] = [];
  let object = 0;
  for (let label = 0; label < labelCount; label++) {
    const cells = [...Array(count).keys()].filter((cell) => label !== background && chance(label, cell) >= 0.5);
    if (cells.length === 0) continue;
    const score = cells.reduce((sum, cell) => sum + chance(label, cell), 0) / cells.length;
    const starts = cells.filter((cell) => !cells.includes(cell - 1));
    for (const start of starts) {
      let length = 1;
      while (cells.includes(start + length)) length++;
      records.push(object, score, label, start, length);
    }
    object++;
  }
  return records;
}

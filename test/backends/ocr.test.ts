import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferencePool } from '../../src/backends/backend.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { textBoxes } from '../../src/backends/text-boxes.ts';
import { cutLine, readLine } from '../../src/backends/text-lines.ts';
import { checkResult, parseLabelConfig } from '../../src/labelconfig/index.ts';
import { itemOutputs, regionsOf } from '../../src/regions/index.ts';

const FIND = { pixelMin: 0.3, scoreMin: 0.6, grow: 0, sideMin: 3 };

describe('boxes of lines', () => {
  const size = { width: 60, height: 50 };
  const map = (inside: (x: number, y: number) => boolean) =>
    Float32Array.from({ length: 3_000 }, (_, i) => (inside((i % 60) + 0.5, Math.floor(i / 60) + 0.5) ? 0.9 : 0.05));

  it('are upright around upright lines, top to bottom', () => {
    const boxes = textBoxes(
      map((x, y) => x > 5 && x < 45 && ((y > 30 && y < 38) || (y > 4 && y < 10))),
      size,
      FIND,
    );
    expect(boxes.map(({ x, y, width, height, rotation }) => [x, y, width, height, rotation])).toEqual([
      [5, 4, 40, 6, 0],
      [5, 30, 40, 8, 0],
    ]);
  });

  it('turn with turned lines, and grow by their share', () => {
    const [cos, sin] = [Math.cos(0.35), Math.sin(0.35)];
    const turned = map((x, y) => {
      const [u, v] = [(x - 10) * cos + (y - 10) * sin, (y - 10) * cos - (x - 10) * sin];
      return u > 0 && u < 40 && v > 0 && v < 8;
    });
    const [box] = textBoxes(turned, size, FIND);
    expect(Math.abs(box!.rotation - (0.35 * 180) / Math.PI)).toBeLessThan(3);
    expect(Math.abs(box!.width - 40)).toBeLessThan(2.5);
    const [grown] = textBoxes(turned, size, { ...FIND, grow: 1.5 });
    expect(grown!.width).toBeGreaterThan(box!.width + 8);
  });

  it('leave out specks and what is hardly text', () => {
    expect(
      textBoxes(
        map((x, y) => x < 2 && y < 2),
        size,
        FIND,
      ),
    ).toEqual([]);
    expect(textBoxes(new Float32Array(3_000).fill(0.4), size, FIND)).toEqual([]);
  });
});

describe('lines', () => {
  it('are cut out upright; tall boxes are read downwards', () => {
    const size = { width: 20, height: 60 };
    // Dark above, light below.
    const pixels = Uint8Array.from({ length: 3_600 }, (_, i) => (i < 1_800 ? 0 : 255));
    const box = { x: 5, y: 10, width: 10, height: 40, rotation: 0 };
    const { planes, width } = cutLine(pixels, size, box, { lineHeight: 8, widthMax: 100 });
    expect(width).toBe(32);
    expect(planes[0]).toBeCloseTo(-1, 5);
    expect(planes[31]).toBeCloseTo(1, 5);
  });

  it('are read without blanks and repeats', () => {
    const steps = [1, 1, 0, 1, 2, 2, 0];
    const chances = Float32Array.from(steps.flatMap((best) => [0, 1, 2].map((c) => (c === best ? 0.8 : 0.1))));
    expect(readLine(chances, ['a', 'b'])).toEqual({ text: 'aab', score: expect.closeTo(0.8, 5) });
    expect(readLine(new Float32Array(0), ['a'])).toEqual({ text: '', score: 0 });
  });
});

describe('text reader', () => {
  let pool: InferencePool;
  beforeAll(() => {
    pool = createInferencePool({ hostsMax: 1 });
  });
  afterAll(() => pool.close());

  const page = (lines: string) => {
    const ground = '<rect width="800" height="400" fill="#fff"/>';
    const svg = `<svg width="800" height="400" xmlns="http://www.w3.org/2000/svg">${ground}<g font-family="DejaVu Sans, sans-serif">${lines}</g></svg>`;
    return sharp(Buffer.from(svg)).png().toBuffer();
  };

  it('reads a page, turned lines and pictures that lie on their side, into regions with their text', async () => {
    const straight = await page(
      '<text x="40" y="90" font-size="40">Invoice 20461 total 99.50</text><text x="60" y="200" font-size="30">Label Studio works</text>',
    );
    const turned = await page(
      '<text x="150" y="120" font-size="36" transform="rotate(12 150 120)">Turned a little</text>',
    );
    const lying = await sharp(straight).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const items = [straight, turned, lying, Buffer.from('no picture')].map((bytes) => ({ bytes }));
    const { outputs, failed } = await pool.run('pp-ocr', items, { lane: 'bulk' });
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[3, 'BACKEND_BAD_ITEM']]);

    const config = parseLabelConfig(
      '<View><Image name="page" value="$page"/><RectangleLabels name="lines" toName="page"><Label value="Text"/></RectangleLabels>' +
        '<TextArea name="words" toName="page" perRegion="true"/></View>',
    );
    const [control, transcription] = config.controls;
    const binding = {
      control: control!,
      transcription: transcription!,
      object: config.objects[0]!,
      labels: ['Text'],
      scoreMin: 0,
    };
    const task = { data: { page: 'a.png' } };
    const read = [0, 1, 2].map((i) => {
      const { regions } = regionsOf(binding, task, itemOutputs(pool.info('pp-ocr').outputs, outputs, i));
      expect(checkResult(config, task, regions).problems).toEqual([]);
      return regions
        .filter(({ from_name }) => from_name === 'words')
        .map(({ value }) => value as { text: string[]; rotation: number });
    });
    const expected = ['Invoice 20461 total 99.50', 'Label Studio works'];
    expect(read[0]!.map(({ text }) => text[0])).toEqual(expected);
    expect(read[2]!.map(({ text }) => text[0])).toEqual(expected);
    expect(read[1]!.map(({ text }) => text[0])).toEqual(['Turned a little']);
    expect(read[1]![0]!.rotation).toBeGreaterThan(9);
    expect(read[0]![0]!.rotation).toBe(0);
  }, 60_000);
});

import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InferencePool, OutputTensor } from '../../src/backends/backend.ts';
import { overlap } from '../../src/backends/boxes.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { describeShared } from './shared.ts';
import { mobileNet, sharedPath, yoloxNano } from './shared-models.ts';

const BULK = { lane: 'bulk' } as const;

interface Detection {
  readonly label: number;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
}

interface GoldenBoxes {
  readonly image: string;
  readonly input: string;
  readonly ratio: number;
  readonly width: number;
  readonly height: number;
  readonly detections: readonly { readonly class: number; readonly score: number; readonly xyxyClipped: number[] }[];
}

interface GoldenClasses {
  readonly image: string;
  readonly input: string;
  readonly top5: readonly { readonly index: number; readonly probability: number }[];
  readonly embedding: { readonly l2: number; readonly first8: readonly number[] };
}

function golden<T>(model: string): readonly T[] {
  return (JSON.parse(readFileSync(sharedPath('models', model, 'golden.json'), 'utf8')) as { images: T[] }).images;
}

function read(...parts: string[]): { bytes: Uint8Array } {
  return { bytes: readFileSync(sharedPath(...parts)) };
}

/** Boxes of one picture in pixels of a picture of the given size. */
function detections({ data, offsets }: OutputTensor, item: number, width: number, height: number): Detection[] {
  const records = Array.from({ length: offsets![item + 1]! - offsets![item]! }, (_, r) => (offsets![item]! + r) * 6);
  return records.map((at) => {
    const [x, y, w, h, score, label] = [...data.subarray(at, at + 6)] as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { label, score, box: [x * width, y * height, (x + w) * width, (y + h) * height] };
  });
}

const asBox = ([left, top, right, bottom]: readonly number[]) => ({
  left: left!,
  top: top!,
  right: right!,
  bottom: bottom!,
  score: 1,
  label: 0,
});

describeShared('models that look at pictures', () => {
  let pool: InferencePool;
  beforeAll(() => {
    pool = createInferencePool({ hostsMax: 1, models: [mobileNet(), yoloxNano()] });
  });
  afterAll(() => pool.close());

  it('MobileNet reproduces its golden probabilities and embeddings from the exact pixels', async () => {
    const images = golden<GoldenClasses>('mobilenet_v2');
    const items = images.map(({ input }) => read('models/mobilenet_v2', input));
    const { outputs, failed } = await pool.run('mobilenet-v2', items, BULK);
    expect(failed).toEqual([]);
    images.forEach(({ top5, embedding }, i) => {
      const probabilities = outputs.probabilities!.data.subarray(i * 1001, (i + 1) * 1001);
      for (const { index, probability } of top5)
        expect(Math.abs(probabilities[index]! - probability)).toBeLessThan(0.01);
      const row = outputs.embedding!.data.subarray(i * 1280, (i + 1) * 1280);
      expect(Math.hypot(...row)).toBeCloseTo(1, 4);
      embedding.first8.forEach((value, d) => {
        expect(row[d]! * embedding.l2).toBeCloseTo(value, 1);
      });
    });
  });

  it('MobileNet knows the photos themselves too, whatever their size', async () => {
    const images = golden<GoldenClasses>('mobilenet_v2');
    const { outputs } = await pool.run(
      'mobilenet-v2',
      images.map(({ image }) => read('data/images/test-images', image)),
      BULK,
    );
    images.forEach(({ top5 }, i) => {
      const probabilities = outputs.probabilities!.data.subarray(i * 1001, (i + 1) * 1001);
      expect(probabilities.indexOf(Math.max(...probabilities))).toBe(top5[0]!.index);
    });
  });

  it.each(['exact pixels', 'photos'])('YOLOX finds its golden boxes in the %s', async (from) => {
    const images = golden<GoldenBoxes>('yolox_nano');
    const items = images.map(({ input, image }) =>
      from === 'photos' ? read('data/images/test-images', image) : read('models/yolox_nano', input),
    );
    const { outputs } = await pool.run('yolox-nano', items, BULK);
    images.forEach(({ width, height, ratio, detections: expected }, i) => {
      const [w, h] = from === 'photos' ? [width, height] : [416 / ratio, 416 / ratio];
      const found = detections(outputs.boxes!, i, w, h);
      const sure = expected.filter((one) => one.score > 0.5);
      for (const one of sure) {
        const match = found.find(
          ({ label, box }) => label === one.class && overlap(asBox(box), asBox(one.xyxyClipped)) >= 0.9,
        );
        expect(match, JSON.stringify({ one, found })).toBeDefined();
        expect(Math.abs(match!.score - one.score)).toBeLessThan(from === 'photos' ? 0.05 : 0.01);
      }
      expect(found.filter(({ score }) => score > 0.55)).toHaveLength(expected.filter((one) => one.score > 0.55).length);
    });
  });

  it('turns photos upright by their EXIF orientation before it looks', async () => {
    const upright = readFileSync(sharedPath('data/images/test-images/kite_and_cold.jpg'));
    const lying = await sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const { outputs } = await pool.run('yolox-nano', [{ bytes: upright }, { bytes: lying }], BULK);
    expect([...outputs.size!.data]).toEqual([1352, 900, 1352, 900]);
    const [first, second] = [0, 1].map((i) =>
      detections(outputs.boxes!, i, 1352, 900).filter(({ score }) => score > 0.6),
    );
    expect(second!.map(({ label }) => label).sort()).toEqual(first!.map(({ label }) => label).sort());
    for (const { box } of first!) expect(second!.some((one) => overlap(asBox(one.box), asBox(box)) > 0.8)).toBe(true);
  });

  it('takes grey, transparent and 16-bit pictures, and names those that it cannot read', async () => {
    const square = { width: 40, height: 30, background: '#3366cc80' } as const;
    const transparent = await sharp({ create: { ...square, channels: 4 } })
      .png()
      .toBuffer();
    const grey = await sharp(transparent).greyscale().jpeg().toBuffer();
    const deep = await sharp(transparent).toColourspace('rgb16').png().toBuffer();
    const items = [transparent, Buffer.from('no picture'), grey, new Uint8Array(0), deep].map((bytes) => ({ bytes }));
    const { outputs, failed } = await pool.run('mobilenet-v2', items, BULK);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'BACKEND_BAD_ITEM'],
      [3, 'BACKEND_BAD_ITEM'],
    ]);
    expect([...outputs.size!.data]).toEqual([40, 30, 0, 0, 40, 30, 0, 0, 40, 30]);
  });
});

/** Photos of clothes as MobileNet rows, cached under `.cache/` by the model's checksum. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { cachedRows } from '../learning/row-cache.ts';
import { DATA, unit } from '../learning/sets.ts';

const MODEL = join(DATA, '../models/mobilenet_v2/mobilenet_v2.onnx');
const FOLDER = join(DATA, 'images/clothing-small');
const DIM = 1_280;
const SIDE = 224;

export interface RowSet {
  readonly name: string;
  readonly classCount: number;
  readonly dim: number;
  /** (n x dim) unit rows. */
  readonly rows: Float32Array;
  /** (n) class index. */
  readonly labels: Int32Array;
}

/** undefined where data or model are not on this machine. The first call looks at 713 photos. */
export async function clothing(): Promise<RowSet | undefined> {
  if (!existsSync(FOLDER) || !existsSync(MODEL)) return undefined;
  const classes = readFileSync(join(FOLDER, 'labels.txt'), 'utf8').trim().split('\n');
  const photos = ['validation.csv', 'test.csv'].flatMap(
    (file) => parse(readFileSync(join(FOLDER, file)), { columns: true }) as { file: string; label: string }[],
  );
  const rows = await embedded(photos.map((photo) => join(FOLDER, photo.file)));
  const labels = Int32Array.from(photos, (photo) => classes.indexOf(photo.label));
  return { name: 'clothing', classCount: classes.length, dim: DIM, rows, labels };
}

function embedded(files: readonly string[]): Promise<Float32Array> {
  const model = readFileSync(MODEL);
  const version = createHash('sha256').update(model).digest('hex').slice(0, 12);
  return cachedRows('clothing', version, () => embed(files, model));
}

async function embed(files: readonly string[], model: Uint8Array): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const rows = new Float32Array(files.length * DIM);
  for (const [i, file] of files.entries()) {
    const output = await session.run({ rgb: new Tensor('float32', await planes(file), [1, 3, SIDE, SIDE]) });
    rows.set(unit(output.embedding!.data as Float32Array), i * DIM);
  }
  await session.release();
  return rows;
}

async function planes(file: string): Promise<Float32Array> {
  const pixels = await sharp(file).rotate().resize(SIDE, SIDE, { fit: 'cover' }).removeAlpha().raw().toBuffer();
  const out = new Float32Array(3 * SIDE * SIDE);
  for (let p = 0; p < SIDE * SIDE; p++) {
    for (let channel = 0; channel < 3; channel++) out[channel * SIDE * SIDE + p] = pixels[p * 3 + channel]!;
  }
  return out;
}

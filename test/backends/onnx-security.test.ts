import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';
import { createInferencePool } from '../../src/backends/pool.ts';

const SIDE = 4;

/** Answers with the mean of each colour plane plus a weight. */
function meanModel(): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const means = graph.add('ReduceMean', ['pixels'], { axes: [2, 3], keepdims: 0 });
  graph.output(graph.add('Add', [means, graph.weight(Float32Array.of(1, 2, 3), [3])]), 'means');
  return graph.toBytes(
    [{ name: 'pixels', type: 'float32', shape: [1, 3, SIDE, SIDE] }],
    [{ name: 'means', type: 'float32', shape: [1, 3] }],
  );
}

/** The same model, its weight said to lie in another file. */
function withExternalWeight(location: string): Uint8Array {
  const model = onnx.ModelProto.decode(meanModel());
  const weight = model.graph!.initializer![0]!;
  weight.rawData = new Uint8Array(0);
  weight.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
  weight.externalData = [
    { key: 'location', value: location },
    { key: 'offset', value: '0' },
    { key: 'length', value: '12' },
  ];
  return onnx.ModelProto.encode(model).finish();
}

function entryFor(folder: string, bytes: Uint8Array): ModelEntry {
  writeFileSync(join(folder, 'model.onnx'), bytes);
  return {
    name: 'means',
    kind: 'embedding',
    input: 'image',
    runtime: 'onnx-image',
    source: { type: 'folder', path: folder },
    files: { 'model.onnx': createHash('sha256').update(bytes).digest('hex') },
    license: 'Apache-2.0',
    outputs: { means: { dim: 3 } },
    processing: {
      ...{ file: 'model.onnx', input: 'pixels', width: SIDE, height: SIDE, fit: 'cover', order: 'rgb' },
      ...{ mean: [0, 0, 0], scale: [1, 1, 1], dense: { means: 'means' } },
    },
    batch: { costMax: 8, itemsMax: 8 },
  };
}

async function run(entry: ModelEntry): Promise<number[]> {
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  const background = { r: 10, g: 20, b: 30 };
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .png()
    .toBuffer();
  try {
    const { outputs } = await pool.run('means', [{ bytes }], { lane: 'online' });
    return [...outputs.means!.data];
  } finally {
    await pool.close();
  }
}

/** A folder with a model's folder inside, and a file that models must not read beside it. */
function folders(): { outer: string; model: string } {
  const outer = mkdtempSync(join(tmpdir(), 'headstart-onnx-'));
  const model = join(outer, 'model');
  mkdirSync(model);
  writeFileSync(join(outer, 'secret'), new Uint8Array(Float32Array.of(7, 7, 7).buffer));
  return { outer, model };
}

describe('ONNX models from strangers', () => {
  it('run when their weights are their own', async () => {
    expect(await run(entryFor(folders().model, meanModel()))).toEqual([11, 22, 33]);
  });

  it.each(['../secret', 'absolute', 'symlink', 'hard link', 'own folder', 'working folder'])(
    'read no other file: %s',
    async (way) => {
      const { outer, model } = folders();
      const secret = join(outer, 'secret');
      if (way === 'symlink') symlinkSync(secret, join(model, 'w'));
      if (way === 'hard link') linkSync(secret, join(model, 'w'));
      if (way === 'own folder') writeFileSync(join(model, 'w'), new Uint8Array(12));
      const locations: Record<string, string> = {
        absolute: secret,
        '../secret': way,
        'working folder': 'package.json',
      };
      const location = locations[way] ?? 'w';
      const entry = entryFor(model, withExternalWeight(location));
      await expect(run(entry)).rejects.toMatchObject({ code: 'BACKEND_LOAD' });
    },
  );

  it('are refused when a byte of them was changed', async () => {
    const { model } = folders();
    const entry = entryFor(model, meanModel());
    const changed = meanModel();
    changed[changed.length >> 1]! ^= 1;
    writeFileSync(join(model, 'model.onnx'), changed);
    await expect(run(entry)).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
  });

  it('are refused with a reason when they are no models at all', async () => {
    const entry = entryFor(folders().model, Buffer.from('definitely no protobuf'));
    await expect(run(entry)).rejects.toMatchObject({
      code: 'BACKEND_LOAD',
      message: expect.stringContaining('onnxruntime'),
    });
  });
});

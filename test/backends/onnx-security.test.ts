import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';
import { readSignature } from '../../src/backends/onnx-signature.ts';
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

const value = (name: string, ...shape: readonly number[]) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
});
const numbers = (name: string, ...ints: readonly number[]) => ({ name, type: 7, ints });

/** Three numbers that lie elsewhere. */
function tensorIn(location: string): object {
  const externalData = Object.entries({ location, offset: '0', length: '12' }).map(([key, of]) => ({ key, value: of }));
  return { name: 'hidden', dims: [3], dataType: 1, dataLocation: 1, externalData };
}

interface Parts {
  readonly node?: readonly object[];
  readonly initializer?: readonly object[];
  readonly sparseInitializer?: readonly object[];
}

const branch = (hidden: object) => ({
  name: 'branch',
  initializer: [hidden],
  node: [{ opType: 'Identity', input: ['hidden'], output: ['said'] }],
  output: [value('said', 3)],
});
const yes = { name: 'yes', dims: [], dataType: 9, int32Data: [1] };
const ifNode = (then: object, otherwise: object) => ({
  ...{ opType: 'If', input: ['yes'], output: ['w'] },
  attribute: [
    { name: 'then_branch', type: 5, g: then },
    { name: 'else_branch', type: 5, g: otherwise },
  ],
});

/** Places in a graph that makes `w`, where a tensor may be. */
const HIDDEN: Readonly<Record<string, (hidden: object) => Parts>> = {
  'a constant': (hidden) => ({
    node: [{ opType: 'Constant', output: ['w'], attribute: [{ name: 'value', type: 4, t: hidden }] }],
  }),
  'the branch of an If': (hidden) => ({ initializer: [yes], node: [ifNode(branch(hidden), branch(hidden))] }),
  'a branch within a branch': (hidden) => {
    const outer = {
      ...{ name: 'outer', output: [value('w', 3)] },
      node: [ifNode(branch(hidden), branch(hidden))],
    };
    return { initializer: [yes], node: [ifNode(outer, outer)] };
  },
};

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
      await expect(run(entry)).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
    },
  );

  it.each(Object.keys(HIDDEN))('read no other file that is named in %s', async (place) => {
    const { outer, model } = folders();
    const { node = [], initializer = [], ...more } = HIDDEN[place]!(tensorIn(join(outer, 'secret')));
    const means = { opType: 'ReduceMean', input: ['pixels'], output: ['rows'], attribute: [numbers('axes', 2, 3)] };
    const flat = { opType: 'Flatten', input: ['rows'], output: ['flat'] };
    const sum = { opType: 'Add', input: ['flat', 'w'], output: ['means'] };
    const graph = {
      ...{ name: 'g', node: [means, flat, ...node, sum], initializer },
      ...{ input: [value('pixels', 1, 3, SIDE, SIDE)], output: [value('means', 1, 3)] },
      ...more,
    };
    const opsetImport = [{ domain: '', version: 17 }];
    const bytes = onnx.ModelProto.encode(onnx.ModelProto.fromObject({ irVersion: 8, opsetImport, graph })).finish();
    await expect(run(entryFor(model, bytes))).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
    expect(() => readSignature(bytes)).toThrow(/other files/);
  });

  it('are refused where other readers of the format would see other fields', () => {
    const bytes = meanModel();
    // Tag 7 of the graph, with a bit beyond the 32nd that others drop.
    const at = bytes.indexOf(0x3a);
    const tag = [0xba, 0x80, 0x80, 0x80, 0x10];
    expect(() =>
      readSignature(Buffer.concat([bytes.subarray(0, at), Buffer.from(tag), bytes.subarray(at + 1)])),
    ).toThrow(/no ONNX model/);
  });

  it('are not read when they have endless parts or texts, or are nested without end', () => {
    const field = (number: number, content: Uint8Array): Buffer => {
      const length: number[] = [];
      for (let rest = content.length; ; rest = Math.floor(rest / 128)) {
        length.push((rest % 128) + (rest >= 128 ? 128 : 0));
        if (rest < 128) break;
      }
      return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content]);
    };
    const nodes = Buffer.alloc(2 * 1_500_001);
    for (let at = 0; at < nodes.length; at += 2) nodes[at] = 0x0a;
    expect(() => readSignature(field(7, nodes))).toThrow(/more parts/);
    expect(() => readSignature(field(7, field(1, field(4, Buffer.alloc(100_000_001)))))).toThrow(/more parts/);
    let nested: Uint8Array = field(1, Buffer.alloc(0));
    for (let depth = 0; depth < 60; depth++) nested = field(1, field(5, field(6, nested)));
    expect(() => readSignature(field(7, nested))).toThrow(/more parts/);
  });

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
      message: expect.stringContaining('no ONNX model'),
    });
  });
});

/** TF.js models from disk, graphs and layers, through a host; the models are written here and answer by hand-made rules. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openModelLibrary } from '../../src/backends/library/open.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';

const SIDE = 4;
const COLOUR = { r: 10, g: 20, b: 30 };
/** Adds to the mean of each channel. */
const BIAS = Float32Array.of(1, 2, 3);

const lengths = (...shape: number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
const constant = (name: string, dtype: string, ...shape: number[]) => ({
  name,
  op: 'Const',
  attr: { dtype: { type: dtype }, value: { tensor: { dtype, tensorShape: lengths(...shape) } } },
});

/** Mean over the picture plus a bias, as a graph. */
const GRAPH = {
  format: 'graph-model',
  modelTopology: {
    versions: { producer: 1 },
    node: [
      {
        name: 'rgb',
        op: 'Placeholder',
        attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: lengths(-1, SIDE, SIDE, 3) } },
      },
      constant('axes', 'DT_INT32', 2),
      constant('bias', 'DT_FLOAT', 3),
      { name: 'mean', op: 'Mean', input: ['rgb', 'axes'], attr: { keep_dims: { b: false } } },
      { name: 'means', op: 'AddV2', input: ['mean', 'bias'], attr: { T: { type: 'DT_FLOAT' } } },
    ],
  },
  weights: [
    { name: 'axes', shape: [2], dtype: 'int32' },
    { name: 'bias', shape: [3], dtype: 'float32' },
  ],
  bytes: Buffer.concat([Buffer.from(Int32Array.of(1, 2).buffer), Buffer.from(BIAS.buffer)]),
};

/** The same as layers: pooling, then a dense layer that keeps each channel. */
const LAYERS = {
  format: 'layers-model',
  modelTopology: {
    class_name: 'Sequential',
    config: {
      name: 'model',
      layers: [
        {
          class_name: 'GlobalAveragePooling2D',
          config: { name: 'pool', batch_input_shape: [null, SIDE, SIDE, 3], dtype: 'float32' },
        },
        { class_name: 'Dense', config: { name: 'means', units: 3, activation: 'linear', use_bias: true } },
      ],
    },
    keras_version: '2.0',
    backend: 'tensor_flow.js',
  },
  weights: [
    { name: 'means/kernel', shape: [3, 3], dtype: 'float32' },
    { name: 'means/bias', shape: [3], dtype: 'float32' },
  ],
  bytes: Buffer.concat([Buffer.from(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1).buffer), Buffer.from(BIAS.buffer)]),
};

const KINDS = { GRAPH, LAYERS };

/** `named` is what model.json says, `onDisk` what the shard is called. */
function modelOf(kind: keyof typeof KINDS, named: string, onDisk: string, input: string): ModelEntry {
  const { weights, bytes, ...rest } = KINDS[kind];
  const folder = mkdtempSync(join(tmpdir(), 'headstart-tfjs-'));
  const json = Buffer.from(JSON.stringify({ ...rest, weightsManifest: [{ paths: [named], weights }] }));
  writeFileSync(join(folder, 'model.json'), json);
  writeFileSync(join(folder, onDisk), bytes);
  const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  return {
    name: 'means',
    kind: 'embedding',
    input: 'image',
    runtime: 'tfjs-image',
    source: { type: 'folder', path: folder },
    files: { 'model.json': hash(json), [onDisk]: hash(bytes) },
    license: 'Apache-2.0',
    outputs: { means: { dim: 3 } },
    processing: {
      ...{ file: 'model.json', input, layout: 'pixels', width: SIDE, height: SIDE, fit: 'cover', order: 'rgb' },
      ...{ mean: [0, 0, 0], scale: [1, 1, 1], dense: { means: 'means' } },
    },
    batch: { costMax: 8, itemsMax: 8 },
  };
}

async function run(entry: ModelEntry, count = 3) {
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  onTestFinished(() => pool.close());
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: COLOUR } })
    .png()
    .toBuffer();
  const { outputs } = await pool.run(
    'means',
    Array.from({ length: count }, () => ({ bytes })),
    { lane: 'online' },
  );
  return { means: [...outputs.means!.data].map(Math.round), device: pool.status().models[0]!.device };
}

describe('TF.js models in the library', () => {
  const float = (name: string, ...shape: number[]) => ({ name, dtype: 'DT_FLOAT', tensorShape: lengths(...shape) });
  const signature = { inputs: { rgb: float('rgb:0', -1, SIDE, SIDE, 3) }, outputs: { means: float('means:0', -1, 3) } };

  interface Change {
    readonly weights?: readonly object[];
    readonly bytes?: Buffer;
    readonly paths?: readonly string[];
    readonly json?: string;
  }

  async function add(kind: keyof typeof KINDS, more: object, change: Change = {}) {
    const { weights, bytes, ...rest } = { ...KINDS[kind], ...change };
    const { paths = ['group1-shard1of1.bin'] } = change;
    const json = change.json ?? JSON.stringify({ ...rest, ...more, weightsManifest: [{ paths, weights }] });
    const pool = createInferencePool({ hostsMax: 1 });
    onTestFinished(() => pool.close());
    const folder = join(mkdtempSync(join(tmpdir(), 'headstart-tfjs-')), 'models');
    const fetch = createGuardedFetch();
    const library = await openModelLibrary({ folder, pool, fetch, clock: systemClock, newId: () => 'id' });
    const files = { 'model.json': json, 'group1-shard1of1': bytes, 'labels.txt': 'red\ngreen\nblue' };
    const added = await library.add(
      (async function* () {
        for (const [name, content] of Object.entries(files)) {
          yield { name, body: [Buffer.from(content)] as unknown as AsyncIterable<Uint8Array> };
        }
      })(),
      { name: 'mine', origin: 'a folder' },
    );
    return { added, pool };
  }

  it.each([
    ['GRAPH', { signature }],
    ['LAYERS', {}],
  ] as const)('%s: a folder with labels works at once', async (kind, more) => {
    const { added, pool } = await add(kind, more);
    expect(added.info).toMatchObject({
      kind: 'image-classification',
      runtime: 'tfjs-image',
      labels: ['red', 'green', 'blue'],
    });
    expect(added.assumed).toContain('colours from 0 to 1');
    const background = { r: 255, g: 0, b: 0 };
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toBuffer();
    const { outputs, failed } = await pool.run('mine', [{ bytes }], { lane: 'online' });
    expect(failed).toEqual([]);
    expect(outputs.probabilities!.width).toBe(3);
  });

  const quantised = {
    weights: [
      { name: 'axes', shape: [2], dtype: 'int32' },
      { name: 'bias', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 1, min: 0 } },
    ],
    bytes: Buffer.concat([Buffer.from(Int32Array.of(1, 2).buffer), Buffer.from(Uint8Array.from(BIAS))]),
  };

  it('weights in a shorter form are unpacked', async () => {
    const { pool } = await add('GRAPH', { signature }, quantised);
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    const { outputs } = await pool.run('mine', [{ bytes }], { lane: 'online' });
    const whole = BIAS.map(Math.exp);
    const sum = whole.reduce((all, one) => all + one, 0);
    for (const [i, one] of whole.entries()) expect(outputs.probabilities!.data[i]).toBeCloseTo(one / sum, 5);
  });

  it.each([
    [
      'a shard that is missing',
      { paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'] },
      /group1-shard1of2\.bin.* not beside it/,
    ],
    ['a shard that is cut off', { bytes: GRAPH.bytes.subarray(0, 12) }, /12 bytes, .* 20;/],
    ['a shard of another model', { bytes: Buffer.alloc(24) }, /24 bytes, .* 20;/],
    ['a path that leads out', { paths: ['../../secret.bin'] }, /secret\.bin.* not beside it/],
    [
      'a form that TF.js does not know',
      { weights: [{ ...quantised.weights[1], quantization: { dtype: 'uint4', scale: 1, min: 0 } }] },
      /uint4/,
    ],
    ['no JSON', { json: '{"modelTopology": ' }, /'model\.json' cannot be read: Not valid JSON/],
    ['a list of nothing', { json: '{"modelTopology": {}, "weightsManifest": [null]}' }, /model\.json/],
  ] as const)('%s is refused, and named', async (_what, change, message) => {
    const error = await add('GRAPH', { signature }, change).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: expect.stringMatching(/^BACKEND_/), message: expect.stringMatching(message) });
  });

  it('a graph without a signature is refused with the reason', async () => {
    await expect(add('GRAPH', {})).rejects.toMatchObject({
      code: 'BACKEND_LOAD',
      message: expect.stringContaining('no signature'),
    });
  });
});

describe('TF.js models from disk', () => {
  it.each([
    ['GRAPH', 'group1-shard1of1.bin', 'group1-shard1of1.bin', 'rgb'],
    ['GRAPH', 'group1-shard1of1.bin', 'group1-shard1of1', 'rgb'],
    ['GRAPH', 'group1-shard1of1', 'group1-shard1of1.bin', 'rgb'],
    ['LAYERS', 'group1-shard1of1.bin', 'group1-shard1of1.bin', 'pool_input'],
  ] as const)('%s, shard named %s, on disk %s', async (kind, named, onDisk, input) => {
    const { means, device } = await run(modelOf(kind, named, onDisk, input));
    expect(means).toEqual([11, 22, 33, 11, 22, 33, 11, 22, 33]);
    expect(device).toMatch(/^(wasm|tfjs-node)/);
  });

  it('name the input that is not there', async () => {
    await expect(run(modelOf('GRAPH', 'w.bin', 'w.bin', 'pixels'))).rejects.toMatchObject({
      code: 'BACKEND_LOAD',
      message: expect.stringContaining("no input 'pixels'; it has: rgb"),
    });
  });

  it('say so when they are no TF.js models', async () => {
    const entry = modelOf('GRAPH', 'w.bin', 'w.bin', 'rgb');
    const json = Buffer.from('{"layers": []}');
    writeFileSync(join((entry.source as { path: string }).path, 'model.json'), json);
    const files = { ...entry.files, 'model.json': createHash('sha256').update(json).digest('hex') };
    await expect(run({ ...entry, files })).rejects.toMatchObject({
      code: 'BACKEND_LOAD',
      message: expect.stringContaining('lacks modelTopology'),
    });
  });
});

/** Why `@tensorflow/tfjs-node` is of no use on this machine, asked in a process of its own; null where it is. */
function nativeProblem(): string | null {
  const script = "await import('@tensorflow/tfjs-node')";
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return status === 0 ? null : (/^\w*Error.*$/m.exec(stderr)?.[0] ?? 'it does not load').slice(0, 200);
}

const problem = nativeProblem();

it.skipIf(problem === null)(
  'runs on WebAssembly where the native library is installed and does not load, and says why',
  () => {
    const modules = mkdtempSync(join(tmpdir(), 'headstart-modules-'));
    const folder = join(modules, '@tensorflow', 'tfjs-node');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"name": "@tensorflow/tfjs-node", "version": "0.0.0"}');
    writeFileSync(join(folder, 'index.js'), '');
    const home = pathToFileURL(resolve(import.meta.dirname, '../../dist/backends/tfjs.js')).href;
    const script = `console.log(await (await import('${home}')).tfjsDevice())`;
    // Found by one way of looking for packages and not by the other: as good as one that is broken.
    const env = { ...process.env, NODE_PATH: modules };
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env,
    });
    expect(stdout.trim(), stderr).toMatch(/^wasm, although @tensorflow\/tfjs-node is installed: Error.*$/);
  },
);

// Not asked for by CI=true: the package downloads a library that is not there for every machine.
describe.skipIf(problem !== null)(`the native library of TF.js (skipped where it does not load: ${problem})`, () => {
  it('runs graphs and layers, and says that it does', async () => {
    for (const [kind, input] of [
      ['GRAPH', 'rgb'],
      ['LAYERS', 'pool_input'],
    ] as const) {
      const { means, device } = await run(modelOf(kind, 'group1-shard1of1.bin', 'group1-shard1of1.bin', input));
      expect(means).toEqual([11, 22, 33, 11, 22, 33, 11, 22, 33]);
      expect(device).toBe('tfjs-node');
    }
  });
});

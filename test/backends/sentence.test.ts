import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferencePool } from '../../src/backends/backend.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { builtinModels, modelFolder, readVerified } from '../../src/backends/registry.ts';
import { texts } from './fake.ts';

const published = builtinModels().find((model) => model.name === 'use-lite')!;

/** The same weights on one engine and no other. */
function onEngine(engine: string): ModelEntry {
  return { ...published, processing: { ...published.processing, engine } };
}

describe.each(['onnx', 'tfjs'])('sentence encoder from npm, %s engine', (engine) => {
  let pool: InferencePool;
  beforeAll(() => {
    pool = createInferencePool({ hostsMax: 1, models: [onEngine(engine)] });
  });
  afterAll(() => pool.close());

  async function embed(...all: string[]): Promise<Float32Array[]> {
    const { rows, dim, failed } = await pool.embed('use-lite', texts(...all), { lane: 'bulk' });
    expect(failed).toEqual([]);
    return all.map((_, i) => rows.slice(i * dim, (i + 1) * dim));
  }
  const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, d) => sum + value * b[d]!, 0);

  it('puts known pairs where they belong', async () => {
    const [cat, kitten, cancel, block] = await embed(
      'The cat sits outside on the wall',
      'A kitten is sitting outdoors',
      'I want to cancel my credit card',
      'How do I block a lost bank card?',
    );
    expect(Math.abs(cosine(cat!, kitten!) - 0.76)).toBeLessThan(0.01);
    expect(Math.abs(cosine(cancel!, block!) - 0.63)).toBeLessThan(0.01);
    expect(cosine(cat!, block!)).toBeLessThan(0.33);
  });

  it('gives unit rows that do not depend on the company of a text', async () => {
    const all = [
      '',
      ' ',
      '😀',
      'short',
      'x '.repeat(900),
      'some words of middling length, a few more than before',
      'short',
    ];
    const together = await embed(...all);
    for (const row of together) expect(Math.hypot(...row)).toBeCloseTo(1, 5);
    for (const [i, text] of all.entries()) {
      const [alone] = await embed(text);
      expect(cosine(alone!, together[i]!)).toBeCloseTo(1, 6);
      expect(Math.max(...alone!.map((value, d) => Math.abs(value - together[i]![d]!)))).toBeLessThan(1e-6);
    }
  });

  it('reads two windows of a long text and no more', async () => {
    const cats = 'the cat sat on the mat and slept '.repeat(16);
    const money = 'the bank raised its interest rates again '.repeat(20);
    const [start, both, longer] = await embed(cats, cats + money, cats + money + 'x'.repeat(10_000));
    expect(cosine(start!, both!)).toBeLessThan(0.95);
    expect(cosine(both!, longer!)).toBeGreaterThan(0.999);
  });

  it('tells what it runs on and what its version is', async () => {
    expect(pool.info('use-lite')).toMatchObject({ dim: 512, kind: 'embedding', input: 'text', license: 'Apache-2.0' });
    const status = pool.status().models.find((model) => model.id.startsWith('use-lite@'))!;
    expect(engine === 'onnx' ? ['onnxruntime cpu'] : ['wasm', 'tfjs-node']).toContain(status.device);
    expect(status.itemsDone).toBeGreaterThan(10);
  });
});

it('the engines agree far below the step at which scores are ranked', async () => {
  const models = ['onnx', 'tfjs'].map((engine) => ({ ...onEngine(engine), name: engine }));
  const pool = createInferencePool({ models });
  const all = texts(
    '',
    'A kitten is sitting outdoors',
    'numbers 123, émojis 😀 and: colons',
    'long words '.repeat(150),
  );
  const [onnx, tfjs] = await Promise.all(models.map(({ name }) => pool.embed(name, all, { lane: 'bulk' })));
  await pool.close();
  expect(Math.max(...onnx!.rows.map((value, i) => Math.abs(value - tfjs!.rows[i]!)))).toBeLessThan(2e-6);
});

it('TF.js gives back every tensor it makes', async () => {
  const tf = await import('@tensorflow/tfjs-core');
  const { tfjsEngine } = await import('../../src/backends/use-lite-tfjs.ts');
  const engine = await tfjsEngine(await readVerified(published, modelFolder(published)));
  const ids = [Int32Array.of(30, 40, 50), Int32Array.of(60)];
  await engine.encode(ids);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 20; i++) await engine.encode(ids);
  expect(tf.memory().numTensors).toBe(before);
  engine.release();
});

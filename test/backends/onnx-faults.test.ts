/** ONNX models that load and then misbehave: each is found out, and what else is asked of the host is answered. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { type GraphValue, OnnxGraph } from '../../src/backends/onnx-graph.ts';
import { createInferencePool, type PoolOptions } from '../../src/backends/pool.ts';

const SIDE = 4;
const PIXELS: GraphValue = { name: 'pixels', type: 'float32', shape: ['n', 3, SIDE, SIDE] };
const BULK = { lane: 'bulk' } as const;

/** Means of the colours of each picture, (n x 3), as something else makes of them. */
function model(twist: (graph: OnnxGraph, means: string) => string, width: number): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const means = graph.add('ReduceMean', ['pixels'], { axes: [2, 3], keepdims: 0 });
  graph.output(twist(graph, means), 'scores');
  return graph.toBytes([PIXELS], [{ name: 'scores', type: 'float32', shape: ['n', width] }]);
}

const number = (graph: OnnxGraph, value: number): string => graph.weight(Float32Array.of(value), []);

const MODELS = {
  good: () => model((_, means) => means, 3),
  /** Not a number where a colour is darker than 100, right otherwise. */
  'not a number': () => model((graph, means) => graph.add('Sqrt', [graph.add('Sub', [means, number(graph, 100)])]), 3),
  /** One score too few for the labels. */
  'too few labels': () =>
    model((graph, means) => graph.add('Slice', [means, graph.integers(0), graph.integers(2), graph.integers(1)]), 2),
  /** Two rows for each picture. */
  'wrong shape': () => model((graph, means) => graph.add('Concat', [means, means], { axis: 0 }), 3),
} as const;

/** A loop that goes on for hours: its body adds one to a counter, ten billion times. */
function endless(): Uint8Array {
  const value = (name: string, elemType: number, dims: number[]) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const [FLOAT, INT64, BOOL] = [1, 7, 9];
  const body = {
    name: 'body',
    node: [
      { opType: 'Identity', input: ['go'], output: ['go_on'] },
      { opType: 'Add', input: ['sum', 'sum'], output: ['more'] },
    ],
    input: [value('turn', INT64, []), value('go', BOOL, []), value('sum', FLOAT, [1, 3])],
    output: [value('go_on', BOOL, []), value('more', FLOAT, [1, 3])],
  };
  const proto = onnx.ModelProto.decode(MODELS.good());
  const graph = proto.graph!;
  graph.initializer!.push(
    onnx.TensorProto.fromObject({ name: 'turns', dataType: INT64, dims: [], int64Data: [10_000_000_000] }),
    onnx.TensorProto.fromObject({ name: 'yes', dataType: BOOL, dims: [], int32Data: [1] }),
    onnx.TensorProto.fromObject({ name: 'start', dataType: FLOAT, dims: [1, 3], floatData: [1, 1, 1] }),
  );
  const attribute = [{ name: 'body', type: onnx.AttributeProto.AttributeType.GRAPH, g: body }];
  graph.node!.pop();
  graph.node!.push(
    onnx.NodeProto.fromObject({ opType: 'Loop', input: ['turns', 'yes', 'start'], output: ['end'], attribute }),
    onnx.NodeProto.fromObject({ opType: 'Add', input: ['ReduceMean_0_0', 'end'], output: ['scores'] }),
  );
  return onnx.ModelProto.encode(proto).finish();
}

function entryOf(name: string, bytes: Uint8Array): ModelEntry {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-faults-'));
  writeFileSync(join(folder, 'model.onnx'), bytes);
  return {
    name,
    kind: 'classification',
    input: 'image',
    runtime: 'onnx-image',
    source: { type: 'folder', path: folder },
    files: { 'model.onnx': createHash('sha256').update(bytes).digest('hex') },
    license: 'Apache-2.0',
    outputs: { scores: { dim: 3 } },
    labels: ['red', 'green', 'blue'],
    processing: {
      ...{ file: 'model.onnx', input: 'pixels', width: SIDE, height: SIDE, fit: 'cover', order: 'rgb' },
      ...{ mean: [0, 0, 0], scale: [1, 1, 1], dense: { scores: 'scores' } },
    },
    batch: { costMax: 8, itemsMax: 8 },
  };
}

const picture = async (r: number) => ({
  bytes: await sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g: 150, b: 200 } } })
    .png()
    .toBuffer(),
});

function poolOf(bad: Uint8Array, options: PoolOptions = {}) {
  const pool = createInferencePool({
    hostsMax: 1,
    models: [entryOf('bad', bad), entryOf('good', MODELS.good())],
    ...options,
  });
  onTestFinished(() => pool.close());
  return pool;
}

describe('an ONNX model', () => {
  it('that answers with what is no number fails those items and no others', async () => {
    const pool = poolOf(MODELS['not a number']());
    const items = [await picture(109), await picture(20), await picture(181)];
    const { outputs, failed } = await pool.run('bad', items, BULK);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[1, 'BACKEND_BAD_OUTPUT']]);
    const red = [0, 1, 2].map((row) => outputs.scores!.data[3 * row]);
    expect(red).toEqual([3, 0, 9]);
    expect(pool.status().restarts).toBe(0);
  });

  it.each(['too few labels', 'wrong shape'] as const)(
    'that answers with %s fails every item, with the reason',
    async (name) => {
      const pool = poolOf(MODELS[name]());
      const items = [await picture(1), await picture(2)];
      const { failed } = await pool.run('bad', items, BULK);
      expect(failed.map(({ index }) => index)).toEqual([0, 1]);
      for (const { error } of failed) expect(error).toMatchObject({ code: 'BACKEND_BAD_OUTPUT' });
      expect((await pool.run('good', items, BULK)).failed).toEqual([]);
    },
  );

  it('that never ends is ended at its deadline, and the host goes on with another', async () => {
    const pool = poolOf(endless(), { batchDeadlineMs: 1_500 });
    const { failed } = await pool.run('bad', [await picture(1)], BULK);
    expect(failed[0]?.error).toMatchObject({ code: 'BACKEND_TIMEOUT' });
    expect(pool.status().restarts).toBe(1);
    const { outputs } = await pool.run('good', [await picture(7)], BULK);
    expect([...outputs.scores!.data]).toEqual([7, 150, 200]);
  });
});

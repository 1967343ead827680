import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { InferencePool, OutputSpec } from '../../src/backends/backend.ts';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';
import type { TextProcessing } from '../../src/backends/onnx-text.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { wordPiece } from '../helpers/models.ts';
import { texts } from './fake.ts';

const BULK = { lane: 'bulk' } as const;
const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'anna', '##s', 'smith', 'lives', 'in', 'rome', 'cafe', '.'];
const id = (word: string): number => WORDS.indexOf(word);

const TOKENIZER = wordPiece(WORDS);

/** A model whose answer for a token is a row of a table: what it says can be computed by hand. */
function tableModel(rows: readonly (readonly number[])[], pooled: boolean): Uint8Array {
  const width = rows[0]!.length;
  const graph = new OnnxGraph();
  const table = graph.weight(Float32Array.from(rows.flat()), [rows.length, width]);
  const looked = graph.add('Gather', [table, 'input_ids']);
  const mask = graph.add('Unsqueeze', [graph.add('Cast', ['attention_mask'], { to: 1 }), graph.integers(2)]);
  const kept = graph.add('Mul', [looked, mask]);
  graph.output(pooled ? graph.add('ReduceSum', [kept, graph.integers(1)], { keepdims: 0 }) : looked, 'answer');
  const ids = { type: 'int64', shape: ['n', 'length'] } as const;
  return graph.toBytes(
    [
      { name: 'input_ids', ...ids },
      { name: 'attention_mask', ...ids },
      { name: 'token_type_ids', ...ids },
    ],
    [{ name: 'answer', type: 'float32', shape: pooled ? ['n', width] : ['n', 'length', width] }],
  );
}

function poolOver(
  model: Uint8Array,
  processing: Partial<TextProcessing>,
  outputs: Readonly<Record<string, OutputSpec>>,
): InferencePool {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-text-'));
  const contents = { 'model.onnx': model, 'tokenizer.json': Buffer.from(JSON.stringify(TOKENIZER)) };
  const files: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(contents)) {
    writeFileSync(join(folder, name), bytes);
    files[name] = createHash('sha256').update(bytes).digest('hex');
  }
  const entry = {
    ...({ name: 'table', kind: 'text', input: 'text', runtime: 'onnx-text', license: 'Apache-2.0' } as const),
    source: { type: 'folder', path: folder } as const,
    files,
    outputs,
    processing: { file: 'model.onnx', tokenizer: 'tokenizer.json', tokensMax: 12, output: 'answer', ...processing },
    batch: { costMax: 1_000, itemsMax: 16 },
  };
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  onTestFinished(() => pool.close());
  return pool;
}

const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row));
const TABLE = WORDS.map((_, i) => [i, 1, -i * i]);
const sumOf = (...words: string[]): number[] =>
  [0, 1, 2].map((d) => words.reduce((sum, word) => sum + TABLE[id(word)]![d]!, 0));

describe('ONNX models with a tokenizer.json', () => {
  it('embed by the mean of the tokens, padding left out', async () => {
    const pool = poolOver(tableModel(TABLE, false), { reading: 'mean' }, { embedding: { dim: 3 } });
    const { rows } = await pool.embed('table', texts('Anna', 'Anna lives in Rome.', '', 'zzz'), BULK);
    const expected = [
      ['[CLS]', 'anna', '[SEP]'],
      ['[CLS]', 'anna', 'lives', 'in', 'rome', '.', '[SEP]'],
      ['[CLS]', '[SEP]'],
      ['[CLS]', '[UNK]', '[SEP]'],
    ].flatMap((words) => unit(sumOf(...words)));
    expect([...rows].map((value, i) => Math.abs(value - expected[i]!) < 1e-5)).not.toContain(false);
  });

  it('embed by the first token or by a row that the graph pools itself', async () => {
    const first = poolOver(tableModel(TABLE, false), { reading: 'first' }, { embedding: { dim: 3 } });
    const row = poolOver(tableModel(TABLE, true), { reading: 'row' }, { embedding: { dim: 3 } });
    const items = texts('rome', 'anna in rome');
    const [cls, pooled] = [await first.embed('table', items, BULK), await row.embed('table', items, BULK)];
    expect(cls.rows[3]).toBeCloseTo(unit(TABLE[id('[CLS]')]!)[0]!, 5);
    expect(pooled.rows[3]).toBeCloseTo(unit(sumOf('[CLS]', 'anna', 'in', 'rome', '[SEP]'))[0]!, 5);
  });

  it('cut long texts between their special tokens, and put the prefix first', async () => {
    const pool = poolOver(
      tableModel(TABLE, false),
      { reading: 'mean', tokensMax: 5, prefix: 'in ' },
      { embedding: { dim: 3 } },
    );
    const { rows } = await pool.embed('table', texts('rome anna smith lives cafe'), BULK);
    expect(rows[2]).toBeCloseTo(unit(sumOf('[CLS]', 'in', 'rome', 'anna', '[SEP]'))[2]!, 5);
  });

  it('classify with probabilities', async () => {
    const logits = WORDS.map((word) => [0, word === 'rome' ? 3 : 0]);
    const dim = { probabilities: { dim: 2 } };
    const softmax = poolOver(tableModel(logits, true), { reading: 'softmax' }, dim);
    const sigmoid = poolOver(tableModel(logits, true), { reading: 'sigmoid' }, dim);
    const run = async (pool: InferencePool) => [
      ...(await pool.run('table', texts('rome'), BULK)).outputs.probabilities!.data,
    ];
    expect((await run(softmax))[1]).toBeCloseTo(Math.exp(3) / (1 + Math.exp(3)), 5);
    expect((await run(sigmoid))[0]).toBeCloseTo(0.5, 5);
    expect((await run(sigmoid))[1]).toBeCloseTo(1 / (1 + Math.exp(-3)), 5);
  });

  it('mark spans with exact UTF-16 offsets', async () => {
    const tokenLabels = ['O', 'B-PER', 'I-PER', 'B-LOC'];
    const says: Record<string, number> = { anna: 1, smith: 2, rome: 3, cafe: 3 };
    const logits = WORDS.map((word) => tokenLabels.map((_, c) => ((says[word] ?? 0) === c ? 6 : 0)));
    const spans = { spans: { fields: ['start', 'end', 'score', 'label'] } };
    const pool = poolOver(tableModel(logits, false), { reading: 'spans', tokensMax: 32, tokenLabels }, spans);
    const text = '😀  ANNAS   Smith lives in the Café. Anna, Anna';
    const { outputs } = await pool.run('table', texts(text, 'in in in'), BULK);
    const { data, offsets } = outputs.spans!;
    const found = Array.from({ length: data.length / 4 }, (_, r) => [...data.subarray(4 * r, 4 * r + 4)]);
    expect(found.map(([start, end, , label]) => [text.slice(start, end), label])).toEqual([
      ['ANNAS   Smith', 0],
      ['Café', 1],
      ['Anna', 0],
      ['Anna', 0],
    ]);
    expect(found.every(([, , score]) => Math.abs(score! - Math.exp(6) / (Math.exp(6) + 3)) < 1e-5)).toBe(true);
    expect([...offsets!]).toEqual([0, 4, 4]);
  });
});

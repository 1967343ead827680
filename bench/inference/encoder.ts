/** A text encoder with fixed random weights, written in code: a BERT without its training, and texts for it. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';
import { gaussian, type Random, seededRandom } from '../../src/core/random.ts';

export interface EncoderShape {
  readonly layers: number;
  readonly hidden: number;
}

const HEADS = 4;
const TOKENS_MAX = 256;
const CLASSES = 10;
const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const STEMS = 3_000;

/** Stems, and an ending that half of the words have: as many tokens as words, and half again. */
function words(): readonly string[] {
  const random = seededRandom('vocabulary');
  const letter = (): string => String.fromCharCode(97 + random.int(26));
  return [...new Set(Array.from({ length: STEMS }, () => Array.from({ length: 5 }, letter).join('')))];
}

const WORDS = words();
const VOCABULARY = [...SPECIAL, '##ing', ...WORDS];
const id = (piece: string): number => VOCABULARY.indexOf(piece);

const TOKENIZER = {
  version: '1.0',
  added_tokens: SPECIAL.map((content) => ({ id: id(content), content, special: true })),
  normalizer: {
    ...{ type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true },
    ...{ strip_accents: null, lowercase: true },
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', id('[SEP]')], cls: ['[CLS]', id('[CLS]')] },
  decoder: { type: 'WordPiece', prefix: '##' },
  model: {
    ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
    vocab: Object.fromEntries(VOCABULARY.map((piece, i) => [piece, i])),
  },
};

/** Texts whose token counts are log-normal: median 30, mean about 40, at most 256 are read. */
export function makeTexts(count: number, seed: string): string[] {
  const random = seededRandom('texts', seed);
  return Array.from({ length: count }, () => {
    const tokens = Math.min(TOKENS_MAX, Math.ceil(Math.exp(3.4 + 0.7 * gaussian(random))));
    const text: string[] = [];
    for (let left = tokens - 2; left > 0; left -= 2) {
      text.push(WORDS[random.int(WORDS.length)]!);
      if (left > 1) text.push(`${WORDS[random.int(WORDS.length)]!}${random.next() < 0.5 ? 'ing' : ''}`);
    }
    return text.join(' ');
  });
}

/** Writes the model into `folder` and describes it twice: as an embedder and as a classifier. */
export function makeEncoder(
  folder: string,
  name: string,
  shape: EncoderShape,
): Readonly<Record<'embedder' | 'classifier', ModelEntry>> {
  mkdirSync(folder, { recursive: true });
  const contents = {
    'model.onnx': encoderBytes(shape),
    'tokenizer.json': Buffer.from(JSON.stringify(TOKENIZER)),
  };
  for (const [file, bytes] of Object.entries(contents)) writeFileSync(join(folder, file), bytes);
  const entry = (
    kind: string,
    outputs: ModelEntry['outputs'],
    processing: { reading: string; output: string },
  ): ModelEntry => ({
    name: kind === 'embedding' ? name : `${name}-classes`,
    kind,
    input: 'text',
    runtime: 'onnx-text',
    source: { type: 'folder', path: folder },
    files: Object.fromEntries(
      Object.entries(contents).map(([file, bytes]) => [file, createHash('sha256').update(bytes).digest('hex')]),
    ),
    license: 'Apache-2.0',
    outputs,
    processing: { revision: 1, file: 'model.onnx', tokenizer: 'tokenizer.json', tokensMax: TOKENS_MAX, ...processing },
    batch: { costMax: 2_048, itemsMax: 256, itemCostMax: TOKENS_MAX, unitsMax: 8 * TOKENS_MAX },
  });
  return {
    embedder: entry('embedding', { embedding: { dim: shape.hidden } }, { reading: 'row', output: 'embedding' }),
    classifier: entry('classification', { probabilities: { dim: CLASSES } }, { reading: 'softmax', output: 'logits' }),
  };
}

export function encoderBytes({ layers, hidden }: EncoderShape): Uint8Array<ArrayBuffer> {
  const writer = new EncoderWriter(hidden);
  let x = writer.embed();
  for (let layer = 0; layer < layers; layer++) x = writer.layer(x);
  return writer.finish(x);
}

class EncoderWriter {
  private readonly graph = new OnnxGraph();
  private readonly random: Random = seededRandom('weights');
  private readonly hidden: number;
  private readonly mask: string;
  private readonly bias: string;

  constructor(hidden: number) {
    const { graph } = this;
    this.hidden = hidden;
    this.mask = graph.add('Cast', ['attention_mask'], { to: 1 });
    const kept = graph.add('Unsqueeze', [this.mask, graph.integers(1, 2)]);
    // 0 for tokens, -10,000 for padding.
    this.bias = graph.add('Mul', [graph.add('Sub', [kept, this.scalar(1)]), this.scalar(10_000)]);
  }

  embed(): string {
    const { graph, hidden } = this;
    const rows = graph.add('Gather', [this.weight(VOCABULARY.length, hidden), 'input_ids']);
    const length = graph.add('Slice', [graph.add('Shape', ['input_ids']), graph.integers(1), graph.integers(2)]);
    const places = graph.add('Slice', [this.weight(TOKENS_MAX, hidden), graph.integers(0), length]);
    return this.norm(graph.add('Add', [rows, places]));
  }

  layer(x: string): string {
    const { graph, hidden } = this;
    const middle = this.norm(graph.add('Add', [x, this.attend(x)]));
    const wide = this.gelu(this.dense(middle, hidden, 4 * hidden));
    return this.norm(graph.add('Add', [middle, this.dense(wide, 4 * hidden, hidden)]));
  }

  finish(x: string): Uint8Array<ArrayBuffer> {
    const { graph, hidden } = this;
    const kept = graph.add('Mul', [x, graph.add('Unsqueeze', [this.mask, graph.integers(2)])]);
    const sum = graph.add('ReduceSum', [kept, graph.integers(1)], { keepdims: 0 });
    const mean = graph.add('Div', [sum, graph.add('ReduceSum', [this.mask, graph.integers(1)], { keepdims: 1 })]);
    graph.output(mean, 'embedding');
    graph.output(this.dense(mean, hidden, CLASSES), 'logits');
    const ids = { type: 'int64', shape: ['n', 'length'] } as const;
    return graph.toBytes(
      [
        { name: 'input_ids', ...ids },
        { name: 'attention_mask', ...ids },
      ],
      [
        { name: 'embedding', type: 'float32', shape: ['n', hidden] },
        { name: 'logits', type: 'float32', shape: ['n', CLASSES] },
      ],
    );
  }

  private attend(x: string): string {
    const { graph, hidden } = this;
    const size = hidden / HEADS;
    const [query, key, value] = ['query', 'key', 'value'].map(() => {
      const heads = graph.add('Reshape', [this.dense(x, hidden, hidden), graph.integers(0, 0, HEADS, size)]);
      return graph.add('Transpose', [heads], { perm: [0, 2, 1, 3] });
    });
    const scores = graph.add('MatMul', [query!, graph.add('Transpose', [key!], { perm: [0, 1, 3, 2] })]);
    const scaled = graph.add('Mul', [scores, this.scalar(1 / Math.sqrt(size))]);
    const shares = graph.add('Softmax', [graph.add('Add', [scaled, this.bias])], { axis: -1 });
    const mixed = graph.add('Transpose', [graph.add('MatMul', [shares, value!])], { perm: [0, 2, 1, 3] });
    return this.dense(graph.add('Reshape', [mixed, graph.integers(0, 0, hidden)]), hidden, hidden);
  }

  private gelu(x: string): string {
    const { graph } = this;
    const erf = graph.add('Erf', [graph.add('Mul', [x, this.scalar(Math.SQRT1_2)])]);
    return graph.add('Mul', [graph.add('Mul', [x, this.scalar(0.5)]), graph.add('Add', [erf, this.scalar(1)])]);
  }

  private norm(x: string): string {
    const ones = this.graph.weight(new Float32Array(this.hidden).fill(1), [this.hidden]);
    const zeros = this.graph.weight(new Float32Array(this.hidden), [this.hidden]);
    return this.graph.add('LayerNormalization', [x, ones, zeros], { axis: -1, epsilon: { float: 1e-12 } });
  }

  private dense(x: string, from: number, to: number): string {
    return this.graph.add('Add', [
      this.graph.add('MatMul', [x, this.weight(from, to)]),
      this.graph.weight(new Float32Array(to), [to]),
    ]);
  }

  private weight(rows: number, columns: number): string {
    const scale = 1 / Math.sqrt(columns);
    const data = Float32Array.from({ length: rows * columns }, () => scale * (2 * this.random.next() - 1));
    return this.graph.weight(data, [rows, columns]);
  }

  private scalar(value: number): string {
    return this.graph.weight(Float32Array.of(value), []);
  }
}

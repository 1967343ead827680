/**
 * A training for tests: `node train-words.mjs LABELS OUT` learns from an export which words speak for which label, and
 * writes an ONNX classifier with its tokenizer and its labels. Naive Bayes with one word of each added.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxGraph } from '../../dist/backends/onnx-graph.js';

const [exported, out] = process.argv.slice(2);
const tasks = JSON.parse(readFileSync(exported, 'utf8'));
const examples = tasks.flatMap(({ data, annotations }) =>
  annotations.map(({ result }) => ({
    words: data.text.toLowerCase().match(/[a-z]+/g),
    label: result[0].value.choices[0],
  })),
);
const labels = [...new Set(examples.map(({ label }) => label))].sort();
const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
const words = [...special, ...[...new Set(examples.flatMap((one) => one.words))].sort()];

const counts = labels.map((label) => {
  const own = examples.filter((one) => one.label === label).flatMap((one) => one.words);
  return words.map((word) => 1 + own.filter((one) => one === word).length);
});
const totals = counts.map((row) => row.reduce((sum, one) => sum + one, 0));
const table = words.map((_, w) =>
  labels.map((_label, c) => (w < special.length ? 0 : Math.log(counts[c][w] / totals[c]))),
);

const graph = new OnnxGraph();
const weights = graph.weight(Float32Array.from(table.flat()), [words.length, labels.length]);
const looked = graph.add('Gather', [weights, 'input_ids']);
const mask = graph.add('Unsqueeze', [graph.add('Cast', ['attention_mask'], { to: 1 }), graph.integers(2)]);
const sums = graph.add('ReduceSum', [graph.add('Mul', [looked, mask]), graph.integers(1)], { keepdims: 0 });
graph.output(sums, 'logits');
const ids = { type: 'int64', shape: ['n', 'length'] };
const inputs = ['input_ids', 'attention_mask'].map((name) => ({ name, ...ids }));
writeFileSync(
  join(out, 'model.onnx'),
  graph.toBytes(inputs, [{ name: 'logits', type: 'float32', shape: ['n', labels.length] }]),
);
writeFileSync(join(out, 'labels.txt'), labels.join('\n'));
writeFileSync(
  join(out, 'tokenizer.json'),
  JSON.stringify({
    version: '1.0',
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
    decoder: { type: 'WordPiece', prefix: '##' },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  }),
);

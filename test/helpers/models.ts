/** Small generated models, as people would drop them into a folder. */
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';

const WORDS = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  'win',
  'prize',
  'free',
  'meeting',
  'lunch',
  'report',
  'anna',
  'rome',
];

/** What `tokenizer.json` says of a WordPiece over these words, lower case and accents away, as BERT models come. */
export function wordPiece(words: readonly string[]): object {
  const id = (word: string): number => words.indexOf(word);
  return {
    version: '1.0',
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map((content) => ({ id: id(content), content, special: true })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', id('[SEP]')], cls: ['[CLS]', id('[CLS]')] },
    decoder: { type: 'WordPiece', prefix: '##' },
    model: {
      ...{ type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(words.map((word, i) => [word, i])),
    },
  };
}

export const TOKENIZER = JSON.stringify(wordPiece(WORDS));

/**
 * Logits (n x classes): each word speaks for the class it is listed under; `bias` is added to the first class. `classes`
 * is what the file says of their number.
 */
export function textClassifier(
  words: readonly (readonly string[])[],
  bias = 0,
  classes: number | string = words.length,
): Uint8Array {
  const table = WORDS.map((word) => words.map((own) => (own.includes(word) ? 2 : 0)));
  return tableGraph(
    table,
    (graph, rows) => {
      const sums = graph.add('ReduceSum', [rows, graph.integers(1)], { keepdims: 0 });
      return graph.add('Add', [
        sums,
        graph.weight(
          Float32Array.from(words, (_, c) => (c === 0 ? bias : 0)),
          [words.length],
        ),
      ]);
    },
    ['n', classes],
  );
}

/** Logits (n x tokens x labels) for labels such as O, B-PER: each word has the label it is listed under. */
export function tokenClassifier(labels: readonly string[], says: Readonly<Record<string, string>>): Uint8Array {
  const table = WORDS.map((word) => labels.map((label) => ((says[word] ?? 'O') === label ? 6 : 0)));
  return tableGraph(table, (_graph, rows) => rows, ['n', 'length', labels.length]);
}

/** An embedding (n x tokens x dim): a fixed row per word. */
export function textEmbedder(dim = 8): Uint8Array {
  const table = WORDS.map((_, w) => Array.from({ length: dim }, (_unused, d) => Math.sin(1 + w * dim + d)));
  return tableGraph(table, (_graph, rows) => rows, ['n', 'length', dim]);
}

function tableGraph(
  table: readonly (readonly number[])[],
  end: (graph: OnnxGraph, rows: string) => string,
  shape: readonly (number | string)[],
): Uint8Array {
  const graph = new OnnxGraph();
  const width = table[0]!.length;
  const weights = graph.weight(Float32Array.from(table.flat()), [table.length, width]);
  const looked = graph.add('Gather', [weights, 'input_ids']);
  const mask = graph.add('Unsqueeze', [graph.add('Cast', ['attention_mask'], { to: 1 }), graph.integers(2)]);
  graph.output(end(graph, graph.add('Mul', [looked, mask])), 'logits');
  const ids = { type: 'int64', shape: ['n', 'length'] } as const;
  return graph.toBytes(
    [
      { name: 'input_ids', ...ids },
      { name: 'attention_mask', ...ids },
    ],
    [{ name: 'logits', type: 'float32', shape }],
  );
}

/** Probabilities (1 x 3) of red, green, blue: the colour that a picture has most of. `sharpness` tells versions apart. */
export function colourClassifier(sharpness = 1): Uint8Array {
  const graph = new OnnxGraph();
  const scaled = graph.add('Mul', ['pixels', graph.weight(Float32Array.of(sharpness / 25), [])]);
  const means = graph.add('ReduceMean', [scaled], { axes: [2, 3], keepdims: 0 });
  graph.output(graph.add('Softmax', [means], { axis: 1 }), 'prob');
  return graph.toBytes(
    [{ name: 'pixels', type: 'float32', shape: [1, 3, 16, 16] }],
    [{ name: 'prob', type: 'float32', shape: [1, 3] }],
  );
}

const SIDE = 16;

/** A mask (1 x 2 x 16 x 16) of background and of what is brighter than half: logits. */
export function brightMask(): Uint8Array {
  const graph = new OnnxGraph();
  const light = graph.add('ReduceMean', [scaled(graph)], { axes: [1], keepdims: 1 });
  const bright = graph.add('Mul', [graph.add('Sub', [light, number(graph, 0.5)]), number(graph, 20)]);
  graph.output(graph.add('Concat', [graph.add('Neg', [bright]), bright], { axis: 1 }), 'seg');
  return overPictures(graph, [1, 3, SIDE, SIDE], { name: 'seg', shape: [1, 2, SIDE, SIDE] });
}

/** One key point (1 x 1 x 3), `x y score`: the middle of all bright light; the grey around a picture is none. */
export function lightPoint(): Uint8Array {
  const graph = new OnnxGraph();
  const mean = graph.add('ReduceMean', [scaled(graph)], { axes: [1], keepdims: 0 });
  const bright = graph.add('Relu', [graph.add('Sub', [mean, number(graph, 0.6)])]);
  // The middle of a dark picture is its middle.
  const light = graph.add('Add', [bright, number(graph, 1e-6)]);
  const total = graph.add('ReduceSum', [light, graph.integers(1, 2)], { keepdims: 0 });
  const middle = (alongRows: boolean): string => {
    const places = Float32Array.from({ length: SIDE ** 2 }, (_, i) =>
      alongRows ? (i % SIDE) + 0.5 : Math.floor(i / SIDE) + 0.5,
    );
    const weighed = graph.add('Mul', [light, graph.weight(places, [1, SIDE, SIDE])]);
    return graph.add('Div', [graph.add('ReduceSum', [weighed, graph.integers(1, 2)], { keepdims: 0 }), total]);
  };
  const row = [middle(true), middle(false), graph.add('Div', [total, total])];
  graph.output(graph.add('Reshape', [graph.add('Concat', row, { axis: 0 }), graph.integers(1, 1, 3)]), 'points');
  return overPictures(graph, [1, 3, SIDE, SIDE], { name: 'points', shape: [1, 1, 3] });
}

/**
 * Finished boxes: one over the right half of any picture, of class 1, with a score of 0.9. `from 1` tells the chances of
 * all classes too, and nothing is the first.
 */
export function halfDetector(form: 'rows' | 'apart' | 'from 1'): Uint8Array {
  const graph = new OnnxGraph();
  const nothing = graph.add('Mul', [graph.add('ReduceMean', ['pixels'], { keepdims: 0 }), number(graph, 0)]);
  const say = (name: string, shape: readonly number[], ...values: readonly number[]) => {
    graph.output(graph.add('Add', [graph.weight(Float32Array.from(values), shape), nothing]), name);
    return { name, type: 'float32' as const, shape };
  };
  const outputs =
    form === 'rows'
      ? [say('detections', [1, 1, 6], SIDE / 2, 0, SIDE, SIDE, 0.9, 1)]
      : [say('boxes', [1, 1, 4], 0, 0.5, 1, 1), say('scores', [1, 1], 0.9), say('classes', [1, 1], 1)];
  if (form === 'from 1') outputs.push(say('all_scores', [1, 1, 3], 0, 0.9, 0.1));
  return graph.toBytes([{ name: 'pixels', type: 'float32', shape: [1, 3, SIDE, SIDE] }], outputs);
}

/** `colourClassifier` with the colours last, as models that come from TensorFlow have them. */
export function colourClassifierPixels(): Uint8Array {
  const graph = new OnnxGraph();
  const means = graph.add('ReduceMean', [graph.add('Mul', ['pixels', number(graph, 1 / 25)])], {
    axes: [1, 2],
    keepdims: 0,
  });
  graph.output(graph.add('Softmax', [means], { axis: 1 }), 'prob');
  return overPictures(graph, [1, SIDE, SIDE, 3], { name: 'prob', shape: [1, 3] });
}

/** An embedding (1 x 2) of samples: how loud a sound is, and how fast it moves. High and low tones lie apart. */
export function soundEmbedder(): Uint8Array {
  const graph = new OnnxGraph();
  graph.output(loudnessAndPace(graph), 'embedding');
  return overSounds(graph, 'length', { name: 'embedding', shape: [1, 2] });
}

/**
 * Low or high (1 x 2): the louder of a sound and of its steps. `whole` hears sounds of any length and says logits;
 * `frames` hears windows of a quarter of a second, halved, and says probabilities (1 x 2 x 2) of each half.
 */
export function pitchClassifier(form: 'whole' | 'frames'): Uint8Array {
  const graph = new OnnxGraph();
  if (form === 'whole') {
    graph.output(graph.add('Mul', [loudnessAndPace(graph), number(graph, 20)]), 'logits');
    return overSounds(graph, 'length', { name: 'logits', shape: [1, 2] });
  }
  const window = 4_000;
  const halves = [0, 1].map((half) => {
    const ends = [graph.integers((half * window) / 2), graph.integers(((half + 1) * window) / 2)];
    const own = graph.add('Slice', ['samples', ...ends, graph.integers(1)]);
    const logits = graph.add('Mul', [loudnessAndPace(graph, own), number(graph, 20)]);
    return graph.add('Unsqueeze', [logits, graph.integers(1)]);
  });
  graph.output(graph.add('Softmax', [graph.add('Concat', halves, { axis: 1 })], { axis: 2 }), 'frames');
  return overSounds(graph, window, { name: 'frames', shape: [1, 2, 2] });
}

/** (1 x 2): mean of the values, and of the steps between them. */
function loudnessAndPace(graph: OnnxGraph, samples = 'samples'): string {
  const mean = (of: string): string => graph.add('ReduceMean', [graph.add('Abs', [of])], { axes: [1], keepdims: 1 });
  const part = (from: number, to: number): string =>
    graph.add('Slice', [samples, graph.integers(from), graph.integers(to), graph.integers(1)]);
  const steps = graph.add('Sub', [part(1, 2 ** 31 - 1), part(0, -1)]);
  return graph.add('Concat', [mean(samples), mean(steps)], { axis: 1 });
}

function overSounds(
  graph: OnnxGraph,
  length: number | string,
  output: { readonly name: string; readonly shape: readonly number[] },
): Uint8Array {
  return graph.toBytes([{ name: 'samples', type: 'float32', shape: [1, length] }], [{ ...output, type: 'float32' }]);
}

/** Colours from 0 to 1. */
const scaled = (graph: OnnxGraph): string => graph.add('Mul', ['pixels', number(graph, 1 / 255)]);
const number = (graph: OnnxGraph, value: number): string => graph.weight(Float32Array.of(value), []);

function overPictures(
  graph: OnnxGraph,
  input: readonly number[],
  output: { readonly name: string; readonly shape: readonly number[] },
): Uint8Array {
  return graph.toBytes([{ name: 'pixels', type: 'float32', shape: input }], [{ ...output, type: 'float32' }]);
}

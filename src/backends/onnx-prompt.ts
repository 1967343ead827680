/**
 * Runtime of models that take clicks and boxes as an input (Segment Anything and its like): one graph, or an encoder that
 * looks at a picture once and a decoder that answers each prompt.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem, PicturePrompt } from './backend.ts';
import { floatsOf, type Graph, type GraphArray, type GraphArrays, type GraphValue } from './graph.ts';
import { decodeFrame, type Frame, toFloats } from './image-decode.ts';
import { readMasks } from './image-reading.ts';
import { openOnnxGraph } from './onnx.ts';
import { POINT_MEANINGS, type PromptInputs } from './prompt-signature.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';

/** `processing` of the manifest entry. */
export interface PromptProcessing {
  /** Looks at the picture; the whole model where there is no decoder. */
  readonly file: string;
  readonly decoder: string | null;
  readonly input: string;
  readonly width: number;
  readonly height: number;
  /** Of values 0..255 per channel: `(value - mean) * scale`. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** Inputs of the graph that is prompted, by what they are for. */
  readonly prompt: PromptInputs;
  /** Logits (1 x masks x height x width) over the frame. */
  readonly masks: string;
  /** How good each mask is; null where there is one only. */
  readonly scores: string | null;
}

/** Pictures whose encoding is kept: people click several times on the one before them. Some megabytes each. */
const ENCODED_KEPT = 4;

export const onnxPromptRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as PromptProcessing;
    const encoder = await openOnnxGraph(files.get(processing.file)!);
    const { decoder: second } = processing;
    const decoder = second === null ? null : await openOnnxGraph(files.get(second)!);
    const segmenter = new Segmenter(encoder, decoder, processing);
    return {
      device: encoder.device,
      run: (items) => segmenter.answerAll(items),
      release: () => {
        encoder.release();
        decoder?.release();
      },
    };
  },
};

/** Without a prompt a model is asked about the middle of the picture: what a trial does. */
const MIDDLE: PicturePrompt = { on: [[0.5, 0.5]], off: [], box: null };

interface Encoded {
  readonly frame: Frame;
  /** What the encoder said, or what it would be shown. */
  readonly arrays: GraphArrays;
}

class Segmenter {
  readonly #encoder: Graph;
  readonly #decoder: Graph | null;
  readonly #processing: PromptProcessing;
  /** By hash of the file, the longest unused first. */
  readonly #encoded = new Map<string, Encoded>();

  constructor(encoder: Graph, decoder: Graph | null, processing: PromptProcessing) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#processing = processing;
  }

  async answerAll(items: readonly InferenceItem[]): Promise<BatchOutput> {
    const failed: FailedItem[] = [];
    const records: number[] = [];
    const counts = new Uint32Array(items.length);
    const [grids, sizes] = [new Float32Array(2 * items.length), new Float32Array(2 * items.length)];
    for (const [index, item] of items.entries()) {
      try {
        const bytes = 'bytes' in item ? item.bytes : new Uint8Array(0);
        const encoded = await this.#encode(bytes);
        const found = await this.#answer(encoded, ('bytes' in item && item.prompt) || MIDDLE);
        for (const value of found.records) records.push(value);
        counts[index] = found.records.length / found.width;
        grids.set([found.grid.width, found.grid.height], 2 * index);
        sizes.set([encoded.frame.source.width, encoded.frame.source.height], 2 * index);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
        failed.push({ index, error: error.toPlain() });
      }
    }
    const outputs = {
      masks: { data: Float32Array.from(records), counts },
      grid: { data: grids },
      size: { data: sizes },
    };
    return { outputs, failed };
  }

  async #encode(bytes: Uint8Array): Promise<Encoded> {
    const key = createHash('sha1').update(bytes).digest('hex');
    const known = this.#encoded.get(key);
    this.#encoded.delete(key);
    const encoded = known ?? (await this.#look(bytes));
    this.#encoded.set(key, encoded);
    if (this.#encoded.size > ENCODED_KEPT) this.#encoded.delete(this.#encoded.keys().next().value!);
    return encoded;
  }

  async #look(bytes: Uint8Array): Promise<Encoded> {
    const { width, height, mean, scale, input } = this.#processing;
    const frame = await decodeFrame(bytes, { width, height, fit: 'letterbox' });
    const pixels = new Float32Array(3 * width * height);
    toFloats(frame.pixels, { layout: 'planes', order: 'rgb', mean, scale }, pixels);
    const shown = { [input]: { data: pixels, shape: [1, 3, height, width] } };
    return { frame, arrays: this.#decoder === null ? shown : await this.#encoder.run(shown) };
  }

  async #answer({ frame, arrays }: Encoded, prompt: PicturePrompt) {
    const graph = this.#decoder ?? this.#encoder;
    const outputs = await graph.run({ ...this.#passed(graph, arrays), ...this.#prompted(graph, frame, prompt) });
    const { masks: name, scores } = this.#processing;
    const logits = floatsOf(outputs, name);
    const [rows = 0, columns = 0] = outputs[name]!.shape.slice(-2);
    const count = logits.length / (rows * columns);
    const best = scores === null ? 0 : indexOfMost(floatsOf(outputs, scores).subarray(0, count));
    const mask = logits.subarray(best * rows * columns, (best + 1) * rows * columns);
    const options = { output: name, width: columns, height: rows, layout: 'planes', labelCount: 1 } as const;
    const frameSize = { width: this.#processing.width, height: this.#processing.height };
    const read = readMasks({ ...options, activation: 'sigmoid' }, frame, frameSize, () => mask);
    return { ...read, width: RECORD_WIDTH };
  }

  /** What the encoder made for the decoder goes by its name, or is the only thing that can be meant. */
  #passed(graph: Graph, arrays: GraphArrays): GraphArrays {
    const { prompt } = this.#processing;
    const taken = new Set<string>(Object.values(prompt).filter((name) => name !== null));
    const wanted = graph.inputs.filter(({ name }) => !taken.has(name));
    const given = Object.values(arrays);
    return Object.fromEntries(
      wanted.map(({ name }) => {
        const array = arrays[name] ?? (wanted.length === 1 && given.length === 1 ? given[0] : undefined);
        if (array) return [name, array];
        throw new AppError('BACKEND_LOAD', `The encoder makes nothing for the decoder's input '${name}'.`, {
          details: { input: name },
        });
      }),
    );
  }

  /** Places in pixels of the frame; a box is its two corners, and without one the list ends in a point that means nothing. */
  #prompted(graph: Graph, frame: Frame, { on, off, box }: PicturePrompt): GraphArrays {
    const { width, height, prompt } = this.#processing;
    const place = ([x, y]: readonly [number, number]) => [
      x * frame.source.width * frame.scale.x - frame.cut.x,
      y * frame.source.height * frame.scale.y - frame.cut.y,
    ];
    const corners =
      box === null
        ? []
        : ([
            [box.x, box.y],
            [box.x + box.width, box.y + box.height],
          ] as const);
    const boxInput = prompt.box === null ? undefined : graph.inputs.find(({ name }) => name === prompt.box);
    const points: [readonly number[], number][] = [
      ...on.map((point) => [place(point), POINT_MEANINGS.on] as [number[], number]),
      ...off.map((point) => [place(point), POINT_MEANINGS.off] as [number[], number]),
    ];
    if (boxInput === undefined && box !== null) {
      points.push([place(corners[0]!), POINT_MEANINGS.topLeft], [place(corners[1]!), POINT_MEANINGS.bottomRight]);
    } else points.push([[0, 0], POINT_MEANINGS.nothing]);
    const arrays: Record<string, GraphArray> = {};
    const put = (name: string | null, shape: readonly number[], numbers: readonly number[]): void => {
      const input = graph.inputs.find((one) => one.name === name);
      if (input) arrays[input.name] = arrayFor(input, shape, numbers);
    };
    put(
      prompt.points,
      [points.length, 2],
      points.flatMap(([at]) => [...at]),
    );
    put(
      prompt.labels,
      [points.length],
      points.map(([, meaning]) => meaning),
    );
    put(prompt.box, [4], box === null ? [0, 0, width, height] : corners.flatMap(place));
    put(prompt.hasMask, [1], [0]);
    put(prompt.frameSize, [2], [height, width]);
    const earlier = graph.inputs.find(({ name }) => name === prompt.mask);
    if (earlier) {
      const shape = earlier.shape.map((length) => length ?? 1);
      const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
      arrays[earlier.name] = { data, shape };
    }
    return arrays;
  }
}

/** Of a record of `masks`: object, score, label, start, length. */
const RECORD_WIDTH = 5;

/** With as many leading ones as the graph wants, and in its type of number. */
function arrayFor(input: GraphValue, shape: readonly number[], numbers: readonly number[]): GraphArray {
  const leading = Math.max(0, input.shape.length - shape.length);
  const whole = [...Array.from({ length: leading }, () => 1), ...shape];
  if (input.type === 'int64')
    return { data: BigInt64Array.from(numbers, (one) => BigInt(Math.round(one))), shape: whole };
  if (input.type === 'int32') return { data: Int32Array.from(numbers), shape: whole };
  return { data: Float32Array.from(numbers), shape: whole };
}

function indexOfMost(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** Models that look at pictures, whatever engine runs them: classes, embeddings, boxes, key points, masks. */
import { AppError, toAppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem } from './backend.ts';
import { floatsOf, type Graph, type GraphArrays, type GraphValue } from './graph.ts';
import { decodeFrame, type Frame, toFloats } from './image-decode.ts';
import {
  type DetectorOptions,
  type MaskOptions,
  type PointOptions,
  readBoxes,
  readMasks,
  readPoints,
} from './image-reading.ts';
import type { ModelEntry } from './manifest.ts';
import type { BatchOutput, BatchTensor, CallSize, LoadedModel } from './runtime.ts';
import { normaliseRow, softmax } from './token-plan.ts';

/** `processing` of the manifest entry. */
export interface ImageProcessing {
  readonly file: string;
  /** Name of the graph's input, float32 or int32. */
  readonly input: string;
  /** (n x 3 x height x width), the default, or (n x height x width x 3). */
  readonly layout?: 'planes' | 'pixels';
  readonly width: number;
  readonly height: number;
  readonly fit: 'cover' | 'letterbox' | 'fill';
  readonly order: 'rgb' | 'bgr';
  /** Per channel in the model's order: `(value - mean) * scale` of values 0..255. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** Outputs that are taken as they are, by the names of the entry -> names of the graph; `embedding` to unit length. */
  readonly dense?: Readonly<Record<string, string>>;
  /** Where the graph says logits: makes its `probabilities` sum to one. */
  readonly activation?: 'softmax';
  readonly detector?: DetectorOptions;
  readonly points?: PointOptions;
  readonly masks?: MaskOptions;
}

/** Pictures decoded ahead of the model, on threads of their own. */
const DECODE_AHEAD = 4;

/** Calls of more pictures than this were never faster on a processor. */
const CALL_CHOICES = [1, 2, 4, 8, 16];

/** A model over a graph, whose engine the caller chose. */
export function imageModel(entry: ModelEntry, graph: Graph): LoadedModel {
  const processing = entry.processing as unknown as ImageProcessing;
  const input = inputOf(graph, processing);
  const eye = new Eye(graph, entry, processing, input);
  const model = {
    device: graph.device,
    run: (items: readonly InferenceItem[]) => eye.look(items),
    release: () => graph.release(),
  };
  // A graph whose first length is fixed takes one picture a call.
  return input.shape[0] === null ? { ...model, calls: eye } : model;
}

/** Throws BACKEND_LOAD when the manifest names an input that the graph does not have. */
function inputOf(graph: Graph, { input }: ImageProcessing): GraphValue {
  const found = graph.inputs.find(({ name }) => name === input);
  if (found) return found;
  const names = graph.inputs.map(({ name }) => name).join(', ');
  throw new AppError('BACKEND_LOAD', `The model has no input '${input}'; it has: ${names}.`, { details: { input } });
}

/** Decodes ahead of the graph and shows it a few pictures at a time. */
class Eye implements CallSize {
  readonly standard = 1;
  readonly choices = CALL_CHOICES;
  private size = 1;
  private readonly graph: Graph;
  private readonly entry: ModelEntry;
  private readonly processing: ImageProcessing;
  private readonly input: GraphValue;

  constructor(graph: Graph, entry: ModelEntry, processing: ImageProcessing, input: GraphValue) {
    this.graph = graph;
    this.entry = entry;
    this.processing = processing;
    this.input = input;
  }

  use(size: number): void {
    this.size = size;
  }

  async probe(size: number): Promise<number> {
    const { width, height } = this.processing;
    await this.show(Array.from({ length: size }, () => new Uint8Array(3 * width * height).fill(LIKE_A_PICTURE)));
    return size;
  }

  async look(items: readonly InferenceItem[]): Promise<BatchOutput> {
    const answers = new AnswerSheet(this.entry, items.length);
    const frames: (Promise<Frame> | undefined)[] = [];
    let shown: { readonly item: number; readonly frame: Frame }[] = [];
    for (let i = 0; i < items.length; i++) {
      for (let ahead = frames.length; ahead < Math.min(items.length, i + 1 + DECODE_AHEAD); ahead++) {
        frames[ahead] = decode(items[ahead]!, this.processing);
        // Awaited below, perhaps much later: until then a failure must not count as unhandled.
        frames[ahead]!.catch(() => undefined);
      }
      try {
        shown.push({ item: i, frame: await frames[i]! });
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
        answers.fail(i, error);
      }
      frames[i] = undefined;
      if (shown.length < this.size && i + 1 < items.length) continue;
      if (shown.length > 0) await this.answer(shown, answers);
      shown = [];
    }
    return { ...answers.finish(), work: { padded: items.length, useful: items.length } };
  }

  private async answer(
    shown: readonly { readonly item: number; readonly frame: Frame }[],
    answers: AnswerSheet,
  ): Promise<void> {
    const outputs = await this.show(shown.map(({ frame }) => frame.pixels));
    shown.forEach(({ item, frame }, row) => {
      answers.write(item, frame, this.processing, (name) => {
        const all = floatsOf(outputs, name);
        const length = all.length / shown.length;
        return all.subarray(row * length, (row + 1) * length);
      });
    });
  }

  private show(pictures: readonly Uint8Array[]): Promise<GraphArrays> {
    const { input, width, height, order, mean, scale, layout = 'planes' } = this.processing;
    const pixels = new Float32Array(pictures.length * 3 * width * height);
    pictures.forEach((picture, i) => {
      const into = pixels.subarray(i * 3 * width * height, (i + 1) * 3 * width * height);
      toFloats(picture, { layout, order, mean, scale }, into);
    });
    const shape = layout === 'planes' ? [3, height, width] : [height, width, 3];
    const data = this.input.type === 'int32' ? Int32Array.from(pixels) : pixels;
    return this.graph.run({ [input]: { data, shape: [pictures.length, ...shape] } });
  }
}

/** Any grey: how long a graph takes does not depend on what it sees. */
const LIKE_A_PICTURE = 100;

function decode(item: InferenceItem, options: ImageProcessing): Promise<Frame> {
  return decodeFrame('bytes' in item ? item.bytes : new Uint8Array(0), options);
}

/** Collects the outputs of a batch, picture by picture. */
class AnswerSheet {
  private readonly dense = new Map<string, { readonly data: Float32Array; readonly dim: number }>();
  private readonly ragged = new Map<string, { readonly data: number[]; readonly counts: Uint32Array; width: number }>();
  private readonly sizes: Float32Array;
  private readonly failed: FailedItem[] = [];
  private readonly entry: ModelEntry;

  constructor(entry: ModelEntry, itemCount: number) {
    this.entry = entry;
    this.sizes = new Float32Array(2 * itemCount);
    for (const [name, spec] of Object.entries(entry.outputs)) {
      if ('dim' in spec) this.dense.set(name, { data: new Float32Array(itemCount * spec.dim), dim: spec.dim });
      else this.ragged.set(name, { data: [], counts: new Uint32Array(itemCount), width: spec.fields.length });
    }
  }

  write(item: number, frame: Frame, processing: ImageProcessing, output: (name: string) => Float32Array): void {
    this.sizes.set([frame.source.width, frame.source.height], 2 * item);
    for (const [name, from] of Object.entries(processing.dense ?? {})) {
      const { data, dim } = this.dense.get(name)!;
      const row = output(from);
      if (row.length !== dim) throw wrongWidth(name, row.length, dim);
      const target = data.subarray(item * dim, (item + 1) * dim);
      target.set(row);
      if (name === 'embedding') normaliseRow(target);
      if (name === 'probabilities' && processing.activation === 'softmax') softmax(target);
    }
    const { detector, points, masks } = processing;
    if (detector) this.writeRecords('boxes', item, readBoxes(detector, frame, processing, output));
    if (points) this.writeRecords('points', item, readPoints(points, frame, processing, output));
    if (masks) {
      const { records, grid } = readMasks(masks, frame, processing, output);
      this.writeRecords('masks', item, records);
      this.dense.get('grid')?.data.set([grid.width, grid.height], 2 * item);
    }
  }

  fail(item: number, error: unknown): void {
    this.failed.push({ index: item, error: toAppError(error).toPlain() });
  }

  finish(): BatchOutput {
    const outputs: Record<string, BatchTensor> = {};
    for (const [name, { data }] of this.dense) outputs[name] = { data };
    for (const [name, { data, counts }] of this.ragged) outputs[name] = { data: Float32Array.from(data), counts };
    if ('size' in this.entry.outputs) outputs.size = { data: this.sizes };
    return { outputs, failed: this.failed };
  }

  private writeRecords(name: string, item: number, records: readonly number[]): void {
    const { data, counts, width } = this.ragged.get(name)!;
    for (const value of records) data.push(value);
    counts[item] = records.length / width;
  }
}

function wrongWidth(name: string, found: number, expected: number): AppError {
  return new AppError('BACKEND_BAD_OUTPUT', `Output '${name}' has ${found} numbers, expected ${expected}.`, {
    details: { output: name },
  });
}

/** Models that look at pictures, whatever engine runs them: classifiers, embeddings and object detectors. */
import { AppError, toAppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem } from './backend.ts';
import { type Box, decodeYolov8, decodeYolox, suppressCopies } from './boxes.ts';
import { floatsOf, type Graph, type GraphArrays, type GraphValue } from './graph.ts';
import { decodeFrame, type Frame, toPixels, toPlanes } from './image-decode.ts';
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
  readonly fit: 'cover' | 'letterbox';
  readonly order: 'rgb' | 'bgr';
  /** Per channel in the model's order: `(value - mean) * scale` of values 0..255. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** Outputs that are taken as they are, by the names of the entry -> names of the graph; `embedding` to unit length. */
  readonly dense?: Readonly<Record<string, string>>;
  /** Where the graph says logits: makes its `probabilities` sum to one. */
  readonly activation?: 'softmax';
  readonly detector?: DetectorOptions;
}

interface DetectorOptions {
  readonly head: 'yolox' | 'yolov8';
  readonly output: string;
  readonly labelCount: number;
  readonly scoreMin: number;
  readonly iouMax: number;
}

/** Fields of the `boxes` output: corner and size as shares of the upright picture, score, label. */
export const BOX_FIELDS = ['x', 'y', 'width', 'height', 'score', 'label'] as const;

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
      if (layout === 'planes') toPlanes(picture, order, mean, scale, into);
      else toPixels(picture, order, mean, scale, into);
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
  private readonly boxes: number[] = [];
  private readonly counts: Uint32Array;
  private readonly sizes: Float32Array;
  private readonly failed: FailedItem[] = [];
  private readonly entry: ModelEntry;

  constructor(entry: ModelEntry, itemCount: number) {
    this.entry = entry;
    this.counts = new Uint32Array(itemCount);
    this.sizes = new Float32Array(2 * itemCount);
    for (const [name, spec] of Object.entries(entry.outputs)) {
      if ('dim' in spec) this.dense.set(name, { data: new Float32Array(itemCount * spec.dim), dim: spec.dim });
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
    if (processing.detector) this.writeBoxes(item, frame, detect(processing.detector, processing.width, output));
  }

  fail(item: number, error: unknown): void {
    this.failed.push({ index: item, error: toAppError(error).toPlain() });
  }

  finish(): BatchOutput {
    const outputs: Record<string, BatchTensor> = {};
    for (const [name, { data }] of this.dense) outputs[name] = { data };
    if ('boxes' in this.entry.outputs) outputs.boxes = { data: Float32Array.from(this.boxes), counts: this.counts };
    if ('size' in this.entry.outputs) outputs.size = { data: this.sizes };
    return { outputs, failed: this.failed };
  }

  /** As shares of the picture, cut at its edges. */
  private writeBoxes(item: number, frame: Frame, boxes: readonly Box[]): void {
    const { width, height } = frame.source;
    const share = (value: number, length: number): number => Math.min(1, Math.max(0, value / frame.scale / length));
    for (const box of boxes) {
      const [left, top] = [share(box.left, width), share(box.top, height)];
      this.boxes.push(left, top, share(box.right, width) - left, share(box.bottom, height) - top, box.score, box.label);
    }
    this.counts[item] = boxes.length;
  }
}

function detect(options: DetectorOptions, side: number, output: (name: string) => Float32Array): Box[] {
  const raw = output(options.output);
  const { labelCount, scoreMin } = options;
  const boxes =
    options.head === 'yolox' ? decodeYolox(raw, side, labelCount, scoreMin) : decodeYolov8(raw, labelCount, scoreMin);
  return suppressCopies(boxes, options.iouMax);
}

function wrongWidth(name: string, found: number, expected: number): AppError {
  return new AppError('BACKEND_BAD_OUTPUT', `Output '${name}' has ${found} numbers, expected ${expected}.`, {
    details: { output: name },
  });
}

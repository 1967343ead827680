/** Runtime of ONNX models that look at pictures: classifiers, embeddings and object detectors. */
import { AppError, toAppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem } from './backend.ts';
import { type Box, decodeYolov8, decodeYolox, suppressCopies } from './boxes.ts';
import { decodeFrame, type Frame, toPlanes } from './image-decode.ts';
import type { ModelEntry } from './manifest.ts';
import { floatOutput, type OnnxSession, openSession, Tensor } from './onnx.ts';
import type { BatchOutput, BatchTensor, LoadedModel, ModelRuntime } from './runtime.ts';
import { normaliseRow } from './token-plan.ts';

/** `processing` of the manifest entry. */
export interface ImageProcessing {
  readonly file: string;
  /** Name of the graph's input, float32 (n x 3 x height x width). */
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly fit: 'cover' | 'letterbox';
  readonly order: 'rgb' | 'bgr';
  /** Per channel in the model's order: `(value - mean) * scale` of values 0..255. */
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** Outputs that are taken as they are, by the names of the entry -> names of the graph; `embedding` to unit length. */
  readonly dense?: Readonly<Record<string, string>>;
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

export const onnxImageRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as ImageProcessing;
    const session = await openSession(files.get(processing.file)!);
    return {
      device: 'onnxruntime cpu',
      run: (items) => look(session, entry, processing, items),
      release: () => void session.release(),
    };
  },
};

/** One picture a call: on a processor batches of pictures gain nothing. Decoding runs ahead while the model works. */
async function look(
  session: OnnxSession,
  entry: ModelEntry,
  processing: ImageProcessing,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const answers = new AnswerSheet(entry, items.length);
  const frames: (Promise<Frame> | undefined)[] = [];
  const planes = new Float32Array(3 * processing.width * processing.height);
  for (let i = 0; i < items.length; i++) {
    for (let ahead = frames.length; ahead < Math.min(items.length, i + 1 + DECODE_AHEAD); ahead++) {
      frames[ahead] = decode(items[ahead]!, processing);
      // Awaited below, perhaps much later: until then a failure must not count as unhandled.
      frames[ahead]!.catch(() => undefined);
    }
    try {
      const frame = await frames[i]!;
      toPlanes(frame.pixels, processing.order, processing.mean, processing.scale, planes);
      const { input, height, width } = processing;
      const outputs = await session.run({ [input]: new Tensor('float32', planes, [1, 3, height, width]) });
      answers.write(i, frame, processing, (name) => floatOutput(outputs, name));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
      answers.fail(i, error);
    }
    frames[i] = undefined;
  }
  return answers.finish();
}

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

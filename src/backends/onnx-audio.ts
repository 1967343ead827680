/** Runtime of ONNX models that hear whole sounds: an embedding, or classes of what is heard. */
import { AppError } from '../core/errors.ts';
import type { DenseSpec, FailedItem, InferenceItem } from './backend.ts';
import { floatsOf, type Graph, type GraphValue } from './graph.ts';
import type { ModelEntry } from './manifest.ts';
import { openOnnxGraph } from './onnx.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { decodeSound } from './sound-decode.ts';
import { normaliseRow, softmax } from './token-plan.ts';

/** `processing` of the manifest entry. */
export interface AudioProcessing {
  readonly file: string;
  /** Name of the graph's input: float32 (samples) or (1 x samples). */
  readonly input: string;
  readonly sampleRate: number;
  /** Each window is brought to mean 0 and variance 1. */
  readonly normalise: boolean;
  /** Where the graph takes windows of one length only. */
  readonly samples?: number;
  /** Outputs by the names of the entry -> names of the graph, (1 x dim) or (1 x frames x dim). */
  readonly dense: Readonly<Record<string, string>>;
  /** Where the graph says logits: makes its `probabilities` sum to one. */
  readonly activation?: 'softmax';
}

/** What a model with attention hears at once takes memory with the square of its length. */
const WINDOW_SECONDS_MAX = 30;
/** Shorter sounds are filled up with silence: the first layers of speech models look at so many samples. */
const SAMPLES_MIN = 400;

export const onnxAudioRuntime: ModelRuntime = {
  async load(entry: ModelEntry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as AudioProcessing;
    const graph = await openOnnxGraph(files.get(processing.file)!);
    const input = graph.inputs.find(({ name }) => name === processing.input);
    if (!input) throw new AppError('BACKEND_LOAD', `The model has no input '${processing.input}'.`);
    return {
      device: graph.device,
      run: (items) => hear(graph, input, entry, items),
      release: () => graph.release(),
    };
  },
};

async function hear(
  graph: Graph,
  input: GraphValue,
  entry: ModelEntry,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const processing = entry.processing as unknown as AudioProcessing;
  const failed: FailedItem[] = [];
  const sheets = Object.entries(processing.dense).map(([name, from]) => {
    const { dim } = entry.outputs[name] as DenseSpec;
    const isLogits = name === 'probabilities' && processing.activation === 'softmax';
    return { name, from, dim, isLogits, data: new Float32Array(items.length * dim) };
  });
  for (const [index, item] of items.entries()) {
    try {
      const bytes = 'bytes' in item ? item.bytes : new Uint8Array(0);
      const { samples } = await decodeSound(bytes, processing.sampleRate);
      const windows = cutSound(samples, processing);
      const share = 1 / windows.length;
      for (const window of windows) {
        if (processing.normalise) standardise(window);
        const shape = input.shape.length === 1 ? [window.length] : [1, window.length];
        const answers = await graph.run({ [processing.input]: { data: window, shape } });
        for (const { data, dim, from, isLogits } of sheets) {
          addMean(floatsOf(answers, from), data.subarray(index * dim, (index + 1) * dim), { isLogits, share });
        }
      }
      for (const { name, data, dim } of sheets) {
        if (name === 'embedding') normaliseRow(data.subarray(index * dim, (index + 1) * dim));
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
      failed.push({ index, error: error.toPlain() });
    }
  }
  return { outputs: Object.fromEntries(sheets.map(({ name, data }) => [name, { data }])), failed };
}

/** Windows one after the other, the last filled up with silence where the graph wants one length. */
export function cutSound(
  samples: Float32Array,
  { samples: fixed, sampleRate }: Pick<AudioProcessing, 'samples' | 'sampleRate'>,
): Float32Array[] {
  const most = fixed ?? WINDOW_SECONDS_MAX * sampleRate;
  const count = Math.max(1, Math.ceil(samples.length / most));
  return Array.from({ length: count }, (_, w) => {
    const part = samples.subarray(w * most, (w + 1) * most);
    const window = new Float32Array(fixed ?? Math.max(SAMPLES_MIN, part.length));
    window.set(part);
    return window;
  });
}

/** To mean 0 and variance 1, in place; silence stays silence. */
function standardise(window: Float32Array): void {
  let [sum, squares] = [0, 0];
  for (const value of window) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / window.length;
  const scale = 1 / Math.sqrt(squares / window.length - mean * mean + VARIANCE_MIN);
  for (let i = 0; i < window.length; i++) window[i] = (window[i]! - mean) * scale;
}

/** What feature extractors of speech models add as well. */
const VARIANCE_MIN = 1e-7;

/** Adds the mean of (frames x dim) to a row. Throws BACKEND_BAD_OUTPUT when the rows are no whole ones. */
function addMean(
  data: Float32Array,
  row: Float32Array,
  { isLogits, share }: { isLogits: boolean; share: number },
): void {
  const frames = data.length / row.length;
  if (frames < 1 || !Number.isInteger(frames)) {
    throw new AppError('BACKEND_BAD_OUTPUT', `The model gave ${data.length} numbers, expected rows of ${row.length}.`);
  }
  for (let f = 0; f < frames; f++) {
    const frame = data.subarray(f * row.length, (f + 1) * row.length);
    if (isLogits) softmax(frame);
    for (let d = 0; d < row.length; d++) row[d]! += (frame[d]! * share) / frames;
  }
}

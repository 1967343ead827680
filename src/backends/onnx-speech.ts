/** Runtime of models that hear where somebody speaks, window after window with a memory (Silero VAD). */
import { AppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem } from './backend.ts';
import { floatsOf, type Graph } from './graph.ts';
import type { ModelEntry } from './manifest.ts';
import { openOnnxGraph } from './onnx.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { decodeSound } from './sound-decode.ts';
import { readSoundFile } from './sound-file.ts';
import { type BorderOptions, frameLevels, refineBorders } from './speech-borders.ts';
import { type Segment, type SpeechOptions, speechSegments } from './speech-segments.ts';

/** `processing` of the manifest entry. */
export interface SpeechProcessing extends SpeechOptions, BorderOptions {
  readonly file: string;
  readonly sampleRate: number;
  /** New samples per step, and those of the step before that are shown again. */
  readonly windowSamples: number;
  readonly contextSamples: number;
  /** Shape of the memory that goes from step to step. */
  readonly state: readonly number[];
}

/** An hour takes two minutes of one core: longer sounds would look like a model that hangs. */
const SECONDS_MAX = 1_200;

export const SEGMENT_FIELDS = ['start', 'end', 'score', 'label'] as const;

export const onnxSpeechRuntime: ModelRuntime = {
  async load(entry: ModelEntry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as SpeechProcessing;
    const graph = await openOnnxGraph(files.get(processing.file)!);
    return {
      device: graph.device,
      run: (items) => listen(graph, processing, items),
      release: () => graph.release(),
    };
  },
};

async function listen(
  graph: Graph,
  processing: SpeechProcessing,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const failed: FailedItem[] = [];
  const durations = new Float32Array(items.length);
  const segments: (readonly Segment[])[] = items.map(() => []);
  for (const [index, item] of items.entries()) {
    try {
      const bytes = 'bytes' in item ? item.bytes : new Uint8Array(0);
      const { seconds } = readSoundFile(bytes);
      if (seconds > SECONDS_MAX) throw tooLong(seconds);
      const { samples } = await decodeSound(bytes, processing.sampleRate);
      const windowSeconds = processing.windowSamples / processing.sampleRate;
      const chances = await chancesOf(graph, processing, samples);
      const heard = speechSegments(chances, { windowSeconds, seconds }, processing);
      segments[index] = refineBorders(heard, frameLevels(samples, processing.sampleRate), processing);
      durations[index] = seconds;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
      failed.push({ index, error: error.toPlain() });
    }
  }
  const data = segments.flatMap((all) => all.flatMap(({ start, end, score }) => [start, end, score, 0]));
  const counts = Uint32Array.from(segments, (all) => all.length);
  return {
    outputs: { segments: { data: Float32Array.from(data), counts }, duration: { data: durations } },
    failed,
  };
}

/** One chance per window; the last window is filled up with silence. */
async function chancesOf(graph: Graph, processing: SpeechProcessing, samples: Float32Array): Promise<Float32Array> {
  const { windowSamples, contextSamples, sampleRate, state: shape } = processing;
  const chances = new Float32Array(Math.ceil(samples.length / windowSamples));
  const rate = { data: BigInt64Array.of(BigInt(sampleRate)), shape: [] };
  const length = contextSamples + windowSamples;
  let state = new Float32Array(shape.reduce((size, one) => size * one, 1));
  for (let w = 0; w < chances.length; w++) {
    const input = new Float32Array(length);
    const from = w * windowSamples - contextSamples;
    const there = samples.subarray(Math.max(0, from), from + length);
    input.set(there, Math.max(0, -from));
    const outputs = await graph.run({
      input: { data: input, shape: [1, length] },
      state: { data: state, shape },
      sr: rate,
    });
    chances[w] = floatsOf(outputs, 'output')[0]!;
    state = Float32Array.from(floatsOf(outputs, 'stateN'));
  }
  return chances;
}

function tooLong(seconds: number): AppError {
  const message = `The sound lasts ${Math.round(seconds)} seconds; the model takes ${SECONDS_MAX}. Cut it.`;
  return new AppError('BACKEND_BAD_ITEM', message, { details: { seconds, most: SECONDS_MAX } });
}

/** Runtime of Universal Sentence Encoder Lite (Cer et al., 2018): tokens, windows, the fastest engine that loads, means. */
import type { InferenceItem } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { ModelFiles } from './registry.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { TextCalls } from './text-calls.ts';
import { cutWindows, meanOfWindows, planByLength } from './token-plan.ts';
import { type UnigramTokenizer, type UnigramVocabulary, unigramTokenizer } from './unigram.ts';

/** What turns token ids into rows. Both engines give the same rows up to rounding (4e-7 measured). */
export interface SentenceEngine {
  readonly device: string;
  /** Price of one more call in tokens: where padding more than that, a call of its own is cheaper. */
  readonly callTokens: number;
  /** Ids of each window -> (windows x dim). */
  encode(ids: readonly Int32Array[]): Promise<Float32Array>;
  release(): void;
}

/** `processing` of the manifest entry. */
interface SentenceProcessing {
  readonly vocabulary: string;
  readonly reservedIds: number;
  readonly unknownId: number;
  readonly tokensMax: number;
  readonly windowsMax: number;
  /** Takes this engine and no other. */
  readonly engine?: EngineName;
}

type EngineName = 'onnx' | 'tfjs';

/** Padded tokens per call until this machine was measured. */
const CALL_TOKENS_STANDARD = 512;
const CALL_CHOICES = [32, 64, 128, 256, 512, 1_024];

export const liteEncoderRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as SentenceProcessing;
    const vocabulary = JSON.parse(Buffer.from(files.get(processing.vocabulary)!).toString('utf8')) as UnigramVocabulary;
    const tokenizer = unigramTokenizer(vocabulary, processing);
    const engine = await startEngine(files, processing.engine);
    const calls = new TextCalls({
      standard: CALL_TOKENS_STANDARD,
      choices: CALL_CHOICES,
      tokensMax: processing.tokensMax,
      callTokens: engine.callTokens,
      call: (lengths) => engine.encode(lengths.map((length) => new Int32Array(length).fill(PROBE_ID))),
    });
    return {
      device: engine.device,
      calls,
      run: (items) => embed(engine, tokenizer, processing, dimOf(entry), calls.size, items),
      release: () => engine.release(),
    };
  },
};

/** Any piece of the vocabulary: how long a call takes does not depend on what it says. */
const PROBE_ID = 100;

const ENGINES: Readonly<Record<EngineName, (files: ModelFiles) => Promise<SentenceEngine>>> = {
  onnx: async (files) => (await import('./use-lite-onnx.ts')).onnxEngine(files),
  tfjs: async (files) => (await import('./use-lite-tfjs.ts')).tfjsEngine(files),
};

/** onnxruntime is about five times as fast as WebAssembly, but it is native: where it does not load, TF.js does the work. */
async function startEngine(files: ModelFiles, only: EngineName | undefined): Promise<SentenceEngine> {
  if (only) return ENGINES[only](files);
  try {
    return await ENGINES.onnx(files);
  } catch (error) {
    const engine = await ENGINES.tfjs(files);
    return { ...engine, device: `${engine.device}, several times slower: onnxruntime does not load here (${error})` };
  }
}

function dimOf(entry: ModelEntry): number {
  return (entry.outputs.embedding as { dim: number }).dim;
}

async function embed(
  engine: SentenceEngine,
  tokenizer: UnigramTokenizer,
  processing: SentenceProcessing,
  dim: number,
  callTokens: number,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const tokens = items.map((item) => tokenizer.encode('text' in item ? item.text : ''));
  const windows = cutWindows(tokens, processing.tokensMax, processing.windowsMax);
  const rows = new Float32Array(windows.length * dim);
  const lengths = windows.map((window) => window.ids.length);
  let padded = 0;
  for (const group of planByLength(lengths, callTokens, engine.callTokens)) {
    padded += group.length * lengths[group[0]!]!;
    const answer = await engine.encode(group.map((w) => windows[w]!.ids));
    group.forEach((w, row) => {
      rows.set(answer.subarray(row * dim, (row + 1) * dim), w * dim);
    });
  }
  const data = meanOfWindows(rows, windows, items.length, dim);
  const useful = lengths.reduce((sum, length) => sum + length, 0);
  return { outputs: { embedding: { data } }, failed: [], work: { padded, useful } };
}

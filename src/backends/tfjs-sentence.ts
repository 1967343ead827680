/** Runtime of sentence encoders in TF.js that take ragged token ids: Universal Sentence Encoder Lite (Cer et al., 2018). */
import type { InferenceItem } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { loadGraphModel, tf, tfjsDevice } from './tfjs.ts';
import { cutWindows, meanOfWindows, planByLength } from './token-plan.ts';
import { type UnigramTokenizer, type UnigramVocabulary, unigramTokenizer } from './unigram.ts';

/** `processing` of the manifest entry. */
interface SentenceProcessing {
  readonly vocabulary: string;
  readonly reservedIds: number;
  readonly unknownId: number;
  readonly tokensMax: number;
  readonly windowsMax: number;
}

/** Padded tokens per call: memory grows with it, speed hardly (0.5 ms a token from 128 tokens on). */
const CALL_BUDGET_TOKENS = 1_024;
/** One more call costs about as much as this many tokens (4 ms against 0.5 ms a token). */
const CALL_COST_TOKENS = 8;

export const tfjsSentenceRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const device = await tfjsDevice();
    const processing = entry.processing as unknown as SentenceProcessing;
    const bytes = files.get(processing.vocabulary)!;
    const vocabulary = JSON.parse(Buffer.from(bytes).toString('utf8')) as UnigramVocabulary;
    const tokenizer = unigramTokenizer(vocabulary, processing);
    const model = await loadGraphModel(files);
    return {
      device,
      run: (items) => embed(model, tokenizer, processing, dimOf(entry), items),
      release: () => model.dispose(),
    };
  },
};

type GraphModel = Awaited<ReturnType<typeof loadGraphModel>>;

function dimOf(entry: ModelEntry): number {
  return (entry.outputs.embedding as { dim: number }).dim;
}

async function embed(
  model: GraphModel,
  tokenizer: UnigramTokenizer,
  processing: SentenceProcessing,
  dim: number,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const tokens = items.map((item) => tokenizer.encode('text' in item ? item.text : ''));
  const windows = cutWindows(tokens, processing.tokensMax, processing.windowsMax);
  const rows = new Float32Array(windows.length * dim);
  const lengths = windows.map((window) => window.ids.length);
  for (const group of planByLength(lengths, CALL_BUDGET_TOKENS, CALL_COST_TOKENS)) {
    const answer = await execute(
      model,
      group.map((w) => windows[w]!.ids),
    );
    group.forEach((w, row) => {
      rows.set(answer.subarray(row * dim, (row + 1) * dim), w * dim);
    });
  }
  return { outputs: { embedding: { data: meanOfWindows(rows, windows, items.length, dim) } }, failed: [] };
}

/** Ids of each row -> (rows x dim). Every tensor made here is disposed of, also when the model throws. */
async function execute(model: GraphModel, ids: readonly Int32Array[]): Promise<Float32Array> {
  const count = ids.reduce((sum, row) => sum + row.length, 0);
  const places = new Int32Array(count * 2);
  const flat = new Int32Array(count);
  let at = 0;
  ids.forEach((row, r) => {
    for (let position = 0; position < row.length; position++, at++) {
      places[2 * at] = r;
      places[2 * at + 1] = position;
      flat[at] = row[position]!;
    }
  });
  const indices = tf.tensor2d(places, [count, 2], 'int32');
  const values = tf.tensor1d(flat, 'int32');
  try {
    const output = (await model.executeAsync({ indices, values })) as tf.Tensor;
    const data = (await output.data()) as Float32Array;
    output.dispose();
    return data;
  } finally {
    indices.dispose();
    values.dispose();
  }
}

/** What a model that reads tokens is for: classes of a text, of its tokens, or an embedding. */
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { OutputSpec } from '../backend.ts';
import type { OnnxSignature, OnnxValue } from '../onnx-signature.ts';
import { inputRole } from '../token-inputs.ts';
import type { Guess, GuessInput, ModelTask } from './guess.ts';
import { assertLabels, REVISION, readingOf, unknownSignature, unknownWidth } from './signature-parts.ts';

/** What most encoders were trained on. */
const TOKENS_MAX = 512;
const TEXT_BATCH = { costMax: 4_096, itemsMax: 64, itemCostMax: TOKENS_MAX, unitsMax: 20_000 };

export function guessText(given: GuessInput): Guess {
  const { signature, tokenizer, labels } = given;
  if (tokenizer === null) {
    throw new AppError('BACKEND_LOAD', 'A model that reads tokens needs its tokenizer.json beside it.');
  }
  assertInputs(signature);
  const output = pick(signature, [2, 3]);
  const width = output.shape!.at(-1) ?? labels?.length ?? null;
  if (width === null) throw unknownWidth(output.name);
  const perToken = output.shape!.length === 3;
  const base = { revision: REVISION, file: given.file, tokenizer, tokensMax: TOKENS_MAX, output: output.name };
  const text = (
    kind: ModelTask,
    outputs: Record<string, OutputSpec>,
    processing: JsonObject,
    names: readonly string[],
  ) => ({
    kind,
    input: 'text' as const,
    runtime: 'onnx-text',
    outputs,
    processing: { ...base, ...processing },
    batch: TEXT_BATCH,
    labels: names,
  });
  if (labels === null) {
    const reading = perToken ? 'mean' : 'row';
    const assumed = perToken ? ['the mean over the tokens is the embedding'] : [];
    return { ...text('embedding', { embedding: { dim: width } }, { reading }, []), assumed };
  }
  assertLabels(labels, width, output.name);
  if (perToken) {
    const names = [...new Set(labels.filter((name) => name !== 'O').map((name) => name.replace(/^[BIES]-/, '')))];
    const spans = { spans: { fields: ['start', 'end', 'score', 'label'] } };
    const processing = { reading: 'spans', tokenLabels: labels };
    return { ...text('token-classification', spans, processing, names), assumed: [] };
  }
  const { reading, assumed } = readingOf(signature, output.name);
  return { ...text('text-classification', { probabilities: { dim: width } }, { reading }, labels), assumed };
}

/** Whatever is no mask, type or position gets the tokens: that may be one input only. */
function assertInputs(signature: OnnxSignature): void {
  if (signature.inputs.some(({ type }) => type !== 'int64')) throw unknownSignature(signature);
  const ids = signature.inputs.map(({ name }) => name).filter((name) => inputRole(name) === 'ids');
  if (ids.length === 1) return;
  const message = `One input takes the token ids, and ${ids.length} could (${ids.join(', ')}): name the others \`attention_mask\`, \`token_type_ids\`, \`position_ids\` when you export it.`;
  throw new AppError('BACKEND_LOAD', message, { details: { inputs: ids } });
}

/** The only output of such a rank, or the only output at all. */
function pick(signature: OnnxSignature, ranks: readonly number[]): OnnxValue {
  const fits = signature.outputs.filter(({ type, shape }) => type === 'float32' && ranks.includes(shape?.length ?? 0));
  const named = fits.find(({ name }) => /logits|prob|sentence_embedding|last_hidden_state/i.test(name)) ?? fits[0];
  if (!named) throw unknownSignature(signature);
  return named;
}

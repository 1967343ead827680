/** What a model that hears sounds is for: an embedding, or classes. */
import type { OutputSpec } from '../backend.ts';
import type { OnnxValue } from '../onnx-signature.ts';
import type { Guess, GuessInput } from './guess.ts';
import { labelMismatch, REVISION, readingOf, unknownSignature, unknownWidth } from './signature-parts.ts';

/** What most models of speech and sounds were trained on. */
const SAMPLE_RATE = 16_000;
/** Fewer numbers than this in a row are features and no sound. */
const SAMPLES_MIN = 400;
const SOUND_BATCH = { costMax: 8, itemsMax: 8 };

/** Samples, one sound at a time: (samples) or (n x samples), of any number or of a fixed one. */
export function isSoundInput({ type, shape }: OnnxValue): boolean {
  if (type !== 'float32' || !shape || shape.length > 2) return false;
  const samples = shape.at(-1);
  return samples === null || samples! >= SAMPLES_MIN;
}

export function guessSound(given: GuessInput, input: OnnxValue): Guess {
  const { signature, labels, preprocessing } = given;
  const rows = signature.outputs.filter(({ type, shape }) => type === 'float32' && [2, 3].includes(shape?.length ?? 0));
  const classes = labels === null ? undefined : rows.find(({ shape }) => shape!.at(-1) === labels.length);
  if (labels !== null && !classes) throw labelMismatch(labels.length, rows);
  const rest = rows.filter((one) => one !== classes);
  const embedding = rest.find(({ name }) => /embed|hidden|feature/i.test(name)) ?? rest[0];
  if (!classes && !embedding) throw unknownSignature(signature);
  const named = { ...(embedding ? { embedding } : {}), ...(classes ? { probabilities: classes } : {}) };
  const outputs: Record<string, OutputSpec> = {};
  for (const [name, output] of Object.entries(named)) {
    const dim = output.shape!.at(-1);
    if (!dim) throw unknownWidth(output.name);
    outputs[name] = { dim };
  }
  const { sampleRate = SAMPLE_RATE, normalise = false } = preprocessing;
  const reading = classes ? readingOf(signature, classes.name) : { reading: 'probabilities', assumed: [] };
  const samples = input.shape!.at(-1);
  return {
    kind: classes ? 'audio-classification' : 'embedding',
    input: 'audio',
    runtime: 'onnx-audio',
    outputs,
    processing: {
      revision: REVISION,
      file: given.file,
      input: input.name,
      sampleRate,
      normalise,
      ...(samples ? { samples } : {}),
      dense: Object.fromEntries(Object.entries(named).map(([name, output]) => [name, output.name])),
      ...(reading.reading === 'softmax' ? { activation: 'softmax' } : {}),
    },
    batch: SOUND_BATCH,
    labels: labels ?? [],
    assumed: [...(preprocessing.sampleRate ? [] : [`sounds at ${sampleRate} samples a second`]), ...reading.assumed],
  };
}

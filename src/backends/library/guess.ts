/** What a model is for, read from its signature and from what lies beside it; every assumption is told. */
import type { ModelEntry } from '../manifest.ts';
import type { OnnxSignature, OnnxValue } from '../onnx-signature.ts';
import { guessImage, isPictureInput } from './guess-image.ts';
import { guessSound, isSoundInput } from './guess-sound.ts';
import { guessText } from './guess-text.ts';
import { unknownSignature } from './signature-parts.ts';

/** Kinds that a folder can turn out to be. */
export type ModelTask =
  | 'text-classification'
  | 'token-classification'
  | 'image-classification'
  | 'object-detection'
  | 'key-points'
  | 'segmentation'
  | 'audio-classification'
  | 'prompted-segmentation'
  | 'embedding';

export interface GuessInput {
  readonly signature: OnnxSignature;
  /** Name of the model file. */
  readonly file: string;
  /** Lines of the file of labels, or names of the config; null where there is none. */
  readonly labels: readonly string[] | null;
  /** Name of the tokenizer's file. */
  readonly tokenizer: string | null;
  /** What a `preprocessor_config.json` says, or nothing. */
  readonly preprocessing: Preprocessing;
}

/** How pictures and sounds are prepared, as far as somebody wrote it down. */
export interface Preprocessing {
  readonly size?: { readonly width: number; readonly height: number };
  /** Of values 0..255 per channel: `(value - mean) * scale`. */
  readonly mean?: readonly number[];
  readonly scale?: readonly number[];
  /** Samples per second. */
  readonly sampleRate?: number;
  /** Sounds are brought to mean 0 and variance 1. */
  readonly normalise?: boolean;
}

/** The part of an entry that follows from the files, and in words what was assumed. */
export interface Guess extends Pick<ModelEntry, 'kind' | 'input' | 'runtime' | 'outputs' | 'processing' | 'batch'> {
  readonly labels: readonly string[];
  readonly assumed: readonly string[];
}

/** Throws BACKEND_LOAD where the signature is none that a runtime here can serve, and says what it is. */
export function guessModel(given: GuessInput): Guess {
  const { inputs } = given.signature;
  const [first] = inputs;
  if (first && isTokenInput(first)) return guessText(given);
  if (inputs.length === 1 && first && isPictureInput(first)) return guessImage(given, first);
  if (inputs.length === 1 && first && isSoundInput(first)) return guessSound(given, first);
  throw unknownSignature(given.signature);
}

function isTokenInput({ type, shape }: OnnxValue): boolean {
  return type === 'int64' && (shape === null || shape.length === 2);
}

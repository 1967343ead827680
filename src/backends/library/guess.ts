/** What a model is for, read from its signature and from what lies beside it; every assumption is told. */
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { OutputSpec } from '../backend.ts';
import type { ModelEntry } from '../manifest.ts';
import type { OnnxSignature, OnnxValue } from '../onnx-signature.ts';

/** Kinds that a folder can turn out to be. */
export type ModelTask =
  | 'text-classification'
  | 'token-classification'
  | 'image-classification'
  | 'object-detection'
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
  readonly preprocessing: ImagePreprocessing;
}

/** How pictures are prepared, as far as somebody wrote it down. */
export interface ImagePreprocessing {
  readonly size?: { readonly width: number; readonly height: number };
  /** Of values 0..255 per channel: `(value - mean) * scale`. */
  readonly mean?: readonly number[];
  readonly scale?: readonly number[];
}

/** The part of an entry that follows from the files, and in words what was assumed. */
export interface Guess extends Pick<ModelEntry, 'kind' | 'input' | 'runtime' | 'outputs' | 'processing' | 'batch'> {
  readonly labels: readonly string[];
  readonly assumed: readonly string[];
}

const REVISION = 1;
/** What most encoders were trained on. */
const TOKENS_MAX = 512;
const TEXT_BATCH = { costMax: 4_096, itemsMax: 64, itemCostMax: TOKENS_MAX, unitsMax: 20_000 };
export const IMAGE_BATCH = { costMax: 8, itemsMax: 8 };

/** Mean and spread of ImageNet's colours, which most picture models were trained with. */
export const IMAGENET_MEAN = [123.675, 116.28, 103.53];
export const IMAGENET_SCALE = [1 / 58.395, 1 / 57.12, 1 / 57.375];
const DETECTOR = { scoreMin: 0.3, iouMax: 0.45 };
const SIDE_DEFAULT = 224;

/** Throws BACKEND_LOAD where the signature is none that a runtime here can serve, and says what it is. */
export function guessModel(given: GuessInput): Guess {
  const { inputs } = given.signature;
  const [first] = inputs;
  if (first && isTokenInput(first)) return guessText(given);
  if (inputs.length === 1 && first?.type === 'float32' && first.shape?.length === 4) return guessImage(given, first);
  throw unknownSignature(given.signature);
}

function isTokenInput({ type, shape }: OnnxValue): boolean {
  return type === 'int64' && (shape === null || shape.length === 2);
}

function guessText(given: GuessInput): Guess {
  const { signature, tokenizer, labels } = given;
  if (tokenizer === null) {
    throw new AppError('BACKEND_LOAD', 'A model that reads tokens needs its tokenizer.json beside it.');
  }
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

/** A graph that ends in a softmax says probabilities, any other says logits. */
function readingOf(signature: OnnxSignature, output: string) {
  const ending = endOf(signature, output);
  if (ending === 'Softmax' || ending === 'Sigmoid') return { reading: 'probabilities', assumed: [] };
  return { reading: 'softmax', assumed: [`'${output}' holds logits of which one class is right`] };
}

/** Operators that change the shape and no number. */
const SHAPING: readonly (string | undefined)[] = [
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Identity',
  'Transpose',
];

function endOf(signature: OnnxSignature, output: string): string | undefined {
  let node = signature.producerOf(output);
  while (node && SHAPING.includes(node.op)) node = signature.producerOf(node.inputs[0] ?? '');
  return node?.op;
}

function guessImage(given: GuessInput, input: OnnxValue): Guess {
  const [, channels, height, width] = input.shape!;
  if (channels !== 3) throw unknownSignature(given.signature);
  const size = {
    width: width ?? given.preprocessing.size?.width ?? SIDE_DEFAULT,
    height: height ?? given.preprocessing.size?.height ?? SIDE_DEFAULT,
  };
  const assumedSize = width === null && !given.preprocessing.size ? [`pictures of ${size.width} x ${size.height}`] : [];
  const detector = detectorOf(given, size);
  const guess = detector ? guessDetector(given, detector) : guessDense(given, input);
  const base = { revision: REVISION, file: given.file, input: input.name, ...size };
  return {
    ...guess,
    input: 'image',
    runtime: 'onnx-image',
    batch: IMAGE_BATCH,
    processing: { ...base, ...guess.processing },
    assumed: [...assumedSize, ...guess.assumed],
  };
}

type ImageGuess = Pick<Guess, 'kind' | 'outputs' | 'processing' | 'labels' | 'assumed'>;

interface DetectorHead {
  readonly head: 'yolox' | 'yolov8';
  readonly output: string;
  readonly labelCount: number;
}

/** (1 x cells x (5 + labels)) over the strides 8, 16 and 32 is YOLOX, (1 x (4 + labels) x cells) is YOLOv8. */
function detectorOf(
  { signature }: GuessInput,
  { width, height }: { width: number; height: number },
): DetectorHead | undefined {
  const [output] = signature.outputs;
  const shape = output?.shape;
  if (signature.outputs.length !== 1 || !output || shape?.length !== 3) return undefined;
  const cells = [8, 16, 32].reduce((sum, stride) => sum + (width / stride) * (height / stride), 0);
  const [, rows, columns] = shape;
  if (rows === cells && columns && columns > 5) return { head: 'yolox', output: output.name, labelCount: columns - 5 };
  if (columns === cells && rows && rows > 4) return { head: 'yolov8', output: output.name, labelCount: rows - 4 };
  return undefined;
}

function guessDetector({ labels }: GuessInput, detector: DetectorHead): ImageGuess {
  const names = labels ?? Array.from({ length: detector.labelCount }, (_, i) => `class ${i}`);
  assertLabels(names, detector.labelCount, detector.output);
  const yolox = detector.head === 'yolox';
  const scale = yolox ? 1 : 1 / 255;
  const words = yolox ? 'YOLOX: blue, green, red, 0 to 255' : 'YOLOv8: red, green, blue, 0 to 1';
  return {
    kind: 'object-detection',
    outputs: { boxes: { fields: ['x', 'y', 'width', 'height', 'score', 'label'] }, size: { dim: 2 } },
    processing: {
      fit: 'letterbox',
      order: yolox ? 'bgr' : 'rgb',
      mean: [0, 0, 0],
      scale: [scale, scale, scale],
      detector: { ...detector, ...DETECTOR },
    },
    labels: names,
    assumed: [`a detector like ${words}`, `boxes from a score of ${DETECTOR.scoreMin} on`],
  };
}

function guessDense(given: GuessInput, input: OnnxValue): ImageGuess {
  const { signature, labels } = given;
  const flat = signature.outputs.filter(({ type, shape }) => type === 'float32' && shape?.length === 2);
  const classes = labels === null ? undefined : flat.find(({ shape }) => shape!.at(-1) === labels.length);
  if (labels !== null && !classes) throw labelMismatch(labels.length, flat);
  const rest = flat.filter((one) => one !== classes);
  const embedding = rest.find(({ name }) => /embed|feature|pool/i.test(name)) ?? rest[0];
  const outputs: Record<string, OutputSpec> = { size: { dim: 2 } };
  const dense: Record<string, string> = {};
  for (const [name, output] of [
    ['embedding', embedding],
    ['probabilities', classes],
  ] as const) {
    if (!output) continue;
    const dim = output.shape!.at(-1);
    if (!dim) throw unknownWidth(output.name);
    outputs[name] = { dim };
    dense[name] = output.name;
  }
  if (Object.keys(dense).length === 0) throw unknownSignature(signature);
  const colours = coloursOf(given, input);
  const reading = classes ? readingOf(signature, classes.name) : { reading: 'probabilities', assumed: [] };
  return {
    kind: classes ? 'image-classification' : 'embedding',
    outputs,
    processing: {
      fit: 'cover',
      order: 'rgb',
      mean: colours.mean,
      scale: colours.scale,
      dense,
      ...(reading.reading === 'softmax' ? { activation: 'softmax' } : {}),
    },
    labels: labels ?? [],
    assumed: [...colours.assumed, ...reading.assumed],
  };
}

/** A graph that begins with arithmetic prepares its colours itself. */
const ARITHMETIC: readonly string[] = ['Sub', 'Mul', 'Div', 'Add'];

function coloursOf({ signature, preprocessing }: GuessInput, input: OnnxValue) {
  const { mean, scale } = preprocessing;
  if (mean && scale) return { mean, scale, assumed: [] };
  if (signature.consumersOf(input.name).some((op) => ARITHMETIC.includes(op))) {
    return { mean: [0, 0, 0], scale: [1, 1, 1], assumed: ['colours go in as 0 to 255: the graph scales them itself'] };
  }
  return { mean: IMAGENET_MEAN, scale: IMAGENET_SCALE, assumed: ['colours are normalised as for ImageNet'] };
}

/** The only output of such a rank, or the only output at all. */
function pick(signature: OnnxSignature, ranks: readonly number[]): OnnxValue {
  const fits = signature.outputs.filter(({ type, shape }) => type === 'float32' && ranks.includes(shape?.length ?? 0));
  const named = fits.find(({ name }) => /logits|prob|sentence_embedding|last_hidden_state/i.test(name)) ?? fits[0];
  if (!named) throw unknownSignature(signature);
  return named;
}

function assertLabels(labels: readonly string[], expected: number, output: string): void {
  if (labels.length === expected) return;
  throw new AppError(
    'BACKEND_LOAD',
    `Output '${output}' has ${expected} classes, the file of labels ${labels.length}.`,
    {
      details: { output, expected, found: labels.length },
    },
  );
}

function labelMismatch(count: number, outputs: readonly OnnxValue[]): AppError {
  const widths = outputs.map(({ name, shape }) => `${name} (${shape!.at(-1) ?? '?'})`).join(', ');
  return new AppError('BACKEND_LOAD', `There are ${count} labels and no output as wide: ${widths || 'none'}.`, {
    details: { labels: count },
  });
}

function unknownWidth(output: string): AppError {
  return new AppError('BACKEND_LOAD', `The model does not say how wide '${output}' is; put a labels.txt beside it.`);
}

function unknownSignature({ inputs, outputs }: OnnxSignature): AppError {
  const words = (values: readonly OnnxValue[]) =>
    values
      .map(({ name, type, shape }) => `${name} ${type} [${shape?.map((one) => one ?? '?').join(', ') ?? '?'}]`)
      .join('; ');
  return new AppError(
    'BACKEND_LOAD',
    `No runtime here serves this model. Inputs: ${words(inputs)}. Outputs: ${words(outputs)}. Token ids (n x length) or pictures (n x 3 x height x width) are served.`,
  );
}

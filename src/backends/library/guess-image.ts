/** What a model that looks at pictures is for: classes, an embedding, boxes, key points or masks. */
import type { OutputSpec } from '../backend.ts';
import { BOX_FIELDS, type DetectorOptions, MASK_FIELDS, POINT_FIELDS } from '../image-reading.ts';
import type { OnnxValue } from '../onnx-signature.ts';
import type { Guess, GuessInput } from './guess.ts';
import {
  assertLabels,
  BACKGROUND,
  labelMismatch,
  labelsFor,
  REVISION,
  readingOf,
  unknownSignature,
  unknownWidth,
} from './signature-parts.ts';

/** The first picture of a batch is decoded while the model waits: among sixteen that is little, and somebody online waits for no more. */
export const IMAGE_BATCH = { costMax: 16, itemsMax: 16 };

/** Mean and spread of ImageNet's colours, which most picture models were trained with. */
export const IMAGENET_MEAN = [123.675, 116.28, 103.53];
export const IMAGENET_SCALE = [1 / 58.395, 1 / 57.12, 1 / 57.375];
const POINT_SCORE_MIN = 0.3;
const DETECTOR = { scoreMin: 0.3, iouMax: 0.45 };
const SIDE_DEFAULT = 224;

/** (n x 3 x height x width), or colours last. */
export function isPictureInput({ type, shape }: OnnxValue): boolean {
  return type === 'float32' && shape?.length === 4 && (shape[1] === 3 || shape[3] === 3);
}

export function guessImage(given: GuessInput, input: OnnxValue): Guess {
  const coloursLast = input.shape![1] !== 3;
  const [height, width] = coloursLast ? input.shape!.slice(1, 3) : input.shape!.slice(2);
  const size = {
    width: width ?? given.preprocessing.size?.width ?? SIDE_DEFAULT,
    height: height ?? given.preprocessing.size?.height ?? SIDE_DEFAULT,
  };
  const isSizeKnown = (width && height) || given.preprocessing.size;
  const guess = guessTask(given, input, size);
  const base = { revision: REVISION, file: given.file, input: input.name, ...size };
  return {
    ...guess,
    input: 'image',
    runtime: 'onnx-image',
    batch: IMAGE_BATCH,
    processing: { ...base, ...(coloursLast ? { layout: 'pixels' } : {}), ...guess.processing },
    assumed: [...(isSizeKnown ? [] : [`pictures of ${size.width} x ${size.height}`]), ...guess.assumed],
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function guessTask(given: GuessInput, input: OnnxValue, size: Size): ImageGuess {
  const detector = detectorOf(given, size);
  if (detector) return guessDetector(given, detector);
  const finished = finishedBoxesOf(given);
  if (finished) return guessFinishedBoxes(given, input, finished);
  const masks = masksOf(given);
  if (masks) return guessMasks(given, input, masks);
  const points = pointsOf(given);
  if (points) return guessPoints(given, input, points);
  return guessDense(given, input);
}

type ImageGuess = Pick<Guess, 'kind' | 'outputs' | 'processing' | 'labels' | 'assumed'>;

interface DetectorHead {
  readonly head: 'yolox' | 'yolov8';
  readonly output: string;
  readonly labelCount: number;
}

/** (1 x cells x (5 + labels)) over the strides 8, 16 and 32 is YOLOX, (1 x (4 + labels) x cells) is YOLOv8. */
function detectorOf({ signature }: GuessInput, { width, height }: Size): DetectorHead | undefined {
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
  const { labelCount } = detector;
  const names = labels ? labelsFor(labels, [labelCount]) : Array.from({ length: labelCount }, (_, i) => `class ${i}`);
  assertLabels(names, labelCount, detector.output);
  const yolox = detector.head === 'yolox';
  const scale = yolox ? 1 : 1 / 255;
  const words = yolox ? 'YOLOX: blue, green, red, 0 to 255' : 'YOLOv8: red, green, blue, 0 to 1';
  return {
    kind: 'object-detection',
    outputs: { boxes: { fields: BOX_FIELDS }, size: { dim: 2 } },
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

type FinishedBoxes = Omit<Extract<DetectorOptions, { readonly head: 'corners' }>, 'scoreMin' | 'iouMax'>;

/** (1 x boxes x 6) is `x1 y1 x2 y2 score label`, like CenterNet; boxes (1 x boxes x 4) beside scores and classes are an SSD. */
function finishedBoxesOf({ signature, labels }: GuessInput): FinishedBoxes | undefined {
  const { outputs } = signature;
  if (labels === null) return undefined;
  const [only] = outputs;
  if (outputs.length === 1 && only!.shape?.length === 3 && only!.shape[2] === 6) {
    return { head: 'corners', output: only!.name, order: 'xyxy', unit: 'pixels' };
  }
  const corners = outputs.filter(({ type, shape }) => type === 'float32' && shape?.length === 3 && shape[2] === 4);
  const boxes = corners.find(({ name }) => /box/i.test(name)) ?? corners[0];
  const [scores, classes] = [/score/i, /class|label/i].map((pattern) =>
    outputs.find(({ name, type, shape }) => type === 'float32' && shape?.length === 2 && pattern.test(name)),
  );
  if (!boxes || !scores || !classes) return undefined;
  return {
    head: 'corners',
    output: boxes.name,
    scores: scores.name,
    classes: classes.name,
    order: 'yxyx',
    unit: 'shares',
  };
}

function guessFinishedBoxes(given: GuessInput, input: OnnxValue, boxes: FinishedBoxes): ImageGuess {
  const colours = coloursOf(given, input);
  const counted = countedFrom(given, boxes);
  const words = boxes.scores
    ? 'y1 x1 y2 x2 as shares of the frame'
    : 'x1 y1 x2 y2 in pixels of the frame, score, class';
  return {
    kind: 'object-detection',
    outputs: { boxes: { fields: BOX_FIELDS }, size: { dim: 2 } },
    processing: {
      fit: 'fill',
      order: 'rgb',
      mean: colours.mean,
      scale: colours.scale,
      detector: { ...boxes, ...DETECTOR },
    },
    labels: counted.labels,
    assumed: [
      ...colours.assumed,
      ...counted.assumed,
      `each row of '${boxes.output}' is ${words}`,
      `boxes from a score of ${DETECTOR.scoreMin} on`,
    ],
  };
}

/** Detectors of TensorFlow tell the chances of all classes too: one more than labels is the background, class 0. */
function countedFrom({ signature, labels }: GuessInput, { output }: FinishedBoxes) {
  const all = signature.outputs.find(
    ({ name, shape }) =>
      name !== output && /score/i.test(name) && shape?.length === 3 && shape[2] === labels!.length + 1,
  );
  if (!all || BACKGROUND.test(labels![0]!)) return { labels: labels!, assumed: [] };
  const why = `classes are counted from 1: '${all.name}' has one more than there are labels`;
  return { labels: ['background', ...labels!], assumed: [why] };
}

interface MaskHead extends Size {
  readonly output: string;
  readonly layout: 'planes' | 'pixels';
  readonly labelCount: number;
}

/** One output of (1 x classes x height x width), or classes last: as many as there are labels, or the shorter side. */
function masksOf({ signature, labels }: GuessInput): MaskHead | undefined {
  const [output] = signature.outputs;
  const shape = output?.shape;
  if (!output || signature.outputs.length !== 1 || shape?.length !== 4) return undefined;
  const [, a, b, c] = shape;
  if (!a || !b || !c) return undefined;
  const planes = labels ? a === labels.length : a <= c;
  if (planes) return { output: output.name, layout: 'planes', labelCount: a, height: b, width: c };
  if (labels && c !== labels.length) return undefined;
  return { output: output.name, layout: 'pixels', labelCount: c, height: a, width: b };
}

function guessMasks(given: GuessInput, input: OnnxValue, masks: MaskHead): ImageGuess {
  const labels = given.labels ?? Array.from({ length: masks.labelCount }, (_, i) => `class ${i}`);
  const ending = given.signature.endings.get(masks.output);
  const isFinished = ending === 'Sigmoid' || ending === 'Softmax';
  const activation = isFinished ? 'none' : masks.labelCount === 1 ? 'sigmoid' : 'softmax';
  const background = labels.findIndex((name) => BACKGROUND.test(name));
  const colours = coloursOf(given, input);
  const reading = activation === 'softmax' ? 'logits of which one class has the cell' : 'a logit per cell';
  return {
    kind: 'segmentation',
    outputs: { masks: { fields: MASK_FIELDS }, grid: { dim: 2 }, size: { dim: 2 } },
    processing: {
      fit: 'fill',
      order: 'rgb',
      mean: colours.mean,
      scale: colours.scale,
      masks: { ...masks, activation, ...(background < 0 ? {} : { background }) },
    },
    labels,
    assumed: [...colours.assumed, ...(isFinished ? [] : [`'${masks.output}' holds ${reading}`])],
  };
}

interface PointHead {
  readonly output: string;
  readonly order: 'xys' | 'yxs';
  readonly unit: 'pixels' | 'shares';
}

/** Rows of three for as many points as there are labels: (1 x points x 3), or (1 x 1 x points x 3) like MoveNet. */
function pointsOf({ signature, labels }: GuessInput): PointHead | undefined {
  const [output] = signature.outputs;
  const shape = output?.shape;
  if (!output || !labels || signature.outputs.length !== 1 || !shape) return undefined;
  if (shape.at(-1) !== 3 || shape.at(-2) !== labels.length) return undefined;
  if (shape.length === 4 && shape[1] === 1) return { output: output.name, order: 'yxs', unit: 'shares' };
  return shape.length === 3 ? { output: output.name, order: 'xys', unit: 'pixels' } : undefined;
}

function guessPoints(given: GuessInput, input: OnnxValue, points: PointHead): ImageGuess {
  const colours = coloursOf(given, input);
  const words = points.order === 'yxs' ? 'y, x as shares of the frame, score' : 'x, y in pixels of the frame, score';
  return {
    kind: 'key-points',
    outputs: { points: { fields: POINT_FIELDS }, size: { dim: 2 } },
    processing: {
      fit: 'letterbox',
      order: 'rgb',
      mean: colours.mean,
      scale: colours.scale,
      points: { ...points, scoreMin: POINT_SCORE_MIN },
    },
    labels: given.labels!,
    assumed: [
      ...colours.assumed,
      `each row of '${points.output}' is ${words}`,
      `points from a score of ${POINT_SCORE_MIN} on`,
    ],
  };
}

function guessDense(given: GuessInput, input: OnnxValue): ImageGuess {
  const { signature } = given;
  const flat = signature.outputs.filter(({ type, shape }) => type === 'float32' && shape?.length === 2);
  const widths = flat.map(({ shape }) => shape!.at(-1));
  const labels = given.labels && labelsFor(given.labels, widths);
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

function coloursOf({ signature, preprocessing }: GuessInput, input: OnnxValue) {
  const { mean, scale } = preprocessing;
  if (mean && scale) return { mean, scale, assumed: [] };
  // A graph that begins with arithmetic prepares its colours itself.
  if (signature.scaled.has(input.name)) {
    return { mean: [0, 0, 0], scale: [1, 1, 1], assumed: ['colours go in as 0 to 255: the graph scales them itself'] };
  }
  return { mean: IMAGENET_MEAN, scale: IMAGENET_SCALE, assumed: ['colours are normalised as for ImageNet'] };
}

/** Models that take clicks: one file, or an encoder and a decoder beside each other. */
import { AppError } from '../../core/errors.ts';
import { MASK_FIELDS } from '../image-reading.ts';
import type { OnnxSignature } from '../onnx-signature.ts';
import { maskOutput, pictureInput, promptInputs, scoreOutput } from '../prompt-signature.ts';
import type { Guess, Preprocessing } from './guess.ts';
import { IMAGE_BATCH, IMAGENET_MEAN, IMAGENET_SCALE } from './guess-image.ts';

export interface SignedFile {
  readonly name: string;
  readonly signature: OnnxSignature;
}

const REVISION = 1;
/** Side of the frame of Segment Anything. */
const SIDE_DEFAULT = 1_024;

/** Null for what takes no clicks. Throws BACKEND_LOAD when one part of a pair is none. */
export function guessPrompted(files: readonly SignedFile[], preprocessing: Preprocessing): Guess | null {
  const prompted = files.find(({ signature }) => promptInputs(signature) !== null);
  if (prompted === undefined) return null;
  const looking = files.find((file) => file !== prompted) ?? prompted;
  const picture = pictureInput(looking.signature);
  const masks = maskOutput(prompted.signature);
  if (picture === null) {
    throw new AppError(
      'BACKEND_LOAD',
      `${prompted.name} takes clicks but no file here looks at pictures (1 x 3 x height x width); put its encoder beside it.`,
    );
  }
  if (masks === null) throw new AppError('BACKEND_LOAD', `${prompted.name} takes clicks but says no masks.`);
  const [, , height, width] = picture.shape!;
  const { size, mean, scale } = preprocessing;
  const frame = { width: width ?? size?.width ?? SIDE_DEFAULT, height: height ?? size?.height ?? SIDE_DEFAULT };
  return {
    kind: 'prompted-segmentation',
    input: 'image',
    runtime: 'onnx-prompt',
    outputs: { masks: { fields: [...MASK_FIELDS] }, grid: { dim: 2 }, size: { dim: 2 } },
    processing: {
      revision: REVISION,
      file: looking.name,
      decoder: looking === prompted ? null : prompted.name,
      input: picture.name,
      ...frame,
      mean: [...(mean ?? IMAGENET_MEAN)],
      scale: [...(scale ?? IMAGENET_SCALE)],
      prompt: { ...promptInputs(prompted.signature)! },
      masks,
      scores: scoreOutput(prompted.signature),
    },
    batch: IMAGE_BATCH,
    labels: ['what was meant'],
    assumed: [
      ...(width === null && !size ? [`pictures of ${frame.width} x ${frame.height}`] : []),
      ...(mean ? [] : ["colours with ImageNet's mean and spread"]),
    ],
  };
}

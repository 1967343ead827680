/** What the guesses at a folder share: how an output ends, and the words for what does not fit. */
import { AppError } from '../../core/errors.ts';
import type { OnnxSignature, OnnxValue } from '../onnx-signature.ts';

/** Of everything that a guess says about processing. */
export const REVISION = 1;

/** A graph that ends in a softmax says probabilities, any other says logits. */
export function readingOf(signature: OnnxSignature, output: string) {
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

export function endOf(signature: OnnxSignature, output: string): string | undefined {
  let node = signature.producerOf(output);
  while (node && SHAPING.includes(node.op)) node = signature.producerOf(node.inputs[0] ?? '');
  return node?.op;
}

export function assertLabels(labels: readonly string[], expected: number, output: string): void {
  if (labels.length === expected) return;
  throw new AppError(
    'BACKEND_LOAD',
    `Output '${output}' has ${expected} classes, the file of labels ${labels.length}.`,
    {
      details: { output, expected, found: labels.length },
    },
  );
}

export function labelMismatch(count: number, outputs: readonly OnnxValue[]): AppError {
  const widths = outputs.map(({ name, shape }) => `${name} (${shape!.at(-1) ?? '?'})`).join(', ');
  return new AppError('BACKEND_LOAD', `There are ${count} labels and no output as wide: ${widths || 'none'}.`, {
    details: { labels: count },
  });
}

export function unknownWidth(output: string): AppError {
  return new AppError('BACKEND_LOAD', `The model does not say how wide '${output}' is; put a labels.txt beside it.`);
}

export function unknownSignature({ inputs, outputs }: OnnxSignature): AppError {
  const words = (values: readonly OnnxValue[]) =>
    values
      .map(({ name, type, shape }) => `${name} ${type} [${shape?.map((one) => one ?? '?').join(', ') ?? '?'}]`)
      .join('; ');
  return new AppError(
    'BACKEND_LOAD',
    `No runtime here serves this model. Inputs: ${words(inputs)}. Outputs: ${words(outputs)}. Token ids (n x length), pictures (n x 3 x height x width, or colours last) and sounds (n x samples) are served.`,
  );
}

/** What the guesses at a folder share: how an output ends, and the words for what does not fit. */
import { AppError } from '../../core/errors.ts';
import type { OnnxSignature, OnnxValue } from '../onnx-signature.ts';

/** Of everything that a guess says about processing. */
export const REVISION = 1;

/** A graph that ends in a softmax says probabilities, any other says logits. */
export function readingOf(signature: OnnxSignature, output: string) {
  const ending = signature.endings.get(output);
  if (ending === 'Softmax' || ending === 'Sigmoid') return { reading: 'probabilities', assumed: [] };
  return { reading: 'softmax', assumed: [`'${output}' holds logits of which one class is right`] };
}

export function assertLabels(labels: readonly string[], expected: number, output: string): void {
  if (labels.length === expected) return;
  const hint = labels.length + 1 === expected ? ONE_SHORT : '';
  throw new AppError(
    'BACKEND_LOAD',
    `Output '${output}' has ${expected} classes, the file of labels ${labels.length}${hint}.`,
    {
      details: { output, expected, found: labels.length },
    },
  );
}

/** Which one is missing only its owner can say; a guess would give every class the name of its neighbour. */
const ONE_SHORT = '; where class 0 stands for nothing, let its first line be `background`';

export function labelMismatch(count: number, outputs: readonly OnnxValue[]): AppError {
  const widths = outputs.map(({ name, shape }) => `${name} (${shape!.at(-1) ?? '?'})`).join(', ');
  const hint = outputs.some(({ shape }) => shape!.at(-1) === count + 1) ? ONE_SHORT : '';
  return new AppError('BACKEND_LOAD', `There are ${count} labels and no output as wide: ${widths || 'none'}${hint}.`, {
    details: { labels: count },
  });
}

/** A class of this name stands for nothing. */
export const BACKGROUND = /^[_\W]*(background|bg|nothing|none)[_\W]*$/i;

/** The labels without a first one for nothing, where an output has no class for it. `widths`: classes of each output. */
export function labelsFor(
  labels: readonly string[],
  widths: readonly (number | null | undefined)[],
): readonly string[] {
  const isLonger = !widths.includes(labels.length) && widths.includes(labels.length - 1);
  return isLonger && BACKGROUND.test(labels[0]!) ? labels.slice(1) : labels;
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

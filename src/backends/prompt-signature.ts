/** Which inputs of a graph take clicks and boxes, by the names and shapes that exports of such models have. */
import type { OnnxSignature, OnnxValue } from './onnx-signature.ts';

/** Names of inputs; null for one that the graph does not have. */
export interface PromptInputs {
  /** (... x points x 2), in pixels of the frame. */
  readonly points: string;
  /** (... x points): `POINT_MEANINGS`. */
  readonly labels: string;
  /** (... x 4): left, top, right, bottom. */
  readonly box: string | null;
  /** A mask from before, and whether there is one. */
  readonly mask: string | null;
  readonly hasMask: string | null;
  /** Height and width that the masks are brought to. */
  readonly frameSize: string | null;
}

/** What a point stands for, as Segment Anything and everything after it counts. */
export const POINT_MEANINGS = { nothing: -1, off: 0, on: 1, topLeft: 2, bottomRight: 3 } as const;

/** Null for a graph that takes no points. */
export function promptInputs({ inputs }: Pick<OnnxSignature, 'inputs'>): PromptInputs | null {
  const named = (pattern: RegExp, fits: (value: OnnxValue) => boolean = () => true) =>
    inputs.find((value) => pattern.test(value.name) && fits(value))?.name ?? null;
  const points = named(/point|coord/i, ({ shape }) => shape?.at(-1) === 2);
  const labels = named(/label/i);
  if (points === null || labels === null) return null;
  return {
    points,
    labels,
    box: named(/box/i, ({ shape }) => shape?.at(-1) === 4),
    mask: named(/mask/i, ({ shape }) => (shape?.length ?? 0) >= 3),
    hasMask: named(/^has_/i),
    frameSize: named(/im(age)?_size|orig.*size/i),
  };
}

/** The output that holds masks over the whole frame: the small one where there are two. */
export function maskOutput({ outputs }: Pick<OnnxSignature, 'outputs'>): string | null {
  const masks = outputs.filter(({ name }) => /mask/i.test(name));
  return (masks.find(({ name }) => /low/i.test(name)) ?? masks[0])?.name ?? null;
}

export function scoreOutput({ outputs }: Pick<OnnxSignature, 'outputs'>): string | null {
  return outputs.find(({ name }) => /iou|score/i.test(name))?.name ?? null;
}

/** (batch x 3 x height x width) of floats. */
export function pictureInput({ inputs }: Pick<OnnxSignature, 'inputs'>): OnnxValue | null {
  return inputs.find(({ type, shape }) => type === 'float32' && shape?.length === 4 && shape[1] === 3) ?? null;
}

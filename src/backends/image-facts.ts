/** Mean colour and brightness of pictures, over all their pixels, upright or not. */
import { AppError } from '../core/errors.ts';
import { decodePicture } from './image-decode.ts';
import type { LoadedModel, ModelRuntime } from './runtime.ts';

/** Longer side that is averaged, in pixels: scaling down keeps means, and a photo is decoded at an eighth of the cost. */
const SIDE_MAX = 256;
/** Red, green, blue, and luma by BT.601; 0..255. */
const FIELDS = 4;
const LUMA = [0.299, 0.587, 0.114] as const;

export const imageFactsRuntime: ModelRuntime = {
  async load(): Promise<LoadedModel> {
    return {
      device: 'javascript',
      async run(items) {
        const data = new Float32Array(items.length * FIELDS);
        const failed = [];
        for (const [index, item] of items.entries()) {
          try {
            const { pixels } = await decodePicture('bytes' in item ? item.bytes : new Uint8Array(0), SIDE_MAX);
            data.set(meanColour(pixels), index * FIELDS);
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            failed.push({ index, error: error.toPlain() });
          }
        }
        return { outputs: { colour: { data } }, failed };
      },
      release: () => undefined,
    };
  },
};

/** (pixels x 3) 8-bit RGB -> means of red, green, blue, and their brightness. */
export function meanColour(pixels: Uint8Array): [red: number, green: number, blue: number, brightness: number] {
  const sums = [0, 0, 0];
  for (let at = 0; at < pixels.length; at += 3) for (let c = 0; c < 3; c++) sums[c]! += pixels[at + c]!;
  const [red, green, blue] = sums.map((sum) => sum / (pixels.length / 3)) as [number, number, number];
  return [red, green, blue, LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue];
}

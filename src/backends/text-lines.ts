/** One line of text: cut out of a picture, turned upright, and read out of a recogniser's chances. */
import type { ImageSize } from './image-decode.ts';
import type { TextBox } from './text-boxes.ts';

/** From this ratio of height to width on a box holds a line that runs downwards. */
const TALL = 1.5;

export interface LineImage {
  /** (3 x height x width), blue, green, red, -1..1. */
  readonly planes: Float32Array;
  readonly width: number;
}

/** A step across a pixel of the line takes this many samples each way, so that large letters do not flicker. */
const SAMPLES = 2;

/** `pixels` is (height x width x 3) RGB; the box is in its pixels. The line gets `lineHeight` pixels, at most `widthMax` wide. */
export function cutLine(
  pixels: Uint8Array,
  size: ImageSize,
  box: Omit<TextBox, 'score'>,
  { lineHeight, widthMax }: { lineHeight: number; widthMax: number },
): LineImage {
  const { origin, along, across } = reading(box);
  const [length, depth] = [Math.hypot(...along), Math.hypot(...across)];
  const width = Math.min(widthMax, Math.max(1, Math.round((length * lineHeight) / Math.max(1, depth))));
  const planes = new Float32Array(3 * lineHeight * width);
  const count = lineHeight * width;
  const share = 1 / SAMPLES ** 2 / 127.5;
  for (let r = 0; r < lineHeight; r++) {
    for (let c = 0; c < width; c++) {
      const at = r * width + c;
      for (let s = 0; s < SAMPLES ** 2; s++) {
        const u = (c + ((s % SAMPLES) + 0.5) / SAMPLES) / width;
        const v = (r + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES) / lineHeight;
        const x = origin[0] + along[0] * u + across[0] * v - 0.5;
        const y = origin[1] + along[1] * u + across[1] * v - 0.5;
        for (let colour = 0; colour < 3; colour++) {
          planes[(2 - colour) * count + at]! += share * sample(pixels, size, x, y, colour);
        }
      }
      for (let colour = 0; colour < 3; colour++) planes[colour * count + at]! -= 1;
    }
  }
  return { planes, width };
}

type Vector = readonly [x: number, y: number];

/** Where the line begins, which way it runs and which way its letters stand; tall boxes are read downwards. */
function reading({ x, y, width, height, rotation }: Omit<TextBox, 'score'>): {
  origin: Vector;
  along: Vector;
  across: Vector;
} {
  const radians = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const right: Vector = [width * cos, width * sin];
  const down: Vector = [-height * sin, height * cos];
  if (height < TALL * width) return { origin: [x, y], along: right, across: down };
  return { origin: [x + right[0], y + right[1]], along: down, across: [-right[0], -right[1]] };
}

/** Between the four pixels around a place; beyond the edge the edge goes on. */
function sample(pixels: Uint8Array, { width, height }: ImageSize, x: number, y: number, colour: number): number {
  const inX = Math.min(width - 1, Math.max(0, x));
  const inY = Math.min(height - 1, Math.max(0, y));
  const [left, top] = [Math.floor(inX), Math.floor(inY)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const [fx, fy] = [inX - left, inY - top];
  const at = (px: number, py: number): number => pixels[(py * width + px) * 3 + colour]!;
  const upper = at(left, top) * (1 - fx) + at(right, top) * fx;
  const lower = at(left, bottom) * (1 - fx) + at(right, bottom) * fx;
  return upper * (1 - fy) + lower * fy;
}

/**
 * (steps x classes) chances -> the letters: of each step the most likely class, repeats once, class 0 (no letter) left
 * out. `alphabet[i]` is class i + 1. The score is the mean chance of the letters, 0 for none.
 */
export function readLine(chances: Float32Array, alphabet: readonly string[]): { text: string; score: number } {
  const classes = alphabet.length + 1;
  let [text, sum, count, before] = ['', 0, 0, 0];
  for (let step = 0; (step + 1) * classes <= chances.length; step++) {
    const row = chances.subarray(step * classes, (step + 1) * classes);
    let best = 0;
    for (let c = 1; c < classes; c++) if (row[c]! > row[best]!) best = c;
    if (best !== 0 && best !== before) {
      text += alphabet[best - 1];
      sum += row[best]!;
      count++;
    }
    before = best;
  }
  return { text, score: count === 0 ? 0 : sum / count };
}

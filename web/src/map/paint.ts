/**
 * Points as pixels: a canvas drawn by hand costs a few milliseconds for 100,000 points, where a path of circles costs a
 * second and WebGL libraries need `eval`, which the content policy refuses (docs/decisions/0028).
 */
import type { Groups } from './colours.ts';
import type { Extent, View } from './view.ts';

export interface Look {
  readonly xy: Float32Array;
  readonly groups: Groups;
  /** (n) 1 = chosen; null while nothing is. */
  readonly chosen: Uint8Array | null;
  /** Radius of a point in device pixels. */
  readonly radius: number;
}

/** What is not chosen steps back. */
const BACK_ALPHA = 56;
const FULL_ALPHA = 255;

/** `extent` in device pixels, as `pixels`; `view` per device pixel too. */
export function paint(pixels: ImageData, view: View, extent: Extent, { xy, groups, chosen, radius }: Look): void {
  const into = new Uint32Array(pixels.data.buffer);
  into.fill(0);
  const colours = Uint32Array.from(groups.legend, ({ colour }) => abgr(colour, FULL_ALPHA));
  const back = Uint32Array.from(groups.legend, ({ colour }) => abgr(colour, BACK_ALPHA));
  const disc = discOf(radius);
  const { width, height } = extent;
  const put = (i: number, colour: number): void => {
    const px = Math.round((xy[2 * i]! - view.x) * view.scale + width / 2);
    const py = Math.round((xy[2 * i + 1]! - view.y) * view.scale + height / 2);
    if (px < radius || py < radius || px >= width - radius || py >= height - radius) return;
    const at = py * width + px;
    for (let d = 0; d < disc.length; d += 2) into[at + disc[d + 1]! * width + disc[d]!] = colour;
  };
  const draw = (wanted: (i: number) => boolean, by: Uint32Array): void => {
    for (let i = 0; i < groups.of.length; i++) if (wanted(i)) put(i, by[groups.of[i]!]!);
  };
  if (chosen !== null) draw((i) => chosen[i] === 0, back);
  const front = (i: number): boolean => chosen === null || chosen[i] === 1;
  draw((i) => groups.of[i] === 0 && front(i), colours);
  draw((i) => groups.of[i] !== 0 && front(i), colours);
}

/** Offsets (x, y) of the pixels of a filled circle. */
function discOf(radius: number): Int8Array {
  const offsets: number[] = [];
  const reach = (radius + 0.4) ** 2;
  for (let y = -radius; y <= radius; y++) {
    for (let x = -radius; x <= radius; x++) if (x * x + y * y <= reach) offsets.push(x, y);
  }
  return Int8Array.from(offsets);
}

/** `#rrggbb` as a little-endian pixel. */
function abgr(colour: string, alpha: number): number {
  const value = Number.parseInt(colour.slice(1), 16);
  return ((alpha << 24) | ((value & 0xff) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}

/** Large where points are few, and growing as one looks closer. */
export function radiusOf(points: number, zoom: number, pixelRatio: number): number {
  const base = points > 50_000 ? 1 : points > 5_000 ? 1.5 : points > 1_000 ? 2.5 : 3.5;
  return Math.max(1, Math.min(9, Math.round(base * pixelRatio * Math.max(1, zoom ** 0.35))));
}

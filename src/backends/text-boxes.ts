/** A map of where text is -> turned rectangles around its lines (Liao et al., 2020, without the polygons). */
import type { ImageSize } from './image-decode.ts';

/** In pixels of the map. `u` runs along the line, `v` across it downwards, both of unit length. */
export interface TextBox {
  /** The corner where the first letter's top is. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Clockwise on the screen, in degrees, above -45 and up to 45. */
  readonly rotation: number;
  /** Mean chance of its pixels, 0..1. */
  readonly score: number;
}

export interface TextBoxOptions {
  /** Pixels from here on are text. */
  readonly pixelMin: number;
  readonly scoreMin: number;
  /** The map marks the middle of a line: its box grows by this times area over outline. */
  readonly grow: number;
  /** Smaller pieces are noise, in pixels. */
  readonly sideMin: number;
}

/** More lines than any page has; what lies beyond is the noise of a photo. */
const BOXES_MAX = 1_000;

/** `map` is (height x width), chances 0..1. Boxes come top to bottom. */
export function textBoxes(map: Float32Array, { width, height }: ImageSize, options: TextBoxOptions): TextBox[] {
  const seen = new Uint8Array(map.length);
  const boxes: TextBox[] = [];
  for (let start = 0; start < map.length && boxes.length < BOXES_MAX; start++) {
    if (seen[start] === 1 || map[start]! < options.pixelMin) continue;
    const { rows, score } = piece(map, seen, start, { width, height }, options.pixelMin);
    const box = smallestBox(hullOf(rows));
    if (Math.min(box.width, box.height) < options.sideMin || score < options.scoreMin) continue;
    boxes.push({ ...grown(box, options.grow), score });
  }
  return boxes.sort((a, b) => a.y - b.y || a.x - b.x);
}

type Point = readonly [x: number, y: number];

/** The first and last pixel of each row of a piece (pixels that share a side), as corners; and its mean chance. */
function piece(
  map: Float32Array,
  seen: Uint8Array,
  start: number,
  { width, height }: ImageSize,
  pixelMin: number,
): { rows: Point[]; score: number } {
  const ends = new Map<number, [left: number, right: number]>();
  const stack = [start];
  seen[start] = 1;
  let [sum, count] = [0, 0];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const x = at % width;
    const y = (at - x) / width;
    sum += map[at]!;
    count++;
    const row = ends.get(y);
    if (row) [row[0], row[1]] = [Math.min(row[0], x), Math.max(row[1], x)];
    else ends.set(y, [x, x]);
    for (const next of [x > 0 ? at - 1 : -1, x + 1 < width ? at + 1 : -1, at - width, at + width]) {
      if (next < 0 || next >= width * height || seen[next] === 1 || map[next]! < pixelMin) continue;
      seen[next] = 1;
      stack.push(next);
    }
  }
  const corners = [...ends].flatMap(([y, [left, right]]): Point[] => [
    [left, y],
    [left, y + 1],
    [right + 1, y],
    [right + 1, y + 1],
  ]);
  return { rows: corners, score: sum / count };
}

/** Andrew's monotone chain; clockwise on the screen. */
function hullOf(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (all: readonly Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of all) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

type Placed = Omit<TextBox, 'score'>;

/** Area that an upright box may have more than the smallest: the steps of pixels turn every box by a hair. */
const UPRIGHT_MORE = 1.1;

/** The rectangle of least area around a hull has a side along one of the hull's edges. */
function smallestBox(hull: readonly Point[]): Placed {
  const upright = boxAlong(hull, 0);
  let best = { box: upright, area: (upright.width * upright.height) / UPRIGHT_MORE };
  hull.forEach((from, i) => {
    const to = hull[(i + 1) % hull.length]!;
    const box = boxAlong(hull, uprightAngle(Math.atan2(to[1] - from[1], to[0] - from[0])));
    const area = box.width * box.height;
    if (area < best.area) best = { box, area };
  });
  return best.box;
}

/** Quarter turns lead to the same rectangle: the one within 45 degrees of upright, in radians. */
function uprightAngle(radians: number): number {
  const quarter = Math.PI / 2;
  return radians - quarter * Math.ceil(radians / quarter - 0.5);
}

function boxAlong(points: readonly Point[], radians: number): Placed {
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of points) {
    const [along, across] = [x * cos + y * sin, y * cos - x * sin];
    [left, right] = [Math.min(left, along), Math.max(right, along)];
    [top, bottom] = [Math.min(top, across), Math.max(bottom, across)];
  }
  return {
    x: left * cos - top * sin,
    y: left * sin + top * cos,
    width: right - left,
    height: bottom - top,
    rotation: (radians * 180) / Math.PI,
  };
}

function grown({ x, y, width, height, rotation }: Placed, grow: number): Placed {
  const by = (grow * width * height) / (2 * (width + height));
  const radians = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  return {
    x: x - by * cos + by * sin,
    y: y - by * sin - by * cos,
    width: width + 2 * by,
    height: height + 2 * by,
    rotation,
  };
}

/** The outlines of what is set in a mask, as polygons with few corners. */
import type { Point, Size } from '../core/geometry.ts';

/** Steps along pixel edges: right, down, left, up. */
const STEPS: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * Outer outlines of the pieces of a mask (height x width), in pixels, largest first: holes are filled, and pieces of
 * fewer than `pixelsMin` pixels left out. Corners that lie within `tolerance` pixels of the line around them are dropped.
 */
export function outlines(
  mask: Uint8Array,
  { width, height }: Size,
  { pixelsMin, tolerance }: { pixelsMin: number; tolerance: number },
): Point[][] {
  const seen = new Uint8Array(mask.length);
  const pieces: { points: Point[]; pixels: number }[] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start] === 1) continue;
    const pixels = flood(mask, seen, start, width, height);
    if (pixels < pixelsMin) continue;
    pieces.push({ points: simplify(walkAround(mask, start, width, height), tolerance), pixels });
  }
  return pieces.sort((a, b) => b.pixels - a.pixels).map((piece) => piece.points);
}

/** Marks the piece that holds `start` (pixels that share a side) and counts it. */
function flood(mask: Uint8Array, seen: Uint8Array, start: number, width: number, height: number): number {
  const stack = [start];
  seen[start] = 1;
  let count = 0;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    count++;
    const x = at % width;
    const y = (at - x) / width;
    for (const [dx, dy] of STEPS) {
      const next = at + dx + dy * width;
      if (x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height) continue;
      if (mask[next] === 0 || seen[next] === 1) continue;
      seen[next] = 1;
      stack.push(next);
    }
  }
  return count;
}

/**
 * Corners of the way around a piece, the piece on the right hand. `start` is its first pixel in reading order, so that its
 * upper edge is on the outside.
 */
function walkAround(mask: Uint8Array, start: number, width: number, height: number): Point[] {
  const set = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] !== 0;
  const startX = start % width;
  const startY = (start - startX) / width;
  const corners: Point[] = [];
  let [x, y, step] = [startX, startY, 0];
  do {
    const turned = turn(set, x, y, step);
    if (turned !== step || corners.length === 0) corners.push([x, y]);
    step = turned;
    x += STEPS[step]![0];
    y += STEPS[step]![1];
  } while (x !== startX || y !== startY);
  return corners;
}

/** The next step from a corner: right-hand turn first, so that pieces that touch by a corner only stay apart. */
function turn(set: (x: number, y: number) => boolean, x: number, y: number, step: number): number {
  for (const way of [(step + 1) % 4, step, (step + 3) % 4]) {
    if (isEdge(set, x, y, way)) return way;
  }
  return (step + 2) % 4;
}

/** Does a pixel lie on the right of this step, and none on its left? */
function isEdge(set: (x: number, y: number) => boolean, x: number, y: number, step: number): boolean {
  const [right, left] = SIDES[step]!;
  return set(x + right[0], y + right[1]) && !set(x + left[0], y + left[1]);
}

/** Pixels on both sides of a step from corner (x, y), whose lower right pixel is (x, y). */
const SIDES: readonly (readonly [right: Point, left: Point])[] = [
  [
    [0, 0],
    [0, -1],
  ],
  [
    [-1, 0],
    [0, 0],
  ],
  [
    [-1, -1],
    [-1, 0],
  ],
  [
    [0, -1],
    [-1, -1],
  ],
];

/** Douglas and Peucker (1973) on the two halves of a closed line. */
function simplify(points: readonly Point[], tolerance: number): Point[] {
  const [first] = points;
  let far = 0;
  points.forEach((point, i) => {
    if (distance(point, first!) > distance(points[far]!, first!)) far = i;
  });
  const halves = [points.slice(0, far + 1), [...points.slice(far), first!]];
  return halves.flatMap((half) => thinned(half, tolerance).slice(0, -1));
}

/** A stack instead of recursion: outlines have thousands of corners. */
function thinned(points: readonly Point[], tolerance: number): Point[] {
  const kept = new Set([0, points.length - 1]);
  const stack: [number, number][] = [[0, points.length - 1]];
  for (let part = stack.pop(); part; part = stack.pop()) {
    const [from, to] = part;
    let [worst, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i++) {
      const off = offLine(points[i]!, points[from]!, points[to]!);
      if (off > worst) [worst, at] = [off, i];
    }
    if (at < 0) continue;
    kept.add(at);
    stack.push([from, at], [at, to]);
  }
  return points.filter((_, i) => kept.has(i));
}

function offLine(point: Point, from: Point, to: Point): number {
  const length = distance(from, to);
  if (length === 0) return distance(point, from);
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  return Math.abs(dx * (from[1] - point[1]) - (from[0] - point[0]) * dy) / length;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

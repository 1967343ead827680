/** Shapes on an image: percent, pixels, rotation, areas and overlap (IoU). */

/** Top-left corner and size. `rotation` turns it clockwise, in degrees, about that corner, as Label Studio does. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rotation: number;
}

/** Centre and radii; `rotation` is about the centre. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly rotation: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Point = readonly [x: number, y: number];

/** Percent of the image (0..100) to pixels. Sizes scale along the un-rotated axes, as in Label Studio. */
export function boxToPixels(box: Box, image: Size): Box {
  return scaleBox(box, image.width / 100, image.height / 100);
}

/** Pixels to percent of the image. */
export function boxToPercent(box: Box, image: Size): Box {
  return scaleBox(box, 100 / image.width, 100 / image.height);
}

function scaleBox({ x, y, width, height, rotation }: Box, sx: number, sy: number): Box {
  return { x: x * sx, y: y * sy, width: width * sx, height: height * sy, rotation };
}

export function pointsToPixels(points: readonly Point[], image: Size): Point[] {
  return points.map(([x, y]) => [(x * image.width) / 100, (y * image.height) / 100]);
}

export function pointsToPercent(points: readonly Point[], image: Size): Point[] {
  return points.map(([x, y]) => [(x / image.width) * 100, (y / image.height) * 100]);
}

/** Corners of a box in pixels, clockwise on the screen from the corner it turns about. */
export function boxCorners({ x, y, width, height, rotation }: Box): Point[] {
  const [cos, sin] = direction(rotation);
  const corner = (dx: number, dy: number): Point => [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
  return [corner(0, 0), corner(width, 0), corner(width, height), corner(0, height)];
}

/** The box whose corners these are; the other way of `boxCorners`. Rotation is in [0, 360). */
export function boxFromCorners(corners: readonly Point[]): Box {
  const [a, b, , d] = corners as [Point, Point, Point, Point];
  const rotation = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;
  return {
    x: a[0],
    y: a[1],
    width: Math.hypot(b[0] - a[0], b[1] - a[1]),
    height: Math.hypot(d[0] - a[0], d[1] - a[1]),
    rotation: (rotation + 360) % 360,
  };
}

/** Cosine and sine, exact for quarter turns. */
function direction(degrees: number): [number, number] {
  const quarter = degrees / 90;
  if (Number.isInteger(quarter)) {
    const turn = ((quarter % 4) + 4) % 4;
    return [[1, 0, -1, 0][turn]!, [0, 1, 0, -1][turn]!];
  }
  const radians = (degrees * Math.PI) / 180;
  return [Math.cos(radians), Math.sin(radians)];
}

/** Corners of the polygon that stands for an ellipse; 64 of them lose 0.16 % of its area. */
const ELLIPSE_CORNERS = 64;

export function ellipsePoints({ x, y, radiusX, radiusY, rotation }: Ellipse): Point[] {
  const [cos, sin] = direction(rotation);
  return Array.from({ length: ELLIPSE_CORNERS }, (_unused, i): Point => {
    const angle = (2 * Math.PI * i) / ELLIPSE_CORNERS;
    const dx = radiusX * Math.cos(angle);
    const dy = radiusY * Math.sin(angle);
    return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
  });
}

/** The smallest upright box around points. */
export function boundsOf(points: readonly Point[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top, rotation: 0 };
}

/** Area of a polygon without self-intersections (shoelace formula), never negative. */
export function polygonArea(points: readonly Point[]): number {
  let twice = 0;
  points.forEach(([x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length]!;
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/** Does the polygon hold the place? Even-odd where it crosses itself; a place on its border may count either way. */
export function insidePolygon(points: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  let [fromX, fromY] = points.at(-1) ?? [0, 0];
  for (const [toX, toY] of points) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}

/** Intersection over union, 0..1. Boxes in the same unit; for rotated ones that unit must be pixels. Both empty: 0. */
export function boxIou(a: Box, b: Box): number {
  if (a.rotation % 360 !== 0 || b.rotation % 360 !== 0) return polygonIou(boxCorners(a), boxCorners(b));
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  const shared = Math.max(0, width) * Math.max(0, height);
  return ratio(shared, a.width * a.height + b.width * b.height - shared);
}

/** Intersection over union of two polygons of any form (even-odd where they cross themselves), 0..1. */
export function polygonIou(a: readonly Point[], b: readonly Point[]): number {
  const { shared, union } = overlapAreas(a, b);
  return ratio(shared, union);
}

/** Overlap over union of [startA, endA) and [startB, endB), 0..1; equal empty spans give 1. */
export function spanIou(startA: number, endA: number, startB: number, endB: number): number {
  const shared = Math.min(endA, endB) - Math.max(startA, startB);
  const union = Math.max(endA, endB) - Math.min(startA, startB);
  if (union === 0) return 1;
  // Spans apart have a gap inside the hull, but then nothing is shared and the union does not matter.
  return shared <= 0 ? 0 : shared / union;
}

/** Intersection over union of two masks of equal length; a pixel counts when it is not 0. Both empty: 0. */
export function maskIou(a: Uint8Array, b: Uint8Array): number {
  let shared = 0;
  let union = 0;
  for (let i = 0; i < a.length; i++) {
    const inA = a[i]! === 0 ? 0 : 1;
    const inB = b[i]! === 0 ? 0 : 1;
    shared += inA & inB;
    union += inA | inB;
  }
  return ratio(shared, union);
}

function ratio(shared: number, union: number): number {
  return union > 0 ? Math.min(1, Math.max(0, shared / union)) : 0;
}

interface Edge {
  readonly top: number;
  readonly bottom: number;
  /** x = slope * y + at */
  readonly slope: number;
  readonly at: number;
}

/**
 * Exact areas by horizontal slabs: between two neighbouring corners or crossings no edges cross, so every strip is a
 * trapezoid and its width at half height times the slab's height is its area.
 */
function overlapAreas(a: readonly Point[], b: readonly Point[]): { shared: number; union: number } {
  const edgesA = edgesOf(a);
  const edgesB = edgesOf(b);
  const cuts = slabCuts(edgesA.concat(edgesB));
  let shared = 0;
  let union = 0;
  for (let i = 1; i < cuts.length; i++) {
    const top = cuts[i - 1]!;
    const height = cuts[i]! - top;
    if (height <= 0) continue;
    const middle = top + height / 2;
    const stripsA = crossings(edgesA, middle);
    const stripsB = crossings(edgesB, middle);
    const both = sharedLength(stripsA, stripsB);
    shared += both * height;
    union += (lengthOf(stripsA) + lengthOf(stripsB) - both) * height;
  }
  return { shared, union };
}

function edgesOf(points: readonly Point[]): Edge[] {
  return points.flatMap((from, i) => {
    const to = points[(i + 1) % points.length]!;
    const [upper, lower] = from[1] <= to[1] ? [from, to] : [to, from];
    if (upper[1] === lower[1]) return [];
    const slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
    return [{ top: upper[1], bottom: lower[1], slope, at: upper[0] - slope * upper[1] }];
  });
}

function slabCuts(edges: readonly Edge[]): number[] {
  const cuts = edges.flatMap((edge) => [edge.top, edge.bottom]);
  edges.forEach((one, i) => {
    for (const other of edges.slice(i + 1)) {
      if (one.slope === other.slope) continue;
      const y = (other.at - one.at) / (one.slope - other.slope);
      if (y > Math.max(one.top, other.top) && y < Math.min(one.bottom, other.bottom)) cuts.push(y);
    }
  });
  return cuts.sort((first, second) => first - second);
}

/** Where the edges cross a horizontal line, from left to right; every second gap is inside. */
function crossings(edges: readonly Edge[], y: number): number[] {
  const at = edges.filter((edge) => edge.top < y && y < edge.bottom).map((edge) => edge.slope * y + edge.at);
  return at.sort((first, second) => first - second);
}

function lengthOf(strips: readonly number[]): number {
  let length = 0;
  for (let i = 1; i < strips.length; i += 2) length += strips[i]! - strips[i - 1]!;
  return length;
}

function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  for (let i = 1, j = 1; i < a.length && j < b.length; ) {
    length += Math.max(0, Math.min(a[i]!, b[j]!) - Math.max(a[i - 1]!, b[j - 1]!));
    if (a[i]! < b[j]!) i += 2;
    else j += 2;
  }
  return length;
}

/** Which of the things in a picture somebody means who clicks on it or draws a box around it. */
import {
  type Box,
  boundsOf,
  boxCorners,
  boxIou,
  boxToPixels,
  ellipsePoints,
  type Point,
  pointsToPixels,
  polygonArea,
  type Size,
} from '../core/geometry.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { decodeBrush } from '../labelconfig/index.ts';

/** What was drawn, in pixels. */
export interface ImagePrompt {
  /** Clicks on the thing. */
  readonly on: readonly Point[];
  /** Clicks on what does not belong to it. */
  readonly off: readonly Point[];
  /** The last box around it. */
  readonly box: Box | null;
}

/** A box drawn by hand is off by a little on each side; of less overlap it means something else. */
const OVERLAP_MIN = 0.3;

/** Null when nothing was drawn that a picture can be asked about. Regions are Label Studio's, in percent of `size`. */
export function promptOf(drawn: readonly JsonObject[], size: Size): ImagePrompt | null {
  const [on, off]: [Point[], Point[]] = [[], []];
  let box: Box | null = null;
  for (const region of drawn) {
    const shape = shapeOf(region, size);
    if (shape === null) continue;
    if (shape.area > 0) box = shape.bounds;
    else (region.is_positive === false ? off : on).push([shape.bounds.x, shape.bounds.y]);
  }
  return on.length > 0 || box !== null ? { on, off, box } : null;
}

/** The region that all of the prompt speaks for: the smallest under the clicks, or the one that fills the box best. */
export function promptedRegion<R extends JsonObject>(
  regions: readonly R[],
  { on, off, box }: ImagePrompt,
  size: Size,
): R | null {
  let best: { region: R; rank: number } | null = null;
  for (const region of regions) {
    const shape = shapeOf(region, size);
    if (shape === null || !on.every(shape.holds) || off.some(shape.holds)) continue;
    const overlap = box === null ? 1 : boxIou(box, shape.bounds);
    if (overlap < OVERLAP_MIN) continue;
    const rank = box === null ? -shape.area : overlap;
    if (best === null || rank > best.rank) best = { region, rank };
  }
  return best?.region ?? null;
}

/** In pixels; a point has no area. */
interface Shape {
  readonly bounds: Box;
  readonly area: number;
  holds(point: Point): boolean;
}

function shapeOf({ value }: JsonObject, size: Size): Shape | null {
  if (!isJsonObject(value)) return null;
  const [x, y] = [numberOf(value.x), numberOf(value.y)];
  if (Array.isArray(value.rle)) return maskShape(decodeBrush(value.rle as number[], size), size);
  if (Array.isArray(value.points)) return polygonShape(pointsToPixels(value.points as unknown as Point[], size));
  if (x === null || y === null) return null;
  const rotation = numberOf(value.rotation) ?? 0;
  const [width, height] = [numberOf(value.width), numberOf(value.height)];
  const [radiusX, radiusY] = [numberOf(value.radiusX), numberOf(value.radiusY)];
  if (radiusX !== null && radiusY !== null) {
    const scaled = boxToPixels({ x, y, width: radiusX, height: radiusY, rotation }, size);
    return polygonShape(ellipsePoints({ ...scaled, radiusX: scaled.width, radiusY: scaled.height }));
  }
  // Key points have the width of their dot.
  if (width === null || height === null) return polygonShape(pointsToPixels([[x, y]], size));
  return polygonShape(boxCorners(boxToPixels({ x, y, width, height, rotation }, size)));
}

function polygonShape(points: readonly Point[]): Shape {
  return { bounds: boundsOf(points), area: polygonArea(points), holds: (point) => isInside(point, points) };
}

/** Even-odd. */
function isInside([x, y]: Point, corners: readonly Point[]): boolean {
  let inside = false;
  corners.forEach(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length]!;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}

function maskShape(mask: Uint8Array, { width, height }: Size): Shape {
  let area = 0;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    area += 1;
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  }
  const bounds = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top), rotation: 0 };
  return { bounds, area, holds: ([x, y]) => (mask[Math.floor(y) * width + Math.floor(x)] ?? 0) !== 0 };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

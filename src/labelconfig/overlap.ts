/** How much two regions cover the same place, 0..1, whatever their type. */
import type { Region } from '../core/domain.ts';
import {
  type Box,
  boxIou,
  boxToPixels,
  type Ellipse,
  ellipsePoints,
  maskIou,
  type Point,
  pointsToPixels,
  polygonIou,
  type Size,
  spanIou,
} from '../core/geometry.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { decodeBrush } from './brush.ts';

/**
 * Intersection over union for boxes, polygons, ellipses, masks, spans and key frames. Key points fall off with their
 * distance (see POINT_SPREAD). Null when one of them has no place, or the two cannot be compared.
 */
export function regionOverlap(a: Region, b: Region): number | null {
  const [first, second] = [placeOf(a), placeOf(b)];
  if (first === null || second === null || first.kind !== second.kind) return null;
  return overlapOf(first, second);
}

type Place =
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'area'; readonly points: readonly Point[] }
  | { readonly kind: 'point'; readonly at: Point; readonly image: Size }
  | { readonly kind: 'mask'; readonly rle: readonly number[]; readonly image: Size }
  | { readonly kind: 'span'; readonly within: string; readonly start: number; readonly end: number }
  | { readonly kind: 'ranges'; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'track'; readonly frames: readonly JsonObject[]; readonly image: Size };

/** Without the size of the image percent stand for pixels: right for upright shapes, near enough for turned ones. */
const PERCENT: Size = { width: 100, height: 100 };

/** Where a region lies; a polygon-like shape in pixels. */
function placeOf(region: Region): Place | null {
  const value = region.value;
  if (!isJsonObject(value)) return null;
  const { original_width: width, original_height: height } = region;
  const sized = typeof width === 'number' && typeof height === 'number';
  const image: Size = sized ? { width, height } : PERCENT;
  if (Array.isArray(value.sequence)) return { kind: 'track', frames: value.sequence.filter(isJsonObject), image };
  if (Array.isArray(value.ranges)) return { kind: 'ranges', ranges: value.ranges.filter(isJsonObject).map(toRange) };
  if ('start' in value) return spanOf(value);
  if (Array.isArray(value.rle)) return sized ? { kind: 'mask', rle: value.rle as number[], image } : null;
  if (Array.isArray(value.points)) return { kind: 'area', points: pointsToPixels(readPoints(value.points), image) };
  if (Array.isArray(value.vertices)) {
    const points = value.vertices.filter(isJsonObject).map((one): Point => [num(one.x), num(one.y)]);
    return { kind: 'area', points: pointsToPixels(points, image) };
  }
  if ('radiusX' in value) return { kind: 'area', points: ellipsePoints(ellipseToPixels(value, image)) };
  if ('height' in value) return { kind: 'box', box: boxToPixels(boxOf(value), image) };
  return 'x' in value ? { kind: 'point', at: [num(value.x), num(value.y)], image } : null;
}

/** Spans compare inside the same channel, or between the same ends of a page. */
function spanOf(value: JsonObject): Place | null {
  const offsets = value.globalOffsets;
  if (isJsonObject(offsets)) return { kind: 'span', within: 'page', start: num(offsets.start), end: num(offsets.end) };
  if ('startOffset' in value) {
    if (value.start === value.end) {
      const within = String(value.start);
      return { kind: 'span', within, start: num(value.startOffset), end: num(value.endOffset) };
    }
    // Over several paragraphs their lengths are not known here: whole paragraphs are compared.
    const [first, last] = [Number(value.start), Number(value.end)];
    if (Number.isNaN(first) || Number.isNaN(last)) return null;
    return { kind: 'span', within: 'paragraphs', start: first, end: last + 1 };
  }
  const [start, end] = [timeOf(value.start), timeOf(value.end)];
  return { kind: 'span', within: String(value.channel ?? 0), start, end };
}

function overlapOf(a: Place, b: Place): number | null {
  if (a.kind === 'box' && b.kind === 'box') return boxIou(a.box, b.box);
  if (a.kind === 'area' && b.kind === 'area') return polygonIou(a.points, b.points);
  if (a.kind === 'span' && b.kind === 'span') {
    return a.within === b.within ? spanIou(a.start, a.end, b.start, b.end) : 0;
  }
  if (a.kind === 'point' && b.kind === 'point') return pointOverlap(a.at, b.at, a.image);
  if (a.kind === 'mask' && b.kind === 'mask') return maskOverlap(a.rle, b.rle, a.image);
  if (a.kind === 'ranges' && b.kind === 'ranges') return rangesOverlap(a.ranges, b.ranges);
  if (a.kind === 'track' && b.kind === 'track') return trackOverlap(a.frames, b.frames, a.image);
  return null;
}

/** Standard deviation of a careful click, as a share of the image diagonal: 2.5 %. */
const POINT_SPREAD = 0.025;

function pointOverlap(a: Point, b: Point, { width, height }: Size): number {
  const distance = Math.hypot(((a[0] - b[0]) * width) / 100, ((a[1] - b[1]) * height) / 100);
  const spread = POINT_SPREAD * Math.hypot(width, height);
  return Math.exp(-(distance ** 2) / (2 * spread ** 2));
}

function maskOverlap(a: readonly number[], b: readonly number[], image: Size): number | null {
  try {
    return maskIou(decodeBrush(a, image), decodeBrush(b, image));
  } catch {
    // A damaged mask covers nothing that could be compared; `checkResult` names the damage.
    return null;
  }
}

/** Ranges of frames, both ends inside. */
function rangesOverlap(a: readonly (readonly [number, number])[], b: readonly (readonly [number, number])[]): number {
  const framesOf = (ranges: readonly (readonly [number, number])[]) =>
    ranges.reduce((sum, [start, end]) => sum + end - start + 1, 0);
  let shared = 0;
  for (const [startA, endA] of a) {
    for (const [startB, endB] of b) shared += Math.max(0, Math.min(endA, endB) - Math.max(startA, startB) + 1);
  }
  const union = framesOf(a) + framesOf(b) - shared;
  return union > 0 ? shared / union : 0;
}

/** An hour of video at 30 frames a second; longer tracks are compared up to there. */
const FRAMES_MAX = 108_000;

/** Mean box overlap over the frames in which at least one of the two is there. */
function trackOverlap(a: readonly JsonObject[], b: readonly JsonObject[], image: Size): number {
  const numbers = [...a, ...b].map((frame) => num(frame.frame));
  const first = Math.min(...numbers);
  const last = Math.min(first + FRAMES_MAX, Math.max(0, ...numbers));
  let sum = 0;
  let frames = 0;
  for (let frame = first; frame <= last; frame++) {
    const [boxA, boxB] = [boxAt(a, frame), boxAt(b, frame)];
    if (boxA === null && boxB === null) continue;
    frames += 1;
    if (boxA !== null && boxB !== null) sum += boxIou(boxToPixels(boxA, image), boxToPixels(boxB, image));
  }
  return frames === 0 ? 0 : sum / frames;
}

/** The box of a track in one frame: a key frame, or between two while the first is enabled. Null: not there. */
export function boxAt(sequence: readonly JsonObject[], frame: number): Box | null {
  const next = sequence.findIndex((key) => num(key.frame) > frame);
  const before = sequence[(next < 0 ? sequence.length : next) - 1];
  if (before === undefined) return null;
  const from = boxOf(before);
  if (num(before.frame) === frame) return from;
  if (before.enabled === false) return null;
  if (next < 0) return from;
  const after = sequence[next]!;
  const to = boxOf(after);
  const share = (frame - num(before.frame)) / (num(after.frame) - num(before.frame));
  const mix = (key: keyof Box) => from[key] + (to[key] - from[key]) * share;
  return { x: mix('x'), y: mix('y'), width: mix('width'), height: mix('height'), rotation: mix('rotation') };
}

function boxOf(value: JsonObject): Box {
  const { x, y, width, height, rotation } = value;
  return { x: num(x), y: num(y), width: num(width), height: num(height), rotation: num(rotation) };
}

function ellipseToPixels(value: JsonObject, image: Size): Ellipse {
  const [sx, sy] = [image.width / 100, image.height / 100];
  return {
    x: num(value.x) * sx,
    y: num(value.y) * sy,
    radiusX: num(value.radiusX) * sx,
    radiusY: num(value.radiusY) * sy,
    rotation: num(value.rotation),
  };
}

function toRange(range: JsonObject): readonly [number, number] {
  return [num(range.start), num(range.end)];
}

/** The pairs of numbers in a list; what is no pair is left out. */
export function readPoints(list: readonly Json[]): Point[] {
  return list.flatMap((one): Point[] => {
    const [x, y] = Array.isArray(one) ? one : [];
    return typeof x === 'number' && typeof y === 'number' ? [[x, y]] : [];
  });
}

function num(given: Json | undefined): number {
  return typeof given === 'number' ? given : 0;
}

function timeOf(given: Json | undefined): number {
  return typeof given === 'string' ? Date.parse(given) || 0 : num(given);
}

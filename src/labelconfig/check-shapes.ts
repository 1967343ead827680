/** Shapes on images: boxes, ellipses, polygons, points, lines, masks. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { decodeBrush } from './brush.ts';
import { Refusal } from './refusal.ts';
import { listAt, numberAt, type ValueContext } from './value-context.ts';

/** Percent may overshoot by this much: browsers and models round. */
const ROUNDING = 1e-6;

export function checkRectangle(value: JsonObject, context: ValueContext): JsonObject {
  const rotation = rotationOf(value, context);
  const box = {
    x: numberAt(value, 'x'),
    y: numberAt(value, 'y'),
    width: numberAt(value, 'width', 0),
    height: numberAt(value, 'height', 0),
  };
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  const inside = box.x >= -ROUNDING && box.y >= -ROUNDING && right <= 100 + ROUNDING && bottom <= 100 + ROUNDING;
  // A turned box reaches elsewhere than its four numbers say, so only upright ones are clipped.
  if (inside || rotation !== 0) return withRotation(value, rotation);
  if (box.x > 100 || box.y > 100 || right < 0 || bottom < 0) throw new Refusal('The box lies outside of the image.');
  context.note('the box reached over the edge of the image; clipped.');
  const [x, y] = [Math.max(0, box.x), Math.max(0, box.y)];
  const clipped = { x, y, width: Math.min(100, right) - x, height: Math.min(100, bottom) - y };
  return withRotation({ ...value, ...clipped }, rotation);
}

export function checkEllipse(value: JsonObject, context: ValueContext): JsonObject {
  numberAt(value, 'x', 0, 100);
  numberAt(value, 'y', 0, 100);
  numberAt(value, 'radiusX', 0, 100);
  numberAt(value, 'radiusY', 0, 100);
  return withRotation(value, rotationOf(value, context));
}

/** Degrees in [0, 360); 0 when not given. */
function rotationOf(value: JsonObject, context: ValueContext): number {
  if (value.rotation === undefined || value.rotation === null) return 0;
  const rotation = numberAt(value, 'rotation');
  if (rotation >= 0 && rotation <= 360) return rotation;
  const turned = ((rotation % 360) + 360) % 360;
  context.note(`rotation ${rotation} set to ${turned}.`);
  return turned;
}

function withRotation(value: JsonObject, rotation: number): JsonObject {
  return value.rotation === undefined || value.rotation === rotation ? value : { ...value, rotation };
}

/** The fewest corners that enclose an area. */
const CORNERS_MIN = 3;

export function checkPolygon(value: JsonObject): JsonObject {
  const points = listAt(value, 'points');
  if (points.length < CORNERS_MIN) throw new Refusal(`A polygon has 3 points or more, here are ${points.length}.`);
  const bad = points.findIndex((point) => !isPoint(point));
  if (bad >= 0)
    throw new Refusal(`Point ${bad + 1} is a pair of percents in 0..100, here it is ${JSON.stringify(points[bad])}.`);
  return value;
}

function isPoint(point: Json): boolean {
  return Array.isArray(point) && point.length === 2 && point.every(isPercent);
}

function isPercent(given: unknown): boolean {
  return typeof given === 'number' && given >= -ROUNDING && given <= 100 + ROUNDING;
}

export function checkKeyPoint(value: JsonObject): JsonObject {
  numberAt(value, 'x', 0, 100);
  numberAt(value, 'y', 0, 100);
  if (value.width !== undefined) numberAt(value, 'width', 0, 100);
  return value;
}

export function checkVector(value: JsonObject): JsonObject {
  const vertices = listAt(value, 'vertices');
  const bad = vertices.findIndex((one) => !isJsonObject(one) || !isPercent(one.x) || !isPercent(one.y));
  if (bad >= 0)
    throw new Refusal(`Vertex ${bad + 1} has x and y in percent, here it is ${JSON.stringify(vertices[bad])}.`);
  return value;
}

/** With the size of the image the code is decoded, else only its form is looked at. */
export function checkBrush(value: JsonObject, { region }: ValueContext): JsonObject {
  const rle = listAt(value, 'rle');
  if (!rle.every((byte) => Number.isInteger(byte) && Number(byte) >= 0 && Number(byte) <= 255)) {
    throw new Refusal('value.rle is a list of bytes (0..255).');
  }
  const { original_width: width, original_height: height } = region;
  if (typeof width !== 'number' || typeof height !== 'number') return value;
  try {
    decodeBrush(rle as number[], { width, height });
  } catch (error) {
    throw new Refusal((error as Error).message);
  }
  return value;
}

export function checkBitmask(value: JsonObject): JsonObject {
  const url = value.imageDataURL;
  if (typeof url === 'string' && url.startsWith('data:image/png;base64,')) return value;
  throw new Refusal('value.imageDataURL is a PNG as data URL.');
}

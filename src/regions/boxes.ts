/** Boxes of detectors and text readers -> rectangles, ellipses and polygons in percent, with what was read in them. */
import type { Region } from '../core/domain.ts';
import { type Box, boxCorners, boxToPixels, type Point, pointsToPercent, type Size } from '../core/geometry.ts';
import type { JsonObject } from '../core/json.ts';
import { type BoundTask, boundLabel, boundRegion, type RegionBinding } from './binding.ts';
import { type ItemOutputs, type ModelRecord, recordsOf } from './outputs.ts';

/** `boxes`: `x y width height score label` and perhaps `rotation`, as shares of the picture; `size`: its pixels. */
export function boxRegions(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): Region[] {
  const size = sizeOf(outputs);
  if (size === null) return [];
  const texts = textsOf(outputs);
  return recordsOf(outputs.boxes).flatMap((record, index) => {
    const labels = boundLabel(binding, record.label!, record.score!);
    if (labels === null) return [];
    const value = shapeOf(binding.control.type, boxOf(record), size);
    const score = share(record.score!);
    const region = boundRegion(binding, task, { value, labels, score, more: imageFields(size) });
    const text = texts.get(index);
    return text === undefined ? [region] : [region, ...transcribed(binding, region, value, text)];
  });
}

/** Pixels of the upright picture; null when the model did not say. */
export function sizeOf(outputs: ItemOutputs): Size | null {
  const [width = 0, height = 0] = outputs.size?.data ?? [];
  return width > 0 && height > 0 ? { width, height } : null;
}

/** What every region on a picture carries. */
export function imageFields({ width, height }: Size): JsonObject {
  return { original_width: width, original_height: height, image_rotation: 0 };
}

/** Probabilities come as 32-bit floats, and may round beyond 1. */
export function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function boxOf({ x, y, width, height, rotation = 0 }: ModelRecord): Box {
  const percent = (value: number): number => 100 * value;
  return { x: percent(x!), y: percent(y!), width: percent(width!), height: percent(height!), rotation };
}

function shapeOf(type: string, box: Box, size: Size): JsonObject {
  const turned = box.rotation === 0 ? {} : { rotation: box.rotation };
  if (type === 'rectangle' || type === 'rectanglelabels' || type === 'ocrlabels') {
    return { x: box.x, y: box.y, width: box.width, height: box.height, rotation: box.rotation };
  }
  const corners = boxCorners(boxToPixels(box, size));
  if (type === 'polygon' || type === 'polygonlabels') return { points: inside(corners, size), closed: true };
  const [[x = 0, y = 0] = []] = pointsToPercent([middle(corners)], size);
  return { x, y, radiusX: box.width / 2, radiusY: box.height / 2, ...turned };
}

function inside(corners: readonly Point[], size: Size): number[][] {
  return pointsToPercent(corners, size).map((corner) => corner.map((value) => Math.min(100, Math.max(0, value))));
}

function middle([a, , c]: readonly Point[]): Point {
  return [(a![0] + c![0]) / 2, (a![1] + c![1]) / 2];
}

/** `letters`: `box code`, the Unicode code points read in each box, in order. Records hold floats, and these are exact. */
function textsOf(outputs: ItemOutputs): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { box, code } of recordsOf(outputs.letters)) {
    texts.set(box!, (texts.get(box!) ?? '') + String.fromCodePoint(code!));
  }
  return texts;
}

/** The answer of the region's TextArea: the same id and the same place. */
function transcribed({ transcription }: RegionBinding, region: Region, value: JsonObject, text: string): Region[] {
  if (!transcription) return [];
  const { from_name, type } = { from_name: transcription.name, type: transcription.type };
  return [{ ...region, from_name, type, value: { ...value, [transcription.valueKey]: [text] } }];
}

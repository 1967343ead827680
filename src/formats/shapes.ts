/** Labeled shapes on images in pixels, the common ground of COCO, YOLO and Pascal VOC. */
import type { Region } from '../core/domain.ts';
import {
  type Box,
  boundsOf,
  boxCorners,
  boxToPercent,
  boxToPixels,
  ellipsePoints,
  type Point,
  pointsToPixels,
  type Size,
} from '../core/geometry.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { decodeBrush, type LabelConfig, namesIn, readPoints, valueAt } from '../labelconfig/index.ts';
import type { ExportRow, ImportedTask } from './format.ts';
import { answersOf, importedAnnotation, type Target, targetFor } from './targets.ts';

export interface Shape {
  readonly id: string;
  readonly label: string;
  readonly score: number | null;
  /** Id of the region it is part of: key points of a figure. */
  readonly parent: string | null;
  readonly form: Form;
}

/** All in pixels. */
export type Form =
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'polygon'; readonly points: readonly Point[] }
  | { readonly kind: 'point'; readonly point: Point }
  | { readonly kind: 'mask'; readonly mask: Uint8Array };

export interface LabeledImage {
  /** As the task gives it: a URL or path. */
  readonly image: string;
  /** Null when no region and no data field (`width`, `height`) tells it. */
  readonly size: Size | null;
  readonly shapes: readonly Shape[];
  /** What could not be read as a shape, in words. */
  readonly lost: readonly string[];
}

export function imageField(config: LabelConfig | undefined): string {
  return boxTarget(config).field;
}

export const boxTarget = (config: LabelConfig | undefined): Target =>
  targetFor(config, 'image', ['rectanglelabels', 'labels']);
export const polygonTarget = (config: LabelConfig | undefined): Target =>
  targetFor(config, 'image', ['polygonlabels', 'labels']);
export const pointTarget = (config: LabelConfig | undefined): Target => targetFor(config, 'image', ['keypointlabels']);
export const brushTarget = (config: LabelConfig | undefined): Target => targetFor(config, 'image', ['brushlabels']);

/** The image of a row and the shapes of all its answers; null when the task has no image. */
export function labeledImage(row: ExportRow, config: LabelConfig | undefined): LabeledImage | null {
  const image = valueAt(row.task.data, imageField(config));
  if (typeof image !== 'string') return null;
  const regions = answersOf(row).flatMap((answer) => answer.result);
  const size = sizeOf(regions, row.task.data);
  if (size === null) return { image, size, shapes: [], lost: [] };
  const lost: string[] = [];
  const shapes = regions.flatMap((region) => shapesOf(region, regions, size, lost));
  return { image, size, shapes, lost };
}

function sizeOf(regions: readonly Region[], data: JsonObject): Size | null {
  const sized = regions.find((one) => isPositive(one.original_width) && isPositive(one.original_height));
  const [width, height] =
    sized === undefined ? [data.width, data.height].map(Number) : [sized.original_width, sized.original_height];
  return isPositive(width) && isPositive(height) ? { width: Number(width), height: Number(height) } : null;
}

function isPositive(given: unknown): boolean {
  return typeof given === 'number' && Number.isFinite(given) && given > 0;
}

/** Types whose labels stand in a second result of the same id (`<Rectangle>` beside `<Labels>`). */
const BARE_TOOLS = new Set(['rectangle', 'ellipse', 'polygon', 'keypoint', 'brush']);

function shapesOf(region: Region, all: readonly Region[], size: Size, lost: string[]): Shape[] {
  const type = String(region.type);
  const labels = type.endsWith('labels') ? namesIn(region, type) : [];
  // The labels' own result repeats the geometry, so the bare tool's is the one left out when there are both.
  if (!isJsonObject(region.value) || (labels.length === 0 && !BARE_TOOLS.has(type))) return [];
  const twin = (one: Region) => one !== region && one.id === region.id && String(one.type).endsWith('labels');
  if (BARE_TOOLS.has(type) && all.some(twin)) return [];
  const form = formOf(region.value, size, lost);
  if (form === null) return [];
  const names = labels.length > 0 ? labels : [type];
  return names.map((label) => ({
    id: String(region.id ?? ''),
    label,
    score: typeof region.score === 'number' ? region.score : null,
    parent: typeof region.parentID === 'string' ? region.parentID : null,
    form,
  }));
}

function formOf(value: JsonObject, size: Size, lost: string[]): Form | null {
  const [sx, sy] = [size.width / 100, size.height / 100];
  const at = (key: string) => Number(value[key] ?? 0);
  const broken = ['x', 'y', 'width', 'height', 'radiusX', 'radiusY', 'rotation'].find(
    (key) => !Number.isFinite(at(key)),
  );
  if (broken !== undefined) {
    lost.push(`A region whose ${broken} is no number is left out.`);
    return null;
  }
  if (Array.isArray(value.points)) {
    return { kind: 'polygon', points: pointsToPixels(readPoints(value.points), size) };
  }
  if (Array.isArray(value.rle)) {
    try {
      return { kind: 'mask', mask: decodeBrush(value.rle as number[], size) };
    } catch (error) {
      lost.push((error as Error).message);
      return null;
    }
  }
  const rotation = at('rotation');
  if ('radiusX' in value) {
    const ellipse = {
      x: at('x') * sx,
      y: at('y') * sy,
      radiusX: at('radiusX') * sx,
      radiusY: at('radiusY') * sy,
      rotation,
    };
    return { kind: 'polygon', points: ellipsePoints(ellipse) };
  }
  if ('height' in value) {
    const box = { x: at('x'), y: at('y'), width: at('width'), height: at('height'), rotation };
    return { kind: 'box', box: boxToPixels(box, size) };
  }
  if ('x' in value) return { kind: 'point', point: [at('x') * sx, at('y') * sy] };
  return null;
}

/** The upright box around a shape, in pixels. */
export function boundsOfForm(form: Form, size: Size): Box {
  if (form.kind === 'box') return form.box.rotation === 0 ? form.box : boundsOf(boxCorners(form.box));
  if (form.kind === 'polygon') return boundsOf(form.points);
  if (form.kind === 'point') return { x: form.point[0], y: form.point[1], width: 0, height: 0, rotation: 0 };
  return maskBounds(form.mask, size);
}

function maskBounds(mask: Uint8Array, { width, height }: Size): Box {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  }
  return right < 0
    ? { x: 0, y: 0, width: 0, height: 0, rotation: 0 }
    : { x: left, y: top, width: right - left + 1, height: bottom - top + 1, rotation: 0 };
}

/** A region of `target`, its geometry in percent. `size` is written along when it is known. */
export function shapeRegion(
  target: Target,
  value: JsonObject,
  label: string,
  size: Size | null,
  more: { readonly id: string; readonly parent?: string; readonly score?: number },
): Region {
  return {
    id: more.id,
    from_name: target.fromName,
    to_name: target.toName,
    type: target.type,
    ...(size === null ? {} : { original_width: size.width, original_height: size.height, image_rotation: 0 }),
    ...(more.parent === undefined ? {} : { parentID: more.parent }),
    ...(more.score === undefined ? {} : { score: more.score }),
    value: { ...value, [target.valueKey]: [label] },
  };
}

export function boxValue(box: Box, size: Size): JsonObject {
  return { ...boxToPercent(box, size) };
}

export function importedImage(
  image: string,
  regions: readonly Region[],
  config: LabelConfig | undefined,
  more: { readonly size?: Size | null; readonly unlabeled?: boolean } = {},
): ImportedTask {
  const { size } = more;
  return {
    id: null,
    // Without regions nothing else would remember the size.
    data: { [imageField(config)]: image, ...(size && regions.length === 0 ? { ...size } : {}) },
    meta: {},
    annotations: more.unlabeled === true ? [] : [importedAnnotation(regions)],
    predictions: [],
  };
}

/** Labels in the order of the config, then those that only results have. */
export function labelOrder(config: LabelConfig | undefined, found: Iterable<string>): string[] {
  const shapes = config?.controls.filter((control) => control.kind === 'shape' || control.type === 'labels') ?? [];
  return [...new Set([...shapes.flatMap((control) => control.labels.map((label) => label.name)), ...found])];
}

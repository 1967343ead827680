/** Reading COCO: images with their annotations become tasks. */
import { AppError } from '../core/errors.ts';
import type { Point, Size } from '../core/geometry.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { encodeBrush, type LabelConfig } from '../labelconfig/index.ts';
import { maskFromCounts } from './coco-mask.ts';
import type { Bytes, ImportedRow, ReadOptions } from './format.ts';
import { RowFault, tryRow } from './rows.ts';
import { boxTarget, boxValue, brushTarget, importedImage, pointTarget, polygonTarget, shapeRegion } from './shapes.ts';
import { decodeText } from './text.ts';

interface CocoImage {
  readonly id: Json | undefined;
  readonly file: string;
  readonly size: Size;
}

interface Category {
  readonly name: string;
  readonly keypoints: readonly string[];
}

/** The file is read whole: annotations may come before the images they are about. */
export async function* readCoco(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<ImportedRow> {
  const file = parseJson(await wholeText(bytes));
  if (!isJsonObject(file) || !Array.isArray(file.images)) {
    throw new AppError('INPUT_BAD_FORMAT', 'A COCO file is an object with "images", "annotations" and "categories".');
  }
  const categories = new Map((objectsIn(file.categories) ?? []).map((one) => [one.id, toCategory(one)]));
  const byImage = new Map<Json | undefined, JsonObject[]>();
  for (const one of objectsIn(file.annotations) ?? []) {
    byImage.set(one.image_id, [...(byImage.get(one.image_id) ?? []), one]);
  }
  let row = 0;
  for (const given of file.images as readonly Json[]) {
    row += 1;
    const task = tryRow({ row, line: 1 }, options, () => {
      const image = toImage(given);
      const regions = (byImage.get(image.id) ?? []).flatMap((one, i) =>
        toRegions(one, i, image, categories, options.config),
      );
      // An image that nobody annotated and one without objects look alike; only the first is safe to assume.
      const unlabeled = regions.length === 0;
      return importedImage(image.file, regions, options.config, { size: image.size, unlabeled });
    });
    if (task !== null) yield { row, task };
  }
  if (row === 0) throw new AppError('INPUT_EMPTY', 'The COCO file has no images.');
}

async function wholeText(bytes: Bytes): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const part of decodeText(bytes)) {
    length += part.length;
    if (length > LIMITS.bodyBytesMax) {
      const message = `A COCO file is read whole; this one has more than ${LIMITS.bodyBytesMax} characters.`;
      throw new AppError('LIMIT_SIZE', message, { details: { charactersMax: LIMITS.bodyBytesMax } });
    }
    parts.push(part);
  }
  return parts.join('');
}

function objectsIn(list: Json | undefined): JsonObject[] | null {
  return Array.isArray(list) ? (list as readonly Json[]).filter(isJsonObject) : null;
}

function toCategory(one: JsonObject): Category {
  return { name: String(one.name), keypoints: Array.isArray(one.keypoints) ? one.keypoints.map(String) : [] };
}

function toImage(given: Json): CocoImage {
  if (!isJsonObject(given)) throw new RowFault('is an image that is no object');
  const { id, file_name: file, width, height } = given;
  if (typeof file !== 'string') throw new RowFault('is an image without "file_name"');
  if (!(Number(width) > 0 && Number(height) > 0)) throw new RowFault(`is the image "${file}" without width and height`);
  return { id, file, size: { width: Number(width), height: Number(height) } };
}

function toRegions(
  one: JsonObject,
  index: number,
  { size }: CocoImage,
  categories: ReadonlyMap<Json | undefined, Category>,
  config: LabelConfig | undefined,
) {
  const category = categories.get(one.category_id);
  if (category === undefined)
    throw new RowFault(`has an annotation of the unknown category ${JSON.stringify(one.category_id)}`);
  const id = `c${one.id ?? index + 1}`;
  const score = typeof one.score === 'number' ? { score: one.score } : {};
  const body = bodyOf(one, category, id, size, config, score);
  const points = pointsOf(one, category, size, config, body === null ? undefined : id);
  return body === null ? points : [body, ...points];
}

/** Polygons where there are any, else the mask, else the box; a lone key point has no body. */
function bodyOf(
  one: JsonObject,
  { name }: Category,
  id: string,
  size: Size,
  config: LabelConfig | undefined,
  score: { score?: number },
) {
  const region = (target: ReturnType<typeof boxTarget>, value: JsonObject) =>
    shapeRegion(target, value, name, size, { id, ...score });
  const { segmentation } = one;
  const rotation = isJsonObject(one.attributes) ? Number(one.attributes.rotation ?? 0) : 0;
  if (isJsonObject(segmentation)) {
    const rle = encodeBrush(maskFromCounts(segmentation, size));
    return region(brushTarget(config), { format: 'rle', rle: Array.from(rle) });
  }
  const polygon = Array.isArray(segmentation) ? (segmentation as readonly Json[])[0] : undefined;
  if (Array.isArray(polygon) && polygon.length >= 6) {
    const points = pairs(polygon.map(Number));
    if (rotation !== 0 && points.length === 4) return region(boxTarget(config), turnedBox(points, rotation, size));
    const percent = points.map(([x, y]) => [(x / size.width) * 100, (y / size.height) * 100]);
    return region(polygonTarget(config), { points: percent, closed: true });
  }
  const [x, y, width, height] = Array.isArray(one.bbox) ? one.bbox.map(Number) : [];
  if (![x, y, width, height].every(Number.isFinite))
    throw new RowFault('has an annotation with neither box nor segmentation');
  if (width === 0 && height === 0 && Array.isArray(one.keypoints)) return null;
  return region(boxTarget(config), boxValue({ x: x!, y: y!, width: width!, height: height!, rotation: 0 }, size));
}

/** A box that we wrote as its four corners and its angle. */
function turnedBox([a, b, , d]: readonly Point[], rotation: number, size: Size): JsonObject {
  const width = Math.hypot(b![0] - a![0], b![1] - a![1]);
  const height = Math.hypot(d![0] - a![0], d![1] - a![1]);
  return boxValue({ x: a![0], y: a![1], width, height, rotation }, size);
}

function pairs(numbers: readonly number[]): Point[] {
  return Array.from({ length: numbers.length >> 1 }, (_unused, i): Point => [numbers[2 * i]!, numbers[2 * i + 1]!]);
}

/** Label Studio's default size of a dot, in percent of the image width. */
const DOT_WIDTH = 0.3;

function pointsOf(
  one: JsonObject,
  category: Category,
  size: Size,
  config: LabelConfig | undefined,
  parent: string | undefined,
) {
  const flat = Array.isArray(one.keypoints) ? one.keypoints.map(Number) : [];
  return category.keypoints.flatMap((name, i) => {
    const [x, y, visibility] = flat.slice(3 * i, 3 * i + 3);
    if (x === undefined || y === undefined || !visibility) return [];
    const value = { x: (x / size.width) * 100, y: (y / size.height) * 100, width: DOT_WIDTH };
    const id = `k${one.id ?? ''}-${i}`;
    return [shapeRegion(pointTarget(config), value, name, size, { id, ...(parent === undefined ? {} : { parent }) })];
  });
}

/** Is a region's `value` possible? One check per region type; what is clearly meant is mended. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { decodeBrush } from './brush.ts';
import { valueAt } from './fields.ts';
import { type HtmlText, htmlText, hyperTextToSpan, spanToHyperText } from './hypertext.ts';
import { attribute, type Control, type ObjectTag } from './model.ts';
import { offsetMap, paragraphToSpan } from './offsets.ts';
import { nameOf, Refusal } from './refusal.ts';
import type { HyperTextValue } from './region-values.ts';

export interface ValueContext {
  readonly control: Control;
  /** What the region lies on; null when the config does not tell. */
  readonly object: ObjectTag | null;
  readonly data: JsonObject;
  readonly region: Region;
  /** Pages of this result that were parsed already. */
  readonly pages: Map<string, HtmlText>;
  /** Says what was mended. */
  readonly note: (message: string) => void;
}

type ValueCheck = (value: JsonObject, context: ValueContext) => JsonObject;

/** The value, mended if need be. Throws Refusal. Types that are not in the table are taken as they are. */
export function checkValue(value: JsonObject, context: ValueContext): JsonObject {
  return (CHECKS[context.control.type] ?? keep)(value, context);
}

const keep: ValueCheck = (value) => value;

const CHECKS: Readonly<Record<string, ValueCheck>> = {
  labels: checkLabelsValue,
  rectangle: checkRectangle,
  rectanglelabels: checkRectangle,
  ocrlabels: checkRectangle,
  ellipse: checkEllipse,
  ellipselabels: checkEllipse,
  polygon: checkPolygon,
  polygonlabels: checkPolygon,
  keypoint: checkKeyPoint,
  keypointlabels: checkKeyPoint,
  brush: checkBrush,
  brushlabels: checkBrush,
  magicwand: checkBrush,
  bitmask: checkBitmask,
  bitmasklabels: checkBitmask,
  vector: checkVector,
  vectorlabels: checkVector,
  hypertextlabels: checkHyperText,
  paragraphlabels: checkParagraph,
  timeserieslabels: checkTimeSeries,
  timelinelabels: checkTimeline,
  videorectangle: checkVideo,
  pairwise: checkPairwise,
  rating: checkRating,
  number: checkNumber,
  datetime: checkDateTime,
  textarea: checkTextArea,
  ranker: checkRanker,
};

function numberAt(value: JsonObject, key: string, min = -Infinity, max = Infinity): number {
  const given = value[key];
  if (typeof given !== 'number' || !Number.isFinite(given)) {
    throw new Refusal(`value.${key} is a number, here it is ${nameOf(given)}.`);
  }
  if (given < min || given > max) throw new Refusal(`value.${key} is ${given}, outside of ${min}..${max}.`);
  return given;
}

/** Percent may overshoot by this much: browsers and models round. */
const ROUNDING = 1e-6;

function checkRectangle(value: JsonObject, context: ValueContext): JsonObject {
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

function checkEllipse(value: JsonObject, context: ValueContext): JsonObject {
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

function checkPolygon(value: JsonObject): JsonObject {
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

function checkKeyPoint(value: JsonObject): JsonObject {
  numberAt(value, 'x', 0, 100);
  numberAt(value, 'y', 0, 100);
  if (value.width !== undefined) numberAt(value, 'width', 0, 100);
  return value;
}

function checkVector(value: JsonObject): JsonObject {
  const vertices = listAt(value, 'vertices');
  const bad = vertices.findIndex((one) => !isJsonObject(one) || !isPercent(one.x) || !isPercent(one.y));
  if (bad >= 0)
    throw new Refusal(`Vertex ${bad + 1} has x and y in percent, here it is ${JSON.stringify(vertices[bad])}.`);
  return value;
}

/** With the size of the image the code is decoded, else only its form is looked at. */
function checkBrush(value: JsonObject, { region }: ValueContext): JsonObject {
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

function checkBitmask(value: JsonObject): JsonObject {
  const url = value.imageDataURL;
  if (typeof url === 'string' && url.startsWith('data:image/png;base64,')) return value;
  throw new Refusal('value.imageDataURL is a PNG as data URL.');
}

/** `Labels` go with texts, sounds and the shapes of separate tools; the fields tell which. */
function checkLabelsValue(value: JsonObject, context: ValueContext): JsonObject {
  if ('sequence' in value) return checkVideo(value);
  if ('ranges' in value) return checkTimeline(value);
  if ('start' in value || 'end' in value) {
    return context.object?.kind === 'text' || context.object?.kind === 'html'
      ? checkTextSpan(value, context)
      : checkSeconds(value);
  }
  if ('points' in value) return checkPolygon(value);
  if ('vertices' in value) return checkVector(value);
  if ('rle' in value) return checkBrush(value, context);
  if ('imageDataURL' in value) return checkBitmask(value);
  if ('radiusX' in value) return checkEllipse(value, context);
  if ('height' in value) return checkRectangle(value, context);
  if ('x' in value) return checkKeyPoint(value);
  throw new Refusal('value says neither where the region starts and ends nor what shape it has.');
}

function checkSeconds(value: JsonObject): JsonObject {
  const start = numberAt(value, 'start', 0);
  numberAt(value, 'end', start);
  return value;
}

function checkTextSpan(value: JsonObject, context: ValueContext): JsonObject {
  // HyperText may be labeled by plain Labels; then the ends are paths.
  if (typeof value.start === 'string') return checkHyperText(value, context);
  const start = wholeAt(value, 'start');
  const end = wholeAt(value, 'end');
  if (end <= start) throw new Refusal(`The span ends at ${end}, not behind its start ${start}.`);
  const text = shownText(context);
  return text === null ? value : fitSpan(value, start, end, text, context);
}

/** Offsets against the text itself; those counted in code points are recognised by the text they carry. */
function fitSpan(value: JsonObject, start: number, end: number, text: string, context: ValueContext): JsonObject {
  const carried = value.text;
  if (end <= text.length && (carried === undefined || carried === text.slice(start, end))) return value;
  const map = offsetMap(text);
  const [from, to] = [map.toUtf16(start), map.toUtf16(end)];
  if (typeof carried === 'string' && text.slice(from, to) === carried) {
    context.note(`offsets ${start}..${end} counted code points; set to ${from}..${to}.`);
    return { ...value, start: from, end: to };
  }
  if (end > text.length) throw new Refusal(`The span ends at ${end}, the text has ${text.length} characters.`);
  context.note('value.text was not what stands at these offsets; replaced.');
  return { ...value, text: text.slice(start, end) };
}

/** The text a span lies on, when it is in the task itself. */
function shownText({ object, data }: ValueContext): string | null {
  return object?.kind === 'text' && object.valueType !== 'url' ? shownAt(object, data) : null;
}

function shownAt({ field }: ObjectTag, data: JsonObject): string | null {
  const shown = field === null ? undefined : valueAt(data, field);
  return typeof shown === 'string' ? shown : null;
}

function wholeAt(value: JsonObject, key: string): number {
  const given = numberAt(value, key, 0);
  if (!Number.isInteger(given)) throw new Refusal(`value.${key} is a whole number, here it is ${given}.`);
  return given;
}

function checkHyperText(value: JsonObject, { object, data, note, pages }: ValueContext): JsonObject {
  for (const key of ['start', 'end']) {
    if (typeof value[key] !== 'string')
      throw new Refusal(`value.${key} is an XPath, here it is ${nameOf(value[key])}.`);
  }
  wholeAt(value, 'startOffset');
  wholeAt(value, 'endOffset');
  const html = object?.kind === 'html' && object.valueType !== 'url' ? shownAt(object, data) : null;
  if (html === null || isAddress(html)) return value;
  const page = pages.get(html) ?? htmlText(html);
  pages.set(html, page);
  if (hyperTextToSpan(page, value as unknown as HyperTextValue) !== null) return value;
  const offsets = value.globalOffsets;
  const mended = isJsonObject(offsets)
    ? spanToHyperText(page, { start: numberAt(offsets, 'start'), end: numberAt(offsets, 'end') })
    : null;
  if (mended === null) throw new Refusal(`${value.start} to ${value.end} is not in the page.`);
  note('the paths are not in the page; set from globalOffsets.');
  return { ...value, ...mended };
}

function isAddress(text: string): boolean {
  return /^https?:\/\/\S*$/.test(text);
}

function checkParagraph(value: JsonObject, { object, data }: ValueContext): JsonObject {
  const span = {
    start: String(value.start),
    end: String(value.end),
    startOffset: wholeAt(value, 'startOffset'),
    endOffset: wholeAt(value, 'endOffset'),
  };
  for (const key of ['start', 'end'] as const) {
    if (!/^\d+$/.test(span[key]))
      throw new Refusal(`value.${key} is the number of a paragraph, here it is ${span[key]}.`);
  }
  const texts = object === null ? null : paragraphTexts(object, data);
  if (texts === null || paragraphToSpan(texts, span) !== null) return value;
  throw new Refusal(
    `The span ${span.start}:${span.startOffset} to ${span.end}:${span.endOffset} is not in the dialogue.`,
  );
}

/** The texts of a Paragraphs tag in one task; null when they are not in the data. */
export function paragraphTexts(object: ObjectTag, data: JsonObject): string[] | null {
  const list = object.field === null ? undefined : valueAt(data, object.field);
  if (!Array.isArray(list)) return null;
  const key = attribute(object.attributes, 'textKey') ?? 'text';
  return list.map((one: Json) => (isJsonObject(one) && typeof one[key] === 'string' ? one[key] : ''));
}

function checkTimeSeries(value: JsonObject): JsonObject {
  // Time columns may hold dates, which cannot be compared without their format.
  if (typeof value.start === 'string' && typeof value.end === 'string') return value;
  numberAt(value, 'end', numberAt(value, 'start'));
  return value;
}

function checkTimeline(value: JsonObject): JsonObject {
  for (const range of listAt(value, 'ranges')) {
    if (!isJsonObject(range)) throw new Refusal(`A range has start and end, here it is ${nameOf(range)}.`);
    numberAt(range, 'end', numberAt(range, 'start', 1));
  }
  return value;
}

function checkVideo(value: JsonObject): JsonObject {
  let last = 0;
  for (const frame of listAt(value, 'sequence')) {
    if (!isJsonObject(frame)) throw new Refusal(`A key frame is an object, here it is ${nameOf(frame)}.`);
    const number = numberAt(frame, 'frame', 1);
    if (number <= last) throw new Refusal(`Key frame ${number} does not come after ${last}.`);
    for (const key of ['x', 'y', 'width', 'height']) numberAt(frame, key);
    last = number;
  }
  return value;
}

function checkPairwise(value: JsonObject): JsonObject {
  if (value.selected === 'left' || value.selected === 'right') return value;
  throw new Refusal(`value.selected is "left" or "right", here it is ${JSON.stringify(value.selected)}.`);
}

/** Label Studio's default when `maxRating` is not set. */
const RATING_MAX = 5;

function checkRating(value: JsonObject, { control }: ValueContext): JsonObject {
  const max = Number(attribute(control.attributes, 'maxRating') ?? RATING_MAX);
  numberAt(value, 'rating', 0, max);
  return value;
}

function checkNumber(value: JsonObject, { control }: ValueContext): JsonObject {
  const min = Number(attribute(control.attributes, 'min') ?? -Infinity);
  const max = Number(attribute(control.attributes, 'max') ?? Infinity);
  numberAt(value, 'number', min, max);
  return value;
}

function checkDateTime(value: JsonObject): JsonObject {
  if (typeof value.datetime === 'string' && value.datetime !== '') return value;
  throw new Refusal(`value.datetime is a text, here it is ${nameOf(value.datetime)}.`);
}

function checkTextArea(value: JsonObject, { note }: ValueContext): JsonObject {
  if (typeof value.text === 'string') {
    note('value.text was a text; made a list.');
    return { ...value, text: [value.text] };
  }
  if (Array.isArray(value.text) && value.text.every((one) => typeof one === 'string')) return value;
  throw new Refusal(`value.text is a list of texts, here it is ${nameOf(value.text)}.`);
}

function checkRanker(value: JsonObject): JsonObject {
  const isList = (list: Json) => Array.isArray(list) && list.every((one) => typeof one === 'string');
  const ranker = value.ranker;
  if (isList(ranker ?? null)) return value;
  if (isJsonObject(ranker) && Object.values(ranker).every(isList)) return value;
  throw new Refusal('value.ranker is a list of item ids, or one such list per bucket.');
}

function listAt(value: JsonObject, key: string): readonly Json[] {
  const list = value[key];
  if (Array.isArray(list)) return list as readonly Json[];
  throw new Refusal(`value.${key} is a list, here it is ${nameOf(list)}.`);
}

/** Spans: of texts, pages, dialogues, sounds, time series and videos. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { valueAt } from './fields.ts';
import { htmlText, hyperTextToSpan, spanToHyperText } from './hypertext.ts';
import { attribute, type ObjectTag } from './model.ts';
import { offsetMap, paragraphToSpan } from './offsets.ts';
import { nameOf, Refusal } from './refusal.ts';
import type { HyperTextValue } from './region-values.ts';
import { listAt, numberAt, type ValueContext, wholeAt } from './value-context.ts';

export function checkSeconds(value: JsonObject): JsonObject {
  const start = numberAt(value, 'start', 0);
  numberAt(value, 'end', start);
  return value;
}

export function checkTextSpan(value: JsonObject, context: ValueContext): JsonObject {
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

export function checkHyperText(value: JsonObject, { object, data, note, pages }: ValueContext): JsonObject {
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

export function checkParagraph(value: JsonObject, { object, data }: ValueContext): JsonObject {
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
function paragraphTexts(object: ObjectTag, data: JsonObject): string[] | null {
  const list = object.field === null ? undefined : valueAt(data, object.field);
  if (!Array.isArray(list)) return null;
  const key = attribute(object.attributes, 'textKey') ?? 'text';
  return list.map((one: Json) => (isJsonObject(one) && typeof one[key] === 'string' ? one[key] : ''));
}

export function checkTimeSeries(value: JsonObject): JsonObject {
  // Time columns may hold dates, which cannot be compared without their format.
  if (typeof value.start === 'string' && typeof value.end === 'string') return value;
  numberAt(value, 'end', numberAt(value, 'start'));
  return value;
}

export function checkTimeline(value: JsonObject): JsonObject {
  for (const range of listAt(value, 'ranges')) {
    if (!isJsonObject(range)) throw new Refusal(`A range has start and end, here it is ${nameOf(range)}.`);
    numberAt(range, 'end', numberAt(range, 'start', 1));
  }
  return value;
}

export function checkVideo(value: JsonObject): JsonObject {
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

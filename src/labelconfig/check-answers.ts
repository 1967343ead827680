/** Answers that have no place: numbers, words, dates, comparisons, ranks. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { attribute } from './model.ts';
import { nameOf, Refusal } from './refusal.ts';
import { numberAt, type ValueContext } from './value-context.ts';

export function checkPairwise(value: JsonObject): JsonObject {
  if (value.selected === 'left' || value.selected === 'right') return value;
  throw new Refusal(`value.selected is "left" or "right", here it is ${JSON.stringify(value.selected)}.`);
}

/** Label Studio's default when `maxRating` is not set. */
const RATING_MAX = 5;

export function checkRating(value: JsonObject, { control }: ValueContext): JsonObject {
  const max = Number(attribute(control.attributes, 'maxRating') ?? RATING_MAX);
  numberAt(value, 'rating', 0, max);
  return value;
}

export function checkNumber(value: JsonObject, { control }: ValueContext): JsonObject {
  const min = Number(attribute(control.attributes, 'min') ?? -Infinity);
  const max = Number(attribute(control.attributes, 'max') ?? Infinity);
  numberAt(value, 'number', min, max);
  return value;
}

export function checkDateTime(value: JsonObject): JsonObject {
  if (typeof value.datetime === 'string' && value.datetime !== '') return value;
  throw new Refusal(`value.datetime is a text, here it is ${nameOf(value.datetime)}.`);
}

export function checkTextArea(value: JsonObject, { note }: ValueContext): JsonObject {
  if (typeof value.text === 'string') {
    note('value.text was a text; made a list.');
    return { ...value, text: [value.text] };
  }
  if (Array.isArray(value.text) && value.text.every((one) => typeof one === 'string')) return value;
  throw new Refusal(`value.text is a list of texts, here it is ${nameOf(value.text)}.`);
}

export function checkRanker(value: JsonObject): JsonObject {
  const isList = (list: Json) => Array.isArray(list) && list.every((one) => typeof one === 'string');
  const ranker = value.ranker;
  if (isList(ranker ?? null)) return value;
  if (isJsonObject(ranker) && Object.values(ranker).every(isList)) return value;
  throw new Refusal('value.ranker is a list of item ids, or one such list per bucket.');
}

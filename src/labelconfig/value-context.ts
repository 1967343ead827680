/** What the checks of region values share: their context, and how they read numbers and lists. */
import type { Region } from '../core/domain.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { HtmlText } from './hypertext.ts';
import type { Control, ObjectTag } from './model.ts';
import { nameOf, Refusal } from './refusal.ts';

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

export type ValueCheck = (value: JsonObject, context: ValueContext) => JsonObject;

export function numberAt(value: JsonObject, key: string, min = -Infinity, max = Infinity): number {
  const given = value[key];
  if (typeof given !== 'number' || !Number.isFinite(given)) {
    throw new Refusal(`value.${key} is a number, here it is ${nameOf(given)}.`);
  }
  if (given < min || given > max) throw new Refusal(`value.${key} is ${given}, outside of ${min}..${max}.`);
  return given;
}

export function wholeAt(value: JsonObject, key: string): number {
  const given = numberAt(value, key, 0);
  if (!Number.isInteger(given)) throw new Refusal(`value.${key} is a whole number, here it is ${given}.`);
  return given;
}

export function listAt(value: JsonObject, key: string): readonly Json[] {
  const list = value[key];
  if (Array.isArray(list)) return list as readonly Json[];
  throw new Refusal(`value.${key} is a list, here it is ${nameOf(list)}.`);
}

/** Looking up a value by path and holding it against what a rule asks of it. */
import { isJsonObject, type Json, stableStringify } from '../core/json.ts';
import type { ValueTest } from './rule.ts';

/** The value at a path of keys and list positions; undefined when there is none. */
export function valueAt(root: unknown, path: readonly string[]): Json | undefined {
  let value = root;
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    // `__proto__` and friends are not data.
    else if (isJsonObject(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value as Json | undefined;
}

/** The text of a value: strings and numbers; anything else has none. */
export function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Do all demands hold? A value that is missing fails every demand but `exists: false`. */
export function holds(test: ValueTest, value: Json | undefined): boolean {
  const present = value !== undefined && value !== null;
  if (test.exists !== undefined && test.exists !== present) return false;
  if (!present) return test.exists === false;
  if (test.equals !== undefined && !same(value, test.equals)) return false;
  if (test.in !== undefined && !test.in.some((one) => same(value, one))) return false;
  return inRange(test, value) && inTime(test, value) && inLength(test, value);
}

function same(a: Json, b: Json): boolean {
  return typeof a === 'object' ? stableStringify(a) === stableStringify(b) : a === b;
}

function inRange({ min, max }: ValueTest, value: Json): boolean {
  if (min === undefined && max === undefined) return true;
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
  return number >= (min ?? Number.NEGATIVE_INFINITY) && number <= (max ?? Number.POSITIVE_INFINITY);
}

function inTime({ after, before }: ValueTest, value: Json): boolean {
  if (after === undefined && before === undefined) return true;
  const time = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : Number.NaN;
  if (Number.isNaN(time)) return false;
  return (after === undefined || time > Date.parse(after)) && (before === undefined || time < Date.parse(before));
}

function inLength({ lengthMin, lengthMax }: ValueTest, value: Json): boolean {
  if (lengthMin === undefined && lengthMax === undefined) return true;
  const length = typeof value === 'string' || Array.isArray(value) ? value.length : Number.NaN;
  return length >= (lengthMin ?? 0) && length <= (lengthMax ?? Number.POSITIVE_INFINITY);
}

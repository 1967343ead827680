/** Looking up a value by path and holding it against what a rule asks of it. */
import { isJsonObject, type Json, stableStringify } from '../core/json.ts';
import type { ValueTest } from './rule.ts';

/**
 * The value at a path of keys and list positions; undefined when there is none. A field of the data whose own name
 * contains dots wins over the path, as it does in label configs.
 */
export function valueAt(root: unknown, path: readonly string[]): Json | undefined {
  let value = root;
  for (const [i, key] of path.entries()) {
    if (i === 1 && path.length > 2 && isJsonObject(value)) {
      const name = path.slice(1).join('.');
      if (Object.hasOwn(value, name)) return value[name];
    }
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

/** A number is the same as a text that spells it: tables know texts only. */
function same(a: Json, b: Json): boolean {
  if (typeof a === 'string' && typeof b === 'number') return a.trim() !== '' && Number(a) === b;
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

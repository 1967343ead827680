/** JSON from strangers: parsed safely, hashed independently of key order. */
import { createHash } from 'node:crypto';
import { AppError } from './errors.ts';
import { jsonErrorIndex } from './json-place.ts';
import { LIMITS } from './limits.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Parses, refuses deep nesting and drops `__proto__` keys. Throws INPUT_BAD_JSON with line and column. */
export function parseJson(text: string): Json {
  let value: Json;
  try {
    // A reviver makes parsing several times slower, so it runs only where it has something to drop.
    value = (text.includes('__proto__') ? JSON.parse(text, dropPrototypeKey) : JSON.parse(text)) as Json;
  } catch (error) {
    const place = jsonErrorPlace(text);
    throw new AppError('INPUT_BAD_JSON', `Not valid JSON at line ${place.line}, column ${place.column}.`, {
      details: { ...place },
      cause: error,
    });
  }
  checkDepth(value);
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with sorted keys: equal values give equal text. */
export function stableStringify(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/** sha-256 in hex of the stable form. */
export function stableHash(value: unknown): string {
  return createHash('sha256').update(stableStringify(value)).digest('hex');
}

function dropPrototypeKey(key: string, inner: unknown): unknown {
  return key === '__proto__' ? undefined : inner;
}

function jsonErrorPlace(text: string): { line: number; column: number } {
  const before = text.slice(0, jsonErrorIndex(text));
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/** Throws LIMIT_SIZE for what recursion could not walk over. */
export function checkDepth(value: Json): void {
  if (isTooDeep(value)) {
    throw new AppError('LIMIT_SIZE', `JSON is nested deeper than ${LIMITS.jsonDepthMax} levels.`, {
      details: { depthMax: LIMITS.jsonDepthMax },
    });
  }
}

export function isTooDeep(value: Json, left: number = LIMITS.jsonDepthMax): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((inner) => isTooDeep(inner as Json, left - 1));
}

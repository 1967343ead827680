/** The place of a JSON error: by example, and against the engine wherever it tells a position itself. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { parseJson } from '../../src/core/json.ts';
import { jsonErrorIndex } from '../../src/core/json-place.ts';

it.each([
  ['{\n  "title": oops\n}', 13],
  ['', 0],
  ['  ', 2],
  ['[1,2', 4],
  ['[1,]', 3],
  ['{"a":1,}', 7],
  ['{,}', 1],
  ['{"a" 1}', 5],
  ['[1 2]', 3],
  ['"a\nb"', 2],
  ['"abc', 4],
  ['[01]', 2],
  ['[1]x', 3],
  ["{'a':1}", 1],
  ['[NaN]', 1],
  ['{"a":\u00a01}', 5],
  [']', 0],
  ['[}', 1],
])('%j at %i', (text, index) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(jsonErrorIndex(text)).toBe(index);
});

it('names line and column, counted from one', () => {
  let error: unknown;
  try {
    parseJson('{\n  "title": oops\n}');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'INPUT_BAD_JSON', details: { line: 2, column: 12 } });
});

it('agrees with the engine on texts with one character changed', () => {
  let compared = 0;
  let exact = 0;
  const mutated = fc.tuple(
    fc.json({ maxDepth: 4 }),
    fc.nat(),
    fc.constantFrom('', ',', '}', ']', '"', ':', '1', 'x', ' '),
  );
  fc.assert(
    fc.property(mutated, ([text, where, put]) => {
      const at = where % (text.length + 1);
      const broken = text.slice(0, at) + put + text.slice(at + 1);
      const position = enginePosition(broken);
      if (position === undefined) return;
      compared += 1;
      // The engine places the fault of `1.x`, `1e+x` and `\\ux` a few characters into the token.
      expect(Math.abs(jsonErrorIndex(broken) - position), broken).toBeLessThanOrEqual(5);
      exact += jsonErrorIndex(broken) === position ? 1 : 0;
    }),
    { numRuns: 2000, seed: 7 },
  );
  expect(compared).toBeGreaterThan(200);
  expect(exact / compared).toBeGreaterThan(0.8);
});

it('survives long strings and long numbers', () => {
  const text = `["${'a'.repeat(20_000_000)}\\n", ${'1'.repeat(1_000_000)}, oops]`;
  expect(jsonErrorIndex(text)).toBe(text.indexOf('oops'));
});

/** Undefined when the text is JSON or the engine does not say where it is not. */
function enginePosition(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    // Of a string without an end the engine names sometimes its start, sometimes the end of the text.
    if (String(error).includes('Unterminated')) return undefined;
    const found = /position (\d+)/.exec(String(error))?.[1];
    return found === undefined ? undefined : Number(found);
  }
}

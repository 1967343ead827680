/** Schemas against what clients send: by text in addresses, by type in bodies. */
import fc from 'fast-check';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { validatorFor } from '../../src/server/validate.ts';

const schema = Type.Object({
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  flag: Type.Optional(Type.Boolean()),
  share: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  name: Type.Optional(Type.String()),
});
const query = validatorFor(schema, 'querystring');
const body = validatorFor(schema, 'body');

describe('an address', () => {
  it.each([
    [{ count: '7' }, { count: 7 }],
    [{ flag: 'true' }, { flag: true }],
    [{ share: '0.25' }, { share: 0.25 }],
    [{ share: '1' }, { share: 1 }],
    [{ flag: 'False' }, { flag: false }],
    [{ flag: '1' }, { flag: true }],
    [{ name: '7' }, { name: '7' }],
    [{ other: '7' }, { other: '7' }],
    [{}, {}],
  ])('%j means %j', (given, value) => {
    expect(query(given)).toEqual({ value });
  });

  it.each([
    { count: '' },
    { count: '1.5' },
    { count: ' 7' },
    { count: '0x7' },
    { count: '1e1' },
    { count: ['7', '8'] },
  ])('%j is no whole number', (given) => {
    expect(query(given)).toMatchObject({ error: { code: 'INPUT_BAD_FIELD', details: { field: 'count' } } });
  });

  it('turns every whole number in range back into itself and refuses all others', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), (count) => {
        const result = query({ count: String(count) });
        expect('value' in result).toBe(count >= 1 && count <= 100);
      }),
    );
  });

  it('cannot set a prototype', () => {
    const given = JSON.parse('{"__proto__":["a"],"count":"7"}') as unknown;
    const { value } = query(given) as { value: object };
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe('a body', () => {
  it('is never converted', () => {
    expect(body({ count: 7, flag: true })).toEqual({ value: { count: 7, flag: true } });
    for (const given of [{ count: '7' }, { flag: 1 }, { name: 7 }, { count: null }]) {
      expect(body(given)).toHaveProperty('error');
    }
  });

  it('may be missing where nothing in it is required', () => {
    expect(body(undefined)).toEqual({ value: {} });
    expect(body(null)).toEqual({ value: {} });
    expect(validatorFor(Type.Object({ name: Type.String() }), 'body')(undefined)).toHaveProperty('error');
  });

  it('names some fields, not thousands, however many are wrong', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `field${i}`);
    const missing = Type.Object(Object.fromEntries(names.slice(0, 50).map((name) => [name, Type.String()])));
    const closed = Type.Object({}, { additionalProperties: false });
    const extra = Object.fromEntries(names.map((name) => [name, 1]));
    for (const result of [validatorFor(missing, 'body')({}), validatorFor(closed, 'body')(extra)]) {
      const named = 'error' in result ? Object.keys(result.error.details.validation_errors as object) : [];
      expect(named.length).toBeGreaterThan(0);
      expect(named.length).toBeLessThanOrEqual(20);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { guessByName, labelNames } from '../../src/sampling/index.ts';

/** A unit row with the angle given, in degrees. */
const at = (degrees: number): number[] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
const rows = (...angles: number[]): Float32Array => Float32Array.from(angles.flatMap(at));

describe('a guess by the names of labels', () => {
  const names = labelNames(rows(0, 90), rows(0, 90), 2);

  it('is the name that fits best, and none where two fit nearly as well', () => {
    expect(guessByName(names, rows(20))).toBe(0);
    expect(guessByName(names, rows(70))).toBe(1);
    expect(guessByName(names, rows(45))).toBeNull();
    expect(guessByName(names, rows(43))).toBeNull();
  });

  it('does not prefer a name that is close to the whole pool', () => {
    const generic = labelNames(rows(0, 90), rows(10, 20, 30, 40), 2);
    expect(guessByName(generic, rows(40))).toBe(1);
    expect(guessByName(generic, rows(25))).toBeNull();
  });

  it('says nothing with one name, without a pool row in common, or of a row without direction', () => {
    expect(guessByName(labelNames(rows(0), rows(0), 2), rows(0))).toBeNull();
    expect(guessByName(labelNames(rows(0, 0), rows(0, 90), 2), rows(0))).toBeNull();
    expect(guessByName(labelNames(rows(0, 90), new Float32Array(0), 2), new Float32Array(2))).toBeNull();
    expect(guessByName(names, Float32Array.of(Number.NaN, 0))).toBeNull();
  });
});

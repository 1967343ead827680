import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { NearestLabeled } from '../../src/sampling/nearest-labeled.ts';
import { RowStore } from '../../src/sampling/rows.ts';

const DIM = 8;

function unitRow(random: ReturnType<typeof seededRandom>): Float32Array {
  const values = Float32Array.from({ length: DIM }, () => random.next() - 0.5);
  const norm = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  return values.map((v) => v / norm);
}

/** Every labeled row looked at, every time. */
function slowly(rows: RowStore, labeled: readonly number[], ordinal: number): number {
  const distances = labeled.map((other) => {
    const [a, b] = [rows.row(ordinal), rows.row(other)];
    return Math.sqrt(a.reduce((sum, v, j) => sum + (v - b[j]!) ** 2, 0));
  });
  return Math.min(...distances);
}

describe('the distance to the nearest labeled row', () => {
  it('is what a look at every label says, while labels come and go and rows change', () => {
    const random = seededRandom('nearest');
    const rows = new RowStore({ dim: DIM, classCount: 2 });
    for (let i = 0; i < 60; i++) rows.add([i], unitRow(random));
    const nearest = new NearestLabeled();
    const labeled = new Set<number>();
    for (let order = 0; order < 200; order++) {
      const any = random.int(60);
      if (order % 7 === 6) labeled.delete([...labeled][0]!);
      else if (order % 11 === 10) {
        rows.add([any], unitRow(random));
        nearest.forget();
      } else labeled.add(any);
      // One label for another: as many as before, and yet not the same.
      if (order % 13 === 12 && !labeled.has(any)) {
        labeled.delete([...labeled][0]!);
        labeled.add(any);
      }
      const now = [...labeled].sort((a, b) => a - b);
      nearest.begin(rows, Int32Array.from(now));
      for (const ordinal of [order % 60, 3, 17, 42]) {
        const expected = now.length === 0 ? null : slowly(rows, now, ordinal);
        if (expected === null) expect(nearest.distance(ordinal)).toBeNull();
        // The root of a small difference of cosines loses half of the digits.
        else expect(Math.abs(nearest.distance(ordinal)! - expected)).toBeLessThan(1e-3);
      }
    }
  });
});

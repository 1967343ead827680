/** Rows as embeddings are: many small crowds in few inner dimensions, spread over many outer ones. */
import { gaussian, seededRandom } from '../../src/core/random.ts';

const INNER = 32;
const ITEMS_PER_CROWD = 50;
const SPREAD = 0.5;

/** (n x dims), not of unit length. */
export function indexRows(n: number, dims: number): Float32Array {
  const random = seededRandom('index rows', dims);
  const outer = Float32Array.from({ length: INNER * dims }, () => gaussian(random));
  const crowds = Math.ceil(n / ITEMS_PER_CROWD);
  const centres = Float32Array.from({ length: crowds * INNER }, () => gaussian(random));
  const rows = new Float32Array(n * dims);
  for (let i = 0; i < n; i++) {
    const crowd = random.int(crowds) * INNER;
    const row = rows.subarray(i * dims, (i + 1) * dims);
    for (let k = 0; k < INNER; k++) {
      const value = centres[crowd + k]! + SPREAD * gaussian(random);
      for (let d = 0; d < dims; d++) row[d]! += value * outer[k * dims + d]!;
    }
  }
  return rows;
}

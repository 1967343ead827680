/** Slow, obvious float64 counterparts and small generated pools for the tests of propagation. */
import { gaussian, seededRandom } from '../../src/core/random.ts';

/** (n x dim) standard normal. */
export function noise(n: number, dim: number, seed: number): Float32Array {
  const random = seededRandom('noise', seed);
  return Float32Array.from({ length: n * dim }, () => gaussian(random));
}

export function cosine(rows: Float32Array, dim: number, i: number, j: number): number {
  let [ij, ii, jj] = [0, 0, 0];
  for (let d = 0; d < dim; d++) {
    const [a, b] = [rows[i * dim + d]!, rows[j * dim + d]!];
    ij += a * b;
    ii += a * a;
    jj += b * b;
  }
  return ij / Math.sqrt(ii * jj);
}

/** Slow, obvious float64 counterparts and small generated pools for the tests of propagation. */
import { gaussian, seededRandom } from '../../src/core/random.ts';
import type { Seeds } from '../../src/propagation/index.ts';

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

export interface Planted {
  /** (n x dim) */
  readonly rows: Float32Array;
  readonly labels: Int32Array;
}

/** Items around one random centre per class; `spread` is the noise beside centres of length about sqrt(dim). */
export function planted(n: number, dim: number, classCount: number, spread: number, seed: number): Planted {
  const random = seededRandom('planted', seed);
  const centres = Float64Array.from({ length: classCount * dim }, () => gaussian(random));
  const labels = Int32Array.from({ length: n }, (_, i) => i % classCount);
  const rows = new Float32Array(n * dim);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < dim; d++) rows[i * dim + d] = centres[labels[i]! * dim + d]! + spread * gaussian(random);
  }
  return { rows, labels };
}

/** Solves a x = b (both by rows) by Gauss elimination with pivots. */
export function solveDense(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...b[i]!]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const share = rows[i]![k]! / rows[k]![k]!;
      for (let j = k; j < rows[k]!.length; j++) rows[i]![j]! -= share * rows[k]![j]!;
    }
  }
  return rows.map((row, i) => row.slice(n).map((value) => value / row[i]!));
}

/** Label-seeded soft spherical k-means of twelve rounds, exp(20 cosine): (n x classCount) shares. */
export function slowKMeans(rows: Float32Array, dim: number, { items, classes, classCount }: Seeds): number[] {
  const unit = Array.from({ length: rows.length / dim }, (_, i) =>
    direction([...rows.subarray(i * dim, (i + 1) * dim)]),
  );
  const labelOf = new Map(Array.from(items, (item, s) => [item, classes[s]!]));
  let shares = unit.map((_, i) => Array.from({ length: classCount }, (_, c) => Number(labelOf.get(i) === c)));
  for (let round = 0; round < 12; round++) {
    const centres = Array.from({ length: classCount }, (_, c) =>
      direction(Array.from({ length: dim }, (_, d) => unit.reduce((sum, row, i) => sum + shares[i]![c]! * row[d]!, 0))),
    );
    shares = unit.map((row, i) => {
      if (labelOf.has(i)) return shares[i]!;
      const pulls = centres.map((centre) => Math.exp(20 * centre.reduce((sum, v, d) => sum + v * row[d]!, 0)));
      const total = pulls.reduce((a, b) => a + b, 0);
      return pulls.map((pull) => pull / total);
    });
  }
  return shares.flat();
}

function direction(v: readonly number[]): number[] {
  const length = Math.hypot(...v);
  return v.map((value) => value / length);
}

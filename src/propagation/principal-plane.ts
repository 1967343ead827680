/** The plane of largest variance: where a layout starts, so that far groups are far apart from the beginning. */
import { seededRandom } from '../core/random.ts';

/** Rows that the axes are found by: they are directions of the whole, not of single rows. */
const SAMPLE_MAX = 4_000;
const ROUNDS = 12;
/** Extent of the result: with the steps of a layout some twenty passes wide, as in UMAP. */
const EXTENT = 10;

/**
 * (n x 2) within -EXTENT .. EXTENT. `rowOf(i)`: (dim) values; rows that are not finite lie in the middle.
 * Orthogonal iteration on a sample (Golub and Van Loan, "Matrix computations", 7.3.2).
 */
export function principalPlane(rowOf: (i: number) => Float32Array, n: number, dim: number): Float32Array {
  const every = Math.max(1, Math.floor(n / SAMPLE_MAX));
  const sample = Array.from({ length: Math.ceil(n / every) }, (_, s) => rowOf(s * every)).filter(finite);
  const mean = new Float64Array(dim);
  for (const row of sample) for (let d = 0; d < dim; d++) mean[d]! += row[d]! / sample.length;
  const axes = principalAxes(sample, mean);
  const plane = new Float32Array(2 * n);
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const row = rowOf(i);
    if (!finite(row)) continue;
    for (const [a, axis] of axes.entries()) {
      const at = along(row, mean, axis);
      plane[2 * i + a] = at;
      largest = Math.max(largest, Math.abs(at));
    }
  }
  if (largest > 0) for (let i = 0; i < plane.length; i++) plane[i]! *= EXTENT / largest;
  return plane;
}

function principalAxes(sample: readonly Float32Array[], mean: Float64Array): Float64Array[] {
  const random = seededRandom('principal plane');
  let axes: Float64Array[] = [0, 1].map(() => mean.map(() => random.next() - 0.5));
  for (let round = 0; round < ROUNDS; round++) {
    const next = axes.map((axis) => {
      const sum = new Float64Array(mean.length);
      for (const row of sample) {
        const weight = along(row, mean, axis);
        for (let d = 0; d < sum.length; d++) sum[d]! += weight * (row[d]! - mean[d]!);
      }
      return sum;
    });
    axes = orthonormal(next);
  }
  return axes;
}

function orthonormal([first, second]: readonly Float64Array[]): Float64Array[] {
  const one = unit(first!);
  const shared = dot(second!, one);
  return [one, unit(second!.map((value, d) => value - shared * one[d]!))];
}

function unit(values: Float64Array): Float64Array {
  const length = Math.sqrt(dot(values, values));
  return length > 0 ? values.map((value) => value / length) : values;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

function along(row: Float32Array, mean: Float64Array, axis: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < axis.length; d++) sum += (row[d]! - mean[d]!) * axis[d]!;
  return sum;
}

function finite(row: Float32Array): boolean {
  return row.every(Number.isFinite);
}

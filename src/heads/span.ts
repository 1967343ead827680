/** The span of the labeled rows as a coordinate system: few labels make a small exact problem of a wide one. */

/** A row whose part outside the span is shorter than this (squared) adds no new axis: duplicates, float noise. */
const RESIDUAL_MIN = 1e-9;

/**
 * Grows an orthonormal basis of the rows added so far (a Cholesky factor of their Gram matrix, row by row).
 * With a weight penalty |W|^2 the optimal W lies in the span of the training rows, so a head fitted on these
 * coordinates is exactly the head fitted on the rows. Cost of one row: O(rank x (dim + rank)).
 */
export class SpanBasis {
  readonly dim: number;
  /** Rows that each brought a new axis. */
  readonly #rows: Float32Array[] = [];
  /** Lower-triangular factor, row k of length k + 1: basis row k = sum of factor[k][j] x axis j. */
  readonly #factor: Float64Array[] = [];

  constructor(dim: number) {
    this.dim = dim;
  }

  get rank(): number {
    return this.#rows.length;
  }

  /** Coordinates of `row` (dim), its length the rank after adding it; the row is kept by reference. */
  add(row: Float32Array): Float64Array {
    const coordinates = this.#project(row);
    let outside = 0;
    for (let j = 0; j < this.dim; j++) outside += row[j]! * row[j]!;
    for (let k = 0; k < coordinates.length; k++) outside -= coordinates[k]! * coordinates[k]!;
    if (outside < RESIDUAL_MIN) return coordinates;
    const grown = new Float64Array(this.rank + 1);
    grown.set(coordinates);
    grown[this.rank] = Math.sqrt(outside);
    this.#rows.push(row);
    this.#factor.push(grown);
    return grown;
  }

  /** Weights in basis coordinates (classCount x rank) as weights on the rows (classCount x dim). */
  toWeights(inBasis: Float64Array, classCount: number): Float64Array {
    const weights = new Float64Array(classCount * this.dim);
    for (let c = 0; c < classCount; c++) {
      const shares = this.#solveTransposed(inBasis.subarray(c * this.rank, (c + 1) * this.rank));
      for (let k = 0; k < this.rank; k++) {
        const row = this.#rows[k]!;
        const share = shares[k]!;
        for (let j = 0; j < this.dim; j++) weights[c * this.dim + j]! += share * row[j]!;
      }
    }
    return weights;
  }

  /** Forward substitution: factor z = (basis rows) row. */
  #project(row: Float32Array): Float64Array {
    const z = new Float64Array(this.rank);
    for (let k = 0; k < this.rank; k++) {
      const factor = this.#factor[k]!;
      let value = dot(this.#rows[k]!, row);
      for (let j = 0; j < k; j++) value -= factor[j]! * z[j]!;
      z[k] = value / factor[k]!;
    }
    return z;
  }

  /** Back substitution: factor^T shares = v. */
  #solveTransposed(v: Float64Array): Float64Array {
    const shares = Float64Array.from(v);
    for (let k = this.rank - 1; k >= 0; k--) {
      const factor = this.#factor[k]!;
      shares[k]! /= factor[k]!;
      for (let j = 0; j < k; j++) shares[j]! -= factor[j]! * shares[k]!;
    }
    return shares;
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

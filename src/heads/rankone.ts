/** The answer after one more label: a head moved by a rank-one step instead of a new fit. */

/** Bias variance before any label, relative to a weight's: large enough to leave it free. */
const BIAS_L2 = 1e-3;

/**
 * Keeps P = (sum of weight_i x_i x_i^T + l2 I)^-1 for rows x extended by a constant 1, exactly, under rows coming
 * and going (Sherman and Morrison 1950): O(dim^2) each, float64.
 *
 * With weight 1 and residual y - W x the step W += (y - W x) (P x)^T is exact ridge regression. With the softmax's
 * residual y - p and its curvature as weight it is one Newton step of the logistic head from its optimum: the
 * gradient there is the new item's alone. Either way all scores of a pool move by (X direction) residual^T.
 */
export class RankOneUpdater {
  readonly dim: number;
  /** (dim + 1) x (dim + 1), symmetric. */
  readonly #inverse: Float64Array;

  constructor(dim: number, l2: number) {
    this.dim = dim;
    const size = dim + 1;
    this.#inverse = new Float64Array(size * size);
    for (let j = 0; j < dim; j++) this.#inverse[j * size + j] = 1 / l2;
    this.#inverse[size * size - 1] = 1 / BIAS_L2;
  }

  /** Takes a row (dim) in and returns P x after it. `weight` > 0: curvature of the loss at the item. */
  add(row: Float32Array, weight: number): Float64Array {
    return this.#update(row, weight);
  }

  /** Takes a row out again (same weight) and returns P x after it. */
  remove(row: Float32Array, weight: number): Float64Array {
    return this.#update(row, -weight);
  }

  /** P x of a row (dim, the constant 1 implied; or dim + 1 values), nothing changed. */
  directionOf(row: Float32Array | Float64Array): Float64Array {
    const size = this.dim + 1;
    const last = row[this.dim] ?? 1;
    const out = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const at = i * size;
      let sum = last * this.#inverse[at + this.dim]!;
      for (let j = 0; j < this.dim; j++) sum += this.#inverse[at + j]! * row[j]!;
      out[i] = sum;
    }
    return out;
  }

  #update(row: Float32Array, weight: number): Float64Array {
    const size = this.dim + 1;
    const direction = this.directionOf(row);
    let spread = direction[this.dim]!;
    for (let j = 0; j < this.dim; j++) spread += direction[j]! * row[j]!;
    const shrink = 1 + weight * spread;
    const factor = weight / shrink;
    for (let i = 0; i < size; i++) {
      const at = i * size;
      const scale = factor * direction[i]!;
      for (let j = 0; j < size; j++) this.#inverse[at + j]! -= scale * direction[j]!;
    }
    for (let i = 0; i < size; i++) direction[i]! /= shrink;
    return direction;
  }
}

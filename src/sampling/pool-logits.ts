/** The logits of every row of a pool under one linear head, kept while head and pool change. */
import { matVec } from './dense.ts';
import type { Rows } from './rows.ts';

export class PoolLogits {
  readonly #rows: Rows;
  readonly #classCount: number;
  /** (classes x dim) and (classes). */
  #weights: Float32Array;
  #bias: Float32Array;
  /** (height x classes). */
  #values = new Float32Array(0);

  constructor(rows: Rows, classCount: number) {
    this.#rows = rows;
    this.#classCount = classCount;
    this.#weights = new Float32Array(classCount * rows.dim);
    this.#bias = new Float32Array(classCount);
  }

  /** (height x classes); rows that are not present hold leftovers. */
  get values(): Float32Array {
    return this.#values;
  }

  /** Copies of the weights (classes x dim) and biases (classes). */
  head(): { weights: Float32Array; bias: Float32Array } {
    return { weights: this.#weights.slice(), bias: this.#bias.slice() };
  }

  /** Takes another head over and computes all logits. */
  setHead(weights: Float32Array, bias: Float32Array): void {
    this.#weights = weights.slice();
    this.#bias = bias.slice();
    this.#reserve();
    const { dim, height, values } = this.#rows;
    const column = new Float32Array(height);
    for (let c = 0; c < this.#classCount; c++) {
      matVec(values, height, dim, this.#weights.subarray(c * dim, (c + 1) * dim), column);
      for (let i = 0; i < height; i++) this.#values[i * this.#classCount + c] = column[i]! + this.#bias[c]!;
    }
  }

  /** Logits of new or replaced rows. */
  compute(ordinals: readonly number[]): void {
    this.#reserve();
    const { dim } = this.#rows;
    const out = new Float32Array(this.#classCount);
    for (const ordinal of ordinals) {
      matVec(this.#weights, this.#classCount, dim, this.#rows.row(ordinal), out);
      for (let c = 0; c < this.#classCount; c++) {
        this.#values[ordinal * this.#classCount + c] = out[c]! + this.#bias[c]!;
      }
    }
  }

  /** Moves class c's weights by residual[c] x direction (dim, then the bias), and all logits with them. */
  move(direction: Float64Array, residual: Float64Array): void {
    const { dim, height, values } = this.#rows;
    const classCount = this.#classCount;
    const step = Float32Array.from(direction.subarray(0, dim));
    const along = new Float32Array(height);
    matVec(values, height, dim, step, along);
    for (let i = 0; i < height; i++) {
      const amount = along[i]! + direction[dim]!;
      for (let c = 0; c < classCount; c++) this.#values[i * classCount + c]! += amount * residual[c]!;
    }
    for (let c = 0; c < classCount; c++) {
      for (let j = 0; j < dim; j++) this.#weights[c * dim + j]! += residual[c]! * step[j]!;
      this.#bias[c]! += residual[c]! * direction[dim]!;
    }
  }

  #reserve(): void {
    const needed = this.#rows.height * this.#classCount;
    if (needed <= this.#values.length) return;
    const grown = new Float32Array(Math.max(needed, 2 * this.#values.length));
    grown.set(this.#values);
    this.#values = grown;
  }
}

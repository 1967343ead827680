/** The logits of every row of a pool under one linear head, kept right while head and pool change. */
import { addOuter, allocMatrix, gemm, type Matrix, matvec } from '../kernels/index.ts';
import type { RowStore } from './rows.ts';

export class PoolLogits {
  readonly #rows: RowStore;
  readonly #classCount: number;
  /** (classes x dim) and (classes). */
  #weights: Float32Array;
  #bias: Float32Array;

  constructor(rows: RowStore) {
    this.#rows = rows;
    this.#classCount = rows.classCount;
    this.#weights = new Float32Array(this.#classCount * rows.dim);
    this.#bias = new Float32Array(this.#classCount);
  }

  /** Copies of the weights (classes x dim) and biases (classes). */
  head(): { weights: Float32Array; bias: Float32Array } {
    return { weights: this.#weights.slice(), bias: this.#bias.slice() };
  }

  /** Takes another head over and computes all logits. */
  setHead(weights: Float32Array, bias: Float32Array): void {
    this.#weights = weights.slice();
    this.#bias = bias.slice();
    this.#compute(0, this.#rows.height);
  }

  /** Logits of new or replaced rows. */
  compute(ordinals: readonly number[]): void {
    if (ordinals.length === 0) return;
    const first = ordinals.reduce((a, b) => Math.min(a, b));
    const last = ordinals.reduce((a, b) => Math.max(a, b));
    this.#compute(first, last + 1);
  }

  /** Moves class c's weights by residual[c] x direction (dim, then the bias), and all logits with them. */
  move(direction: Float64Array, residual: Float64Array): void {
    const { dim, heap, matrix, logits } = this.#rows;
    const classCount = this.#classCount;
    const step = Float32Array.from(direction.subarray(0, dim));
    heap.scoped(() => {
      const along = heap.f32(matrix.rows);
      const padded = heap.f32(matrix.stride);
      padded.set(step);
      matvec(heap, matrix, padded, along);
      addOuter(heap, logits, along, direction[dim]!, residual);
    });
    for (let c = 0; c < classCount; c++) {
      for (let j = 0; j < dim; j++) this.#weights[c * dim + j]! += residual[c]! * step[j]!;
      this.#bias[c]! += residual[c]! * direction[dim]!;
    }
  }

  #compute(from: number, to: number): void {
    const { heap, matrix, logits, dim } = this.#rows;
    if (to <= from) return;
    const { stride } = matrix;
    heap.scoped(() => {
      const heads: Matrix = allocMatrix(heap, this.#classCount, dim);
      for (let c = 0; c < this.#classCount; c++) {
        heads.data.set(this.#weights.subarray(c * dim, (c + 1) * dim), c * stride);
      }
      const part: Matrix = {
        ...matrix,
        rows: to - from,
        data: matrix.data.subarray(from * stride),
        squares: matrix.squares.subarray(from),
      };
      const out = logits.subarray(from * this.#classCount, to * this.#classCount);
      gemm(heap, part, heads, heap.copy(this.#bias), out);
    });
  }
}

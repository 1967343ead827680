/** The embedding rows of a project as they arrive: one flat matrix, ordinal = row, gaps allowed. */
import { AppError } from '../core/errors.ts';

/** Read side: what strategies see. */
export interface Rows {
  readonly dim: number;
  /** (height x dim) row-major; only rows with `has` are meaningful. */
  readonly values: Float32Array;
  /** One more than the highest ordinal ever added. */
  readonly height: number;
  /** Rows present. */
  readonly count: number;
  has(ordinal: number): boolean;
  /** A view, not a copy. */
  row(ordinal: number): Float32Array;
}

/** Rows that are no unit vectors are scaled to one when further off than this. */
const NORM_SLACK = 1e-3;

export class RowStore implements Rows {
  readonly dim: number;
  #values: Float32Array;
  #present: Uint8Array;
  #height = 0;
  #count = 0;

  constructor(dim: number, capacity = 1_024) {
    this.dim = dim;
    this.#values = new Float32Array(capacity * dim);
    this.#present = new Uint8Array(capacity);
  }

  get values(): Float32Array {
    return this.#values;
  }

  get height(): number {
    return this.#height;
  }

  get count(): number {
    return this.#count;
  }

  has(ordinal: number): boolean {
    return this.#present[ordinal] === 1;
  }

  row(ordinal: number): Float32Array {
    return this.#values.subarray(ordinal * this.dim, (ordinal + 1) * this.dim);
  }

  /** Ordinals present, ascending. */
  ordinals(): Int32Array {
    const out = new Int32Array(this.#count);
    let n = 0;
    for (let i = 0; i < this.#height; i++) if (this.#present[i] === 1) out[n++] = i;
    return out;
  }

  /**
   * Adds or replaces rows (ordinals.length x dim). All or nothing: throws BACKEND_BAD_OUTPUT when a row has the wrong
   * length or a value that is not finite.
   */
  add(ordinals: readonly number[], rows: Float32Array): void {
    this.#check(ordinals, rows);
    for (const [k, ordinal] of ordinals.entries()) {
      this.#reserve(ordinal + 1);
      const row = rows.subarray(k * this.dim, (k + 1) * this.dim);
      this.#values.set(row, ordinal * this.dim);
      normalise(this.row(ordinal));
      if (!this.has(ordinal)) this.#count++;
      this.#present[ordinal] = 1;
      this.#height = Math.max(this.#height, ordinal + 1);
    }
  }

  /** Forgets rows; unknown ordinals are fine. */
  remove(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      if (!this.has(ordinal)) continue;
      this.#present[ordinal] = 0;
      this.#count--;
    }
  }

  #check(ordinals: readonly number[], rows: Float32Array): void {
    const { dim } = this;
    if (rows.length !== ordinals.length * dim) {
      throw new AppError(
        'BACKEND_BAD_OUTPUT',
        `${rows.length} embedding values for ${ordinals.length} rows of ${dim}.`,
      );
    }
    const bad = rows.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      const ordinal = ordinals[Math.floor(bad / dim)];
      throw new AppError('BACKEND_BAD_OUTPUT', `The embedding of row ${ordinal} is not finite.`, {
        details: { ordinal },
      });
    }
  }

  #reserve(height: number): void {
    if (height <= this.#present.length) return;
    const capacity = Math.max(height, 2 * this.#present.length);
    const values = new Float32Array(capacity * this.dim);
    values.set(this.#values);
    this.#values = values;
    const present = new Uint8Array(capacity);
    present.set(this.#present);
    this.#present = present;
  }
}

/** In place; a zero row stays zero and is then equally far from everything. */
function normalise(row: Float32Array): void {
  let square = 0;
  for (let j = 0; j < row.length; j++) square += row[j]! * row[j]!;
  if (square === 0 || Math.abs(square - 1) <= NORM_SLACK) return;
  const scale = 1 / Math.sqrt(square);
  for (let j = 0; j < row.length; j++) row[j]! *= scale;
}

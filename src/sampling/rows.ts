/** The pool of a project as one table in kernel memory: embedding rows, ordinal = row, gaps allowed, logits beside them. */
import { AppError } from '../core/errors.ts';
import { allocMatrix, KernelHeap, type Matrix, matrixBytes } from '../kernels/index.ts';

/** Read side: what strategies see. */
export interface Rows {
  readonly dim: number;
  /** One more than the highest ordinal ever added. */
  readonly height: number;
  /** Rows present. */
  readonly count: number;
  has(ordinal: number): boolean;
  /** Unit-norm row (dim): a view into memory that moves when rows are added, so not to be kept. */
  row(ordinal: number): Float32Array;
}

export interface RowStoreOptions {
  readonly dim: number;
  /** Width of the table kept beside the rows: one logit per class. */
  readonly classCount: number;
  /** Rows to make room for at once; untouched memory costs nothing. */
  readonly capacity?: number;
}

/** Rows that are no unit vectors are scaled to one when their squared length is further off than this. */
const NORM_SLACK = 1e-3;
/** Scratch memory for kernels: columns per row and per class (BADGE needs most), and room to gather and cluster rows. */
const SCRATCH_COLUMNS = 16;
const SCRATCH_PER_CLASS = 4;
const SCRATCH_BYTES = 96 << 20;
const CAPACITY_MIN = 1_024;

interface Storage {
  readonly heap: KernelHeap;
  readonly matrix: Matrix;
  /** (capacity x classCount) */
  readonly logits: Float32Array;
}

export class RowStore implements Rows {
  readonly dim: number;
  #classCount: number;
  #storage: Storage;
  #present: Uint8Array;
  #height = 0;
  #count = 0;

  constructor(options: RowStoreOptions) {
    const capacity = Math.max(CAPACITY_MIN, options.capacity ?? 0);
    this.dim = options.dim;
    this.#classCount = options.classCount;
    this.#storage = allocate(capacity, options.dim, options.classCount);
    this.#present = new Uint8Array(capacity);
  }

  get heap(): KernelHeap {
    return this.#storage.heap;
  }

  /** All rows ever added as one matrix; rows that are not present hold leftovers or zeros. */
  get matrix(): Matrix {
    const { matrix } = this.#storage;
    return { ...matrix, rows: this.#height };
  }

  get classCount(): number {
    return this.#classCount;
  }

  /** (height x classCount); whoever owns the head writes it. */
  get logits(): Float32Array {
    return this.#storage.logits.subarray(0, this.#height * this.#classCount);
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
    const { data, stride } = this.#storage.matrix;
    return data.subarray(ordinal * stride, ordinal * stride + this.dim);
  }

  /** Ordinals present and not in `barred` (by ordinal), ascending. */
  ordinals(barred?: Uint8Array): Int32Array {
    const out = new Int32Array(this.#count);
    let n = 0;
    for (let i = 0; i < this.#height; i++) if (this.#present[i] === 1 && barred?.[i] !== 1) out[n++] = i;
    return out.subarray(0, n);
  }

  /**
   * Adds or replaces rows (ordinals.length x dim). All or nothing: throws BACKEND_BAD_OUTPUT when a row has the wrong
   * length or a value that is not finite, LIMIT_SIZE when the pool outgrows 4 GiB.
   */
  add(ordinals: readonly number[], rows: Float32Array): void {
    const { dim } = this;
    check(ordinals, rows, dim);
    const height = ordinals.reduce((most, ordinal) => Math.max(most, ordinal + 1), this.#height);
    if (height > this.#present.length) this.#relocate(Math.max(height, 2 * this.#present.length), this.#classCount);
    this.#height = height;
    const { matrix } = this.#storage;
    for (const [k, ordinal] of ordinals.entries()) {
      const row = this.row(ordinal);
      row.set(rows.subarray(k * dim, (k + 1) * dim));
      matrix.squares[ordinal] = normalise(row);
      if (!this.has(ordinal)) this.#count++;
      this.#present[ordinal] = 1;
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

  /** Another number of classes; the logits are zero afterwards. */
  resizeClasses(classCount: number): void {
    this.#relocate(this.#present.length, classCount);
  }

  #relocate(capacity: number, classCount: number): void {
    const next = allocate(capacity, this.dim, classCount);
    const { matrix, logits } = this.#storage;
    next.matrix.data.set(matrix.data.subarray(0, this.#height * matrix.stride));
    next.matrix.squares.set(matrix.squares.subarray(0, this.#height));
    if (classCount === this.#classCount) next.logits.set(logits.subarray(0, this.#height * classCount));
    const present = new Uint8Array(capacity);
    present.set(this.#present);
    this.#present = present;
    this.#storage = next;
    this.#classCount = classCount;
  }
}

function allocate(capacity: number, dim: number, classCount: number): Storage {
  const columns = SCRATCH_PER_CLASS * (Math.ceil(classCount / 16) * 16) + SCRATCH_COLUMNS;
  const bytes = matrixBytes(capacity, dim) + 4 * capacity * (classCount + columns) + SCRATCH_BYTES;
  const heap = new KernelHeap({ bytes });
  return { heap, matrix: allocMatrix(heap, capacity, dim), logits: heap.f32(capacity * classCount) };
}

function check(ordinals: readonly number[], rows: Float32Array, dim: number): void {
  if (rows.length !== ordinals.length * dim) {
    throw new AppError('BACKEND_BAD_OUTPUT', `${rows.length} embedding values for ${ordinals.length} rows of ${dim}.`);
  }
  const bad = rows.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const ordinal = ordinals[Math.floor(bad / dim)];
  throw new AppError('BACKEND_BAD_OUTPUT', `The embedding of row ${ordinal} is not finite.`, { details: { ordinal } });
}

/** In place; returns the squared length. A zero row stays zero and is then equally far from everything. */
function normalise(row: Float32Array): number {
  let square = 0;
  for (let j = 0; j < row.length; j++) square += row[j]! * row[j]!;
  if (square === 0 || Math.abs(square - 1) <= NORM_SLACK) return square;
  const scale = 1 / Math.sqrt(square);
  for (let j = 0; j < row.length; j++) row[j]! *= scale;
  return 1;
}

/** The picture of the pool that coverage is measured on: taken once, and again when the pool has changed a lot. */
import type { HeapMark, KernelHeap } from '../kernels/index.ts';
import { Coverage, coverageHeap } from './coverage.ts';
import type { RowStore } from './rows.ts';

/** The picture of the pool is taken again when the pool has grown or shrunk by this factor. */
const PICTURE_GROWTH = 1.25;

export class PoolPicture {
  readonly #rows: RowStore;
  readonly #seed: number;
  readonly #targetsMax: number;
  #kept: { readonly coverage: Coverage; readonly count: number } | undefined;
  #memory: { readonly heap: KernelHeap; readonly empty: HeapMark } | undefined;

  /** `targetsMax`: most rows that stand for the pool. */
  constructor(rows: RowStore, seed: number, targetsMax: number) {
    this.#rows = rows;
    this.#seed = seed;
    this.#targetsMax = targetsMax;
  }

  /** These rows have changed. */
  forgetRows(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#kept?.coverage.forget(ordinal);
  }

  /** The next one is taken afresh. */
  discard(): void {
    this.#kept = undefined;
  }

  coverage(): Coverage {
    const { count } = this.#rows;
    const kept = this.#kept;
    if (kept !== undefined && count < PICTURE_GROWTH * kept.count && kept.count < PICTURE_GROWTH * count) {
      return kept.coverage;
    }
    this.#memory ??= memoryFor(this.#rows.dim, this.#targetsMax);
    const { heap, empty } = this.#memory;
    heap.release(empty);
    const coverage = new Coverage(this.#rows, this.#rows.ordinals(), this.#seed, this.#targetsMax, heap);
    this.#kept = { coverage, count };
    return coverage;
  }
}

function memoryFor(dim: number, targetsMax: number): { heap: KernelHeap; empty: HeapMark } {
  const heap = coverageHeap(dim, targetsMax);
  return { heap, empty: heap.mark() };
}

/** One private WebAssembly memory with a stack-like allocator: all data that kernels touch lives here. */
import { AppError, assert } from '../core/errors.ts';
import { createMemory, instantiate, type KernelExports, type LinearMemory, PAGE_BYTES } from './module.ts';

/** 65,536 pages: what 32-bit addresses reach. */
export const HEAP_BYTES_MAX = 65_536 * PAGE_BYTES;

/** Allocations start on a cache line, and kernels may read (never write) up to 63 bytes past an array's end. */
const ALIGNMENT = 64;

/** Floats that a row of a matrix is padded to a multiple of. */
export const ROW_PADDING = 16;

export type HeapMark = number & { readonly __mark: true };

type NumericView = Float32Array | Float64Array | Int32Array | Uint8Array;

/**
 * Owns a memory of fixed size, so views into it never detach; untouched pages cost nothing but address space, so
 * ask for the most you may need. One per thread, made by whoever owns the data, never global.
 *
 *     const heap = new KernelHeap({ bytes: 256 << 20 });
 *     const scores = heap.f32(1_000_000);
 *     heap.scoped(() => { const scratch = heap.f32(1_000); ... });   // scratch is given back
 *
 * Throws LIMIT_SIZE when `bytes` is above 4 GiB, when the machine refuses the memory, or when an allocation does not fit.
 */
export class KernelHeap {
  readonly kernels: KernelExports;
  readonly capacityBytes: number;
  readonly #memory: LinearMemory;
  // Address 0 means "none" to the kernels, so the first line stays empty.
  #top = ALIGNMENT;
  /** Beyond it the memory was never handed out and still holds the zeros it was born with. */
  #touched = ALIGNMENT;

  constructor(options: { readonly bytes: number }) {
    // One page more for the empty line at each end, except where 32 bits end.
    const pages = Math.ceil(options.bytes / PAGE_BYTES);
    this.#memory = reserve(pages === HEAP_BYTES_MAX / PAGE_BYTES ? pages : pages + 1);
    this.capacityBytes = this.#memory.buffer.byteLength;
    this.kernels = instantiate(this.#memory);
  }

  get usedBytes(): number {
    return this.#top;
  }

  /** Zeroed float32 array. */
  f32(length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, this.#allocate(length * 4), length);
  }

  /** Zeroed int32 array. */
  i32(length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer, this.#allocate(length * 4), length);
  }

  /** Zeroed float64 array. */
  f64(length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#memory.buffer, this.#allocate(length * 8), length);
  }

  /** A float32 copy of `values` in the heap. */
  copy(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
    const view = this.f32(values.length);
    view.set(values);
    return view;
  }

  /** `release(mark)` gives back everything allocated after `mark()`; views into it must not be used any more. */
  mark(): HeapMark {
    return this.#top as HeapMark;
  }

  release(mark: HeapMark): void {
    assert(mark <= this.#top, 'heap marks are released in reverse order');
    this.#top = mark;
  }

  /** Runs `work` and gives back what it allocated, also when it throws. The result must not be a view made inside. */
  scoped<T>(work: () => T): T {
    const mark = this.mark();
    try {
      return work();
    } finally {
      this.release(mark);
    }
  }

  /** The view itself when it lies in this heap, else a copy of it here. */
  adopt(view: Float32Array): Float32Array {
    return view.buffer === this.#memory.buffer ? view : this.copy(view);
  }

  /** Byte address of a view for the kernels; a view of other memory is a bug of the caller. */
  address(view: NumericView): number {
    assert(view.buffer === this.#memory.buffer, 'the array does not live in this heap; use heap.copy or heap.adopt');
    return view.byteOffset;
  }

  #allocate(bytes: number): number {
    const start = this.#top;
    const end = start + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (!(end + ALIGNMENT <= this.capacityBytes)) {
      throw new AppError(
        'LIMIT_SIZE',
        `${bytes} bytes do not fit into the ${this.capacityBytes - start} left in the heap.`,
        {
          details: { bytes, capacityBytes: this.capacityBytes, usedBytes: start },
        },
      );
    }
    const dirty = Math.min(end, this.#touched);
    if (dirty > start) new Uint8Array(this.#memory.buffer, start, dirty - start).fill(0);
    this.#top = end;
    this.#touched = Math.max(this.#touched, end);
    return start;
  }
}

function reserve(pages: number): LinearMemory {
  try {
    return createMemory(pages);
  } catch (cause) {
    const bytes = pages * PAGE_BYTES;
    throw new AppError(
      'LIMIT_SIZE',
      `A kernel heap of ${bytes} bytes cannot be reserved here (at most ${HEAP_BYTES_MAX}).`,
      {
        details: { bytes, bytesMax: HEAP_BYTES_MAX },
        cause,
      },
    );
  }
}

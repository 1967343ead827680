/** The exact index: every row is looked at. Nothing to build, filters and deletions cost nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';
import { allocMatrix, KernelHeap, type Matrix, matrixBytes, matvec, writeRows } from '../kernels/index.ts';
import {
  byNearness,
  checkRows,
  type Hit,
  type IndexKind,
  type IndexMetric,
  type IndexOptions,
  listsOf,
  type NeighbourIndex,
  placed,
} from './neighbour-index.ts';

/** Rows per block: memory grows by whole blocks, since kernel memory cannot be moved. */
const BLOCK_ROWS = 8_192;

interface Block {
  readonly heap: KernelHeap;
  readonly matrix: Matrix;
  readonly scores: Float32Array;
  readonly query: Float32Array;
}

class ExactIndex implements NeighbourIndex {
  readonly name = 'exact';
  readonly #dims: number;
  readonly #metric: IndexMetric;
  readonly #blocks: Block[] = [];
  /** Place -> id; the last place moves into the gap of a deleted one. */
  readonly #ids: number[] = [];
  readonly #places = new Map<number, number>();

  constructor({ dims, metric }: IndexOptions) {
    this.#dims = dims;
    this.#metric = metric;
  }

  get size(): number {
    return this.#ids.length;
  }

  add(ids: ArrayLike<number>, rows: Float32Array): void {
    const count = checkRows(ids, rows, this.#dims);
    for (let i = 0; i < count; i++) {
      const row = placed(rows.subarray(i * this.#dims, (i + 1) * this.#dims), this.#metric);
      if (row === null) this.#remove(ids[i]!);
      else this.#write(this.#placeFor(ids[i]!), row);
    }
  }

  delete(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) this.#remove(ids[i]!);
  }

  search(queries: Float32Array, k: number, accept?: (id: number) => boolean): ReturnType<NeighbourIndex['search']> {
    const found = Array.from({ length: queries.length / this.#dims }, (_, q) => {
      const query = placed(queries.subarray(q * this.#dims, (q + 1) * this.#dims), this.#metric);
      return query === null ? [] : this.#nearest(query, k, accept);
    });
    return listsOf(found, k);
  }

  save(file: string): void {
    const ids = Int32Array.from(this.#ids);
    const rows = new Float32Array(ids.length * this.#dims);
    for (let place = 0; place < ids.length; place++) rows.set(this.#read(place), place * this.#dims);
    const bytes = (view: Int32Array | Float32Array) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    writeFileSync(file, Buffer.concat([bytes(Int32Array.of(ids.length, this.#dims)), bytes(ids), bytes(rows)]));
  }

  static load(file: string, options: IndexOptions): ExactIndex {
    const bytes = readFileSync(file);
    const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const [count, dims] = [words[0]!, words[1]!];
    if (dims !== options.dims || words.length !== 2 + count * (1 + dims)) {
      throw new AppError('STORE_CORRUPT', 'The file holds no exact index of these dimensions.', { details: { file } });
    }
    const index = new ExactIndex(options);
    index.add(words.subarray(2, 2 + count), new Float32Array(words.buffer, 4 * (2 + count)));
    return index;
  }

  #nearest(query: Float32Array, k: number, accept?: (id: number) => boolean): Hit[] {
    const best = new Best(k);
    let own = 0;
    for (const value of query) own += value * value;
    for (const [b, { heap, matrix, scores, query: slot }] of this.#blocks.entries()) {
      slot.set(query);
      const rows = Math.min(BLOCK_ROWS, this.size - b * BLOCK_ROWS);
      matvec(heap, { ...matrix, rows }, slot, scores);
      for (let r = 0; r < rows; r++) {
        const score = this.#metric === 'l2' ? 2 * scores[r]! - matrix.squares[r]! - own : scores[r]!;
        if (score < best.least) continue;
        const id = this.#ids[b * BLOCK_ROWS + r]!;
        if (accept === undefined || accept(id)) best.add({ id, similarity: score });
      }
    }
    return best.hits;
  }

  #placeFor(id: number): number {
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const place = this.#ids.push(id) - 1;
    this.#places.set(id, place);
    if (place === this.#blocks.length * BLOCK_ROWS) this.#blocks.push(this.#newBlock());
    return place;
  }

  #newBlock(): Block {
    const bytes = matrixBytes(BLOCK_ROWS, this.#dims) + 8 * BLOCK_ROWS + 8 * this.#dims + 1_024;
    const heap = new KernelHeap({ bytes });
    const matrix = allocMatrix(heap, BLOCK_ROWS, this.#dims);
    return { heap, matrix, scores: heap.f32(BLOCK_ROWS), query: heap.f32(matrix.stride) };
  }

  #remove(id: number): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    const last = this.#ids.length - 1;
    if (place !== last) {
      this.#write(place, this.#read(last).slice());
      this.#ids[place] = this.#ids[last]!;
      this.#places.set(this.#ids[place]!, place);
    }
    this.#ids.pop();
    this.#places.delete(id);
    if (last === (this.#blocks.length - 1) * BLOCK_ROWS) this.#blocks.pop();
  }

  #write(place: number, row: Float32Array): void {
    const { heap, matrix } = this.#blocks[Math.floor(place / BLOCK_ROWS)]!;
    writeRows(heap, matrix, place % BLOCK_ROWS, row);
  }

  #read(place: number): Float32Array {
    const { data, stride } = this.#blocks[Math.floor(place / BLOCK_ROWS)]!.matrix;
    const at = (place % BLOCK_ROWS) * stride;
    return data.subarray(at, at + this.#dims);
  }
}

/** The k best hits so far, best first. */
class Best {
  readonly hits: Hit[] = [];
  least = Number.NEGATIVE_INFINITY;
  readonly #k: number;

  constructor(k: number) {
    this.#k = k;
  }

  add(hit: Hit): void {
    if (this.hits.length === this.#k && byNearness(hit, this.hits.at(-1)!) > 0) return;
    let at = this.hits.length;
    while (at > 0 && byNearness(hit, this.hits[at - 1]!) < 0) at--;
    this.hits.splice(at, 0, hit);
    if (this.hits.length > this.#k) this.hits.pop();
    if (this.hits.length === this.#k) this.least = this.hits.at(-1)!.similarity;
  }
}

export const exactKind: IndexKind = {
  name: 'exact',
  open: (options) => new ExactIndex(options),
  load: (file, options) => ExactIndex.load(file, options),
};

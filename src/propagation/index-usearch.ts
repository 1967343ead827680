/** The neighbour index over usearch: bytes in the graph, float32 for the last word. */
import { Index, MetricKind, ScalarKind } from 'usearch';
import { AppError } from '../core/errors.ts';
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
  placedRows,
  similarity,
} from './neighbour-index.ts';

/**
 * Links per item and breadth of the search while linking (Malkov and Yashunin, 2018). Ranking again by the rows makes up
 * for a narrower search: 64 instead of 100 builds in 0.6 x the time at the same recall (docs/decisions/0018).
 */
const CONNECTIVITY = 16;
const EXPANSION_ADD = 64;
const EXPANSION_SEARCH = 64;
/** Candidates per wanted item that are ranked again: bytes misplace neighbours by a few places (docs/decisions/0018). */
const CANDIDATES = 2;
/** Rows per call to the library: it keeps about as much again for itself while it adds them. */
const ADD_ROWS = 512;
/** A filter that lets fewer than one in so many through is answered by looking at all that pass. */
const WIDEN_MAX = 64;
const METRICS: Record<IndexMetric, MetricKind> = {
  cosine: MetricKind.Cos,
  dot: MetricKind.IP,
  l2: MetricKind.L2sq,
};

class UsearchIndex implements NeighbourIndex {
  readonly name = 'usearch';
  readonly #options: IndexOptions;
  readonly #index: Index;
  /** Bytes hold directions only; lengths matter to the other metrics, which keep float32. */
  readonly #rough: boolean;
  /** The file that is mapped and not read yet: it answers at once, and takes no changes. */
  #mapped: string | undefined;

  constructor(options: IndexOptions, file?: string) {
    this.#options = options;
    this.#rough = options.metric === 'cosine' && options.rowsOf !== undefined;
    this.#index = new Index({
      dimensions: options.dims,
      metric: METRICS[options.metric],
      quantization: this.#rough ? ScalarKind.I8 : ScalarKind.F32,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION_ADD,
      expansion_search: EXPANSION_SEARCH,
      multi: false,
    });
    if (file !== undefined) this.#index.view(file);
    this.#mapped = file;
  }

  get size(): number {
    return this.#index.size();
  }

  add(ids: ArrayLike<number>, rows: Float32Array): void {
    const { dims, metric, threads = 1 } = this.#options;
    checkRows(ids, rows, dims);
    this.#own();
    this.delete(ids);
    const flat = new Float32Array(Math.min(ids.length, ADD_ROWS) * dims);
    for (let from = 0; from < ids.length; from += ADD_ROWS) {
      const kept = placedRows(rows.subarray(from * dims, (from + ADD_ROWS) * dims), dims, metric, flat);
      if (kept.length === 0) continue;
      const keys = keysOf(kept.map((i) => ids[from + i]!));
      this.#index.add(keys, flat.subarray(0, kept.length * dims), threads);
    }
  }

  delete(ids: ArrayLike<number>): void {
    const there = Array.from(ids).filter((id) => this.#index.contains(BigInt(id)));
    if (there.length === 0) return;
    this.#own();
    this.#index.remove(keysOf(there));
  }

  /** Reads a mapped file before the first change. */
  #own(): void {
    if (this.#mapped !== undefined) this.#index.load(this.#mapped);
    this.#mapped = undefined;
  }

  search(queries: Float32Array, k: number, accept?: (id: number) => boolean): ReturnType<NeighbourIndex['search']> {
    const { dims, metric } = this.#options;
    const rows = Array.from({ length: queries.length / dims }, (_, q) =>
      placed(queries.subarray(q * dims, (q + 1) * dims), metric),
    );
    const asked = rows.filter((row) => row !== null);
    const found = this.#candidates(asked, this.#rough ? CANDIDATES * k : k);
    let at = 0;
    const lists = rows.map((row) => {
      if (row === null) return [];
      const hits = this.#ranked(row, found[at++]!);
      return accept === undefined ? hits : this.#accepted(row, hits, k, accept);
    });
    return listsOf(lists, k);
  }

  save(file: string): void {
    this.#own();
    this.#index.save(file);
  }

  #candidates(queries: readonly Float32Array[], count: number): Hit[][] {
    const { dims, threads = 1 } = this.#options;
    const wanted = Math.min(count, this.size);
    if (queries.length === 0 || wanted === 0) return queries.map(() => []);
    const flat = new Float32Array(queries.length * dims);
    for (const [q, query] of queries.entries()) flat.set(query, q * dims);
    // One query answers in another shape; typed as rows, many do.
    const all = this.#index.search(flat, wanted, threads) as { keys: BigUint64Array; distances: Float32Array };
    const counts = (all as { counts?: BigUint64Array }).counts ?? [BigInt(all.keys.length)];
    return queries.map((_, q) =>
      Array.from({ length: Number(counts[q]) }, (_, place) => ({
        id: Number(all.keys[q * wanted + place]),
        similarity: this.#similarityOf(all.distances[q * wanted + place]!),
      })),
    );
  }

  #similarityOf(distance: number): number {
    return this.#options.metric === 'l2' ? -distance : 1 - distance;
  }

  /** In the order of the rows themselves. */
  #ranked(query: Float32Array, hits: readonly Hit[]): Hit[] {
    const { dims, metric, rowsOf } = this.#options;
    if (!this.#rough) return [...hits].sort(byNearness);
    const rows = new Float32Array(hits.length * dims);
    rowsOf!(
      hits.map((hit) => hit.id),
      rows,
    );
    return hits
      .flatMap(({ id }, i) => {
        const row = placed(rows.subarray(i * dims, (i + 1) * dims), metric);
        return row === null ? [] : [{ id, similarity: similarity(query, row, metric) }];
      })
      .sort(byNearness);
  }

  /** usearch knows no filters: the search widens until enough pass. */
  #accepted(query: Float32Array, first: readonly Hit[], k: number, accept: (id: number) => boolean): Hit[] {
    let hits = first;
    for (let widen = 4 * CANDIDATES; ; widen *= 4) {
      const passed = hits.filter((hit) => accept(hit.id));
      if (passed.length >= k || hits.length >= this.size) return passed;
      const count = widen > WIDEN_MAX ? this.size : widen * k;
      hits = this.#ranked(query, this.#candidates([query], count)[0]!);
    }
  }

  static load(file: string, options: IndexOptions): UsearchIndex {
    const index = new UsearchIndex(options, file);
    if (index.#index.dimensions() === options.dims) return index;
    throw new AppError('STORE_CORRUPT', 'The file holds no index of these dimensions.', { details: { file } });
  }
}

function keysOf(ids: ArrayLike<number>): BigUint64Array {
  return BigUint64Array.from(ids, BigInt);
}

export const indexKind: IndexKind = {
  name: 'usearch',
  open: (options) => new UsearchIndex(options),
  load: (file, options) => UsearchIndex.load(file, options),
};

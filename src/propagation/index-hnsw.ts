/** The neighbour index over hnswlib-node: float32, filters inside the search; compiled at install, so it may be absent. */
import hnswlib, { type HierarchicalNSW } from 'hnswlib-node';
import { AppError } from '../core/errors.ts';
import {
  byNearness,
  checkRows,
  type IndexKind,
  type IndexMetric,
  type IndexOptions,
  listsOf,
  type NeighbourIndex,
  placed,
} from './neighbour-index.ts';

const LINKS = 16;
const EF_ADD = 100;
/** Recall 0.998 at 100,000 rows (docs/decisions/0018). */
const EF_SEARCH = 40;
const SEED = 100;
const ROOM_MIN = 1_024;
const SPACES = { cosine: 'ip', dot: 'ip', l2: 'l2' } as const satisfies Record<IndexMetric, string>;

class HnswIndex implements NeighbourIndex {
  readonly name = 'hnsw';
  readonly #options: IndexOptions;
  readonly #index: HierarchicalNSW;
  /** Labels that were given out, and those of them that are marked as deleted. */
  readonly #known: Set<number>;
  readonly #deleted = new Set<number>();

  constructor(options: IndexOptions, file?: string) {
    this.#options = options;
    this.#index = new hnswlib.HierarchicalNSW(SPACES[options.metric], options.dims);
    if (file === undefined) {
      this.#index.initIndex(Math.max(ROOM_MIN, options.expected ?? 0), LINKS, EF_ADD, SEED);
      this.#known = new Set();
    } else {
      this.#index.readIndexSync(file);
      this.#known = new Set(this.#index.getIdsList());
      for (const id of this.#known) if (!this.#isLiving(id)) this.#deleted.add(id);
    }
  }

  get size(): number {
    return this.#known.size - this.#deleted.size;
  }

  add(ids: ArrayLike<number>, rows: Float32Array): void {
    const { dims, metric } = this.#options;
    const count = checkRows(ids, rows, dims);
    for (let i = 0; i < count; i++) {
      const row = placed(rows.subarray(i * dims, (i + 1) * dims), metric);
      if (row === null) this.delete([ids[i]!]);
      else this.#write(ids[i]!, row);
    }
  }

  delete(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (!this.#known.has(id) || this.#deleted.has(id)) continue;
      this.#index.markDelete(id);
      this.#deleted.add(id);
    }
  }

  search(queries: Float32Array, k: number, accept?: (id: number) => boolean): ReturnType<NeighbourIndex['search']> {
    const { dims, metric } = this.#options;
    const wanted = Math.min(k, this.size);
    this.#index.setEf(Math.max(EF_SEARCH, 2 * wanted));
    const found = Array.from({ length: queries.length / dims }, (_, q) => {
      const query = placed(queries.subarray(q * dims, (q + 1) * dims), metric);
      if (query === null || wanted === 0) return [];
      const { neighbors, distances } = this.#index.searchKnn(Array.from(query), wanted, accept);
      const similarityOf = (distance: number) => (metric === 'l2' ? -distance : 1 - distance);
      return neighbors.map((id, i) => ({ id, similarity: similarityOf(distances[i]!) })).sort(byNearness);
    });
    return listsOf(found, k);
  }

  save(file: string): void {
    this.#index.writeIndexSync(file);
  }

  /** Marks are in the file, but the package does not list them: marking again is refused. */
  #isLiving(id: number): boolean {
    try {
      this.#index.markDelete(id);
    } catch {
      return false;
    }
    this.#index.unmarkDelete(id);
    return true;
  }

  #write(id: number, row: Float32Array): void {
    if (this.#deleted.delete(id)) this.#index.unmarkDelete(id);
    const room = this.#index.getMaxElements();
    if (!this.#known.has(id) && this.#known.size >= room) this.#index.resizeIndex(2 * room);
    this.#index.addPoint(Array.from(row), id);
    this.#known.add(id);
  }
}

export const indexKind: IndexKind = {
  name: 'hnsw',
  open: (options) => new HnswIndex(options),
  load(file, options) {
    try {
      return new HnswIndex(options, file);
    } catch (cause) {
      throw new AppError('STORE_CORRUPT', 'The file holds no index of these dimensions.', { details: { file }, cause });
    }
  },
};

/** The neighbour index: a port. Which rows lie nearest to a row, exactly or nearly so; one contract suite for all. */
import { AppError } from '../core/errors.ts';
import type { NeighbourLists } from '../kernels/index.ts';

/** Similarities, higher = nearer: cosine -1..1, inner product, or minus the squared Euclidean distance. */
export type IndexMetric = 'cosine' | 'dot' | 'l2';

export type IndexName = 'exact' | 'usearch' | 'hnsw';

export interface IndexOptions {
  readonly dims: number;
  readonly metric: IndexMetric;
  /** Items to make room for at once; more may come. */
  readonly expected?: number;
  /** Threads of adding and searching, where the adapter has any. */
  readonly threads?: number;
  /**
   * Fills `into` (ids x dims) with the rows as they were added, for adapters that keep them only roughly: their
   * candidates are ranked again by what this returns. Exact and float32 adapters never call it.
   */
  readonly rowsOf?: (ids: ArrayLike<number>, into: Float32Array) => void;
}

export interface NeighbourIndex {
  readonly name: IndexName;
  /** Items that can be found. */
  readonly size: number;
  /**
   * Adds rows (ids x dims), or replaces those of ids that are there. Rows that are not finite, and with the cosine rows
   * of zeros, point nowhere: such an id is not found any more. Ids are whole numbers below 2^31.
   */
  add(ids: ArrayLike<number>, rows: Float32Array): void;
  /** Ids that are not there are passed over. */
  delete(ids: ArrayLike<number>): void;
  /**
   * The k most similar items of each query (queries x dims) that `accept` lets through, most similar first, equal ones by
   * id; lists (queries x k), empty places are id -1. A query without direction finds nothing.
   */
  search(queries: Float32Array, k: number, accept?: (id: number) => boolean): NeighbourLists;
  /** Writes everything that `load` needs into one file. */
  save(file: string): void;
}

/** How indexes of one name are made. */
export interface IndexKind {
  readonly name: IndexName;
  open(options: IndexOptions): NeighbourIndex;
  /** Throws when the file is not one of this kind and these options. */
  load(file: string, options: IndexOptions): NeighbourIndex;
}

/** Number of rows; throws INPUT_BAD_FIELD when ids and rows do not fit together. */
export function checkRows(ids: ArrayLike<number>, rows: Float32Array, dims: number): number {
  if (rows.length === ids.length * dims) return ids.length;
  throw new AppError('INPUT_BAD_FIELD', `${ids.length} ids do not go with ${rows.length} floats of ${dims} each.`, {
    details: { field: 'rows' },
  });
}

/** The row as the metric sees it: of unit length for the cosine; null when it points nowhere. */
export function placed(row: Float32Array, metric: IndexMetric): Float32Array | null {
  let square = 0;
  for (const value of row) square += value * value;
  if (!Number.isFinite(square)) return null;
  if (metric !== 'cosine') return row;
  if (square === 0) return null;
  const scale = 1 / Math.sqrt(square);
  return row.map((value) => value * scale);
}

/**
 * The same for many rows, one after the other into `into`, without a view or a copy per row: a large index is filled with
 * hundreds of thousands. Returns the places of those that point somewhere.
 */
export function placedRows(rows: Float32Array, dims: number, metric: IndexMetric, into: Float32Array): number[] {
  const kept: number[] = [];
  for (let i = 0; i * dims < rows.length; i++) {
    let square = 0;
    for (let at = i * dims; at < (i + 1) * dims; at++) square += rows[at]! * rows[at]!;
    if (!Number.isFinite(square) || (metric === 'cosine' && square === 0)) continue;
    const scale = metric === 'cosine' ? 1 / Math.sqrt(square) : 1;
    for (let d = 0; d < dims; d++) into[kept.length * dims + d] = rows[i * dims + d]! * scale;
    kept.push(i);
  }
  return kept;
}

/** Similarity of two rows as the metric sees them. */
export function similarity(a: Float32Array, b: Float32Array, metric: IndexMetric): number {
  let sum = 0;
  if (metric === 'l2') for (let d = 0; d < a.length; d++) sum -= (a[d]! - b[d]!) ** 2;
  else for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

export interface Hit {
  readonly id: number;
  readonly similarity: number;
}

/** Lists of one row of hits per query. */
export function listsOf(rows: readonly (readonly Hit[])[], k: number): NeighbourLists {
  const ids = new Int32Array(rows.length * k).fill(-1);
  const similarities = new Float32Array(rows.length * k).fill(Number.NEGATIVE_INFINITY);
  for (const [q, hits] of rows.entries()) {
    for (const [place, hit] of hits.slice(0, k).entries()) {
      ids[q * k + place] = hit.id;
      similarities[q * k + place] = hit.similarity;
    }
  }
  return { k, ids, similarities };
}

/** Most similar first, equal ones by id. */
export function byNearness(a: Hit, b: Hit): number {
  return b.similarity - a.similarity || a.id - b.id;
}

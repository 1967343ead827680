/** The kNN graph of a project: built once, grown as tasks arrive, shared by search, propagation and duplicates. */
import {
  allocNeighbours,
  type BlockPlace,
  gemm,
  type KernelHeap,
  type Matrix,
  mergeTopK,
  type NeighbourLists,
} from '../kernels/index.ts';

/**
 * Directed lists in compressed rows, flat enough to be written to a file as they are. The neighbours of item i are
 * `neighbours[starts[i] .. starts[i + 1]]`, most similar first, equal ones by number. Items without direction (zero or
 * not finite) have no neighbours and are nobody's neighbour.
 */
export interface NeighbourGraph {
  /** Neighbours asked for; a list is shorter only where there are fewer items. */
  readonly k: number;
  readonly itemCount: number;
  /** (itemCount + 1) */
  readonly starts: Int32Array;
  /** (edges) item numbers. */
  readonly neighbours: Int32Array;
  /** (edges) cosine, -1..1. */
  readonly similarities: Float32Array;
}

/**
 * What a graph can be built from: an exact scan, or any index that answers for items it holds. Lists hold the k most
 * similar other items by cosine, empty places are id -1.
 */
export interface NeighbourSource {
  readonly itemCount: number;
  /** Neighbours of items first .. first + count; lists (count x k). */
  nearest(first: number, count: number, k: number): NeighbourLists;
}

/** 10 neighbours as in the graphs of Calder et al. (2020) and Zhou et al. (2004). */
export const GRAPH_NEIGHBOURS = 10;

/** 128 x 2,048 similarities are 1 MB: they stay in the second-level cache between product and merge. */
const BLOCK_ROWS = 128;
const BLOCK_COLUMNS = 2_048;

/**
 * Exact graph of unit rows (zero rows stand apart) by blocks of products in this thread: n^2 x dims multiplications,
 * about 12 s for 20,000 x 384. `buildGraph` does the same in steps, with products made elsewhere.
 */
export function exactGraph(heap: KernelHeap, rows: Matrix, k: number = GRAPH_NEIGHBOURS): NeighbourGraph {
  return heap.scoped(() => {
    const builder = new GraphBuilder(heap, rows.rows, k, missingRows(rows, 0));
    foldProducts(heap, builder, rows, 0, rows.rows, 0);
    return builder.finish();
  });
}

/** Folds blocks of similarities, in any order, into a graph; its lists live in the heap until `finish`. */
export class GraphBuilder {
  readonly #heap: KernelHeap;
  readonly #lists: NeighbourLists;
  readonly #itemCount: number;
  readonly #missing: readonly number[];

  /** `missing`: items without direction, ascending. `known`: lists of the first items to start from. */
  constructor(heap: KernelHeap, itemCount: number, k: number, missing: readonly number[], known?: NeighbourGraph) {
    this.#heap = heap;
    this.#itemCount = itemCount;
    this.#missing = missing;
    this.#lists = allocNeighbours(heap, itemCount, k);
    if (known) unpack(known, this.#lists);
  }

  /** `block` (rows x columns) holds cosines and is changed: columns of missing items become -Infinity. */
  fold(block: Float32Array, place: BlockPlace): void {
    const { rows, firstColumn, columns, pitch = columns } = place;
    for (const item of this.#missing) {
      const column = item - firstColumn;
      if (column < 0 || column >= columns) continue;
      for (let r = 0; r < rows; r++) block[r * pitch + column] = Number.NEGATIVE_INFINITY;
    }
    mergeTopK(this.#heap, block, place, this.#lists);
  }

  finish(): NeighbourGraph {
    const { k, ids } = this.#lists;
    for (const item of this.#missing) ids.fill(-1, item * k, (item + 1) * k);
    return compress(this.#lists, this.#itemCount);
  }
}

/** Items of a matrix without direction: `writeRows` stored NaN, infinities and zeros as zero rows. */
export function missingRows(rows: Matrix, first: number): number[] {
  const missing: number[] = [];
  for (let i = first; i < rows.rows; i++) if (!(rows.squares[i]! > 0)) missing.push(i);
  return missing;
}

/** Similarities of rows from .. to with all rows from `firstColumn` on. */
function foldProducts(
  heap: KernelHeap,
  builder: GraphBuilder,
  all: Matrix,
  from: number,
  to: number,
  firstColumn: number,
): void {
  heap.scoped(() => {
    const block = heap.f32(BLOCK_ROWS * BLOCK_COLUMNS);
    for (let row = from; row < to; row += BLOCK_ROWS) {
      const rows = part(all, row, Math.min(to, row + BLOCK_ROWS));
      for (let column = firstColumn; column < all.rows; column += BLOCK_COLUMNS) {
        const columns = part(all, column, Math.min(all.rows, column + BLOCK_COLUMNS));
        gemm(heap, rows, columns, null, block);
        builder.fold(block, { firstRow: row, rows: rows.rows, firstColumn: column, columns: columns.rows });
      }
    }
  });
}

function part(matrix: Matrix, from: number, to: number): Matrix {
  const { data, stride, squares } = matrix;
  return {
    ...matrix,
    rows: to - from,
    data: data.subarray(from * stride, to * stride),
    squares: squares.subarray(from, to),
  };
}

function unpack(graph: NeighbourGraph, lists: NeighbourLists): void {
  for (let i = 0; i < graph.itemCount; i++) {
    const [from, to] = [graph.starts[i]!, graph.starts[i + 1]!];
    lists.ids.set(graph.neighbours.subarray(from, to), i * lists.k);
    lists.similarities.set(graph.similarities.subarray(from, to), i * lists.k);
  }
}

/** Lists with their empty places left out. */
export function compress(lists: NeighbourLists, itemCount: number): NeighbourGraph {
  const { k, ids, similarities } = lists;
  const starts = new Int32Array(itemCount + 1);
  for (let i = 0; i < itemCount; i++) {
    let count = 0;
    while (count < k && ids[i * k + count]! >= 0) count++;
    starts[i + 1] = starts[i]! + count;
  }
  const neighbours = new Int32Array(starts[itemCount]!);
  const kept = new Float32Array(starts[itemCount]!);
  for (let i = 0; i < itemCount; i++) {
    const end = i * k + starts[i + 1]! - starts[i]!;
    neighbours.set(ids.subarray(i * k, end), starts[i]!);
    kept.set(similarities.subarray(i * k, end), starts[i]!);
  }
  return { k, itemCount, starts, neighbours, similarities: kept };
}

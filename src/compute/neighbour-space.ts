/** One space in the neighbour process: its rows, its index, its graph, and their files. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import {
  type BlockProducts,
  HEAP_BYTES_MAX,
  KernelHeap,
  loadMatrix,
  type Matrix,
  matrixBytes,
} from '../kernels/index.ts';
import { decodeGraph, encodeGraph, type NamedGraph } from '../propagation/graph-file.ts';
import {
  buildGraph,
  GRAPH_NEIGHBOURS,
  graphFromIndex,
  type IndexKind,
  type NeighbourGraph,
  type NeighbourIndex,
  type PropagationPool,
  poolOf,
} from '../propagation/index.ts';
import { type Unusable, whyUnusable, writeStamped } from '../propagation/stamped-file.ts';
import { type IndexKinds, indexKindFor } from './neighbour-kinds.ts';
import type { BuiltSpace, Neighbour, SpaceKey } from './neighbours.ts';
import { RowTable } from './row-table.ts';

export type Progress = (stage: string, done: number) => Promise<void>;

export interface SpaceTools {
  /** Folder of all spaces. */
  readonly folder: string;
  readonly kinds: IndexKinds;
  readonly products: () => Promise<BlockProducts>;
  readonly threads: number;
  /** Items up to which every row is looked at. */
  readonly exactItemsMax: number;
}

/** Rows added to an index between two turns of the process: usearch wastes memory on smaller pieces, threefold at 512. */
const ADD_ROWS = 4_096;
/** Scratch of methods and graph building, beside the rows: lists, similarities, fields of some classes. */
const SCRATCH_BYTES = 96 << 20;
const SCRATCH_BYTES_PER_ITEM = 1_024;
/** Rows, smoothed rows, one hop between, and the points of a clustering. */
const POOL_COPIES = 4;
/** Changes whenever files of older versions cannot be used. */
const FORMAT = 1;

export class Space {
  readonly #key: SpaceKey;
  readonly #tools: SpaceTools;
  readonly #folder: string;
  readonly #rows: RowTable;
  #kind: IndexKind;
  #index: NeighbourIndex;
  /** What the index holds; rows that point nowhere count as held. */
  #indexed = new Set<number>();
  #saved = true;
  #named: NamedGraph | undefined;
  #pool: { readonly of: NeighbourGraph; readonly pool: PropagationPool } | undefined;
  /** Heavy work comes one after the other; look-ups do not wait for it. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(key: SpaceKey, items: number, tools: SpaceTools) {
    this.#key = key;
    this.#tools = tools;
    this.#folder = join(tools.folder, String(key.projectId), encodeURIComponent(key.embedder));
    this.#rows = new RowTable(key.dims);
    this.#kind = indexKindFor(items, tools.kinds, tools.exactItemsMax);
    this.#index = this.#emptyIndex(items);
  }

  get dims(): number {
    return this.#key.dims;
  }

  /** Ordinals in ascending order: item i of graph and pool. */
  ordinals(): Uint32Array {
    return Uint32Array.from(this.#rows.ordinals()).sort();
  }

  open(ordinals: Uint32Array): Uint32Array {
    const wanted = new Set(ordinals);
    const gone = [...this.#rows.ordinals()].filter((ordinal) => !wanted.has(ordinal));
    for (const ordinal of gone) {
      this.#rows.remove(ordinal);
      this.#indexed.delete(ordinal);
    }
    if (gone.length > 0) {
      this.#index.delete(gone);
      this.#saved = false;
    }
    return ordinals.filter((ordinal) => !this.#rows.has(ordinal));
  }

  put(ordinals: Uint32Array, rows: Float32Array): void {
    const { dims } = this.#key;
    if (rows.length !== ordinals.length * dims) {
      throw new AppError('INPUT_BAD_FIELD', `${ordinals.length} rows of ${dims} floats were announced.`);
    }
    for (const [i, ordinal] of ordinals.entries()) {
      this.#rows.set(ordinal, rows.subarray(i * dims, (i + 1) * dims));
    }
    // The exact index costs nothing to fill, so that look-alikes are found before anything was built.
    if (this.#kind.name === 'exact') this.#addToIndex(ordinals);
  }

  build(progress: Progress): Promise<BuiltSpace> {
    return this.alone(async () => {
      const notes = [await this.#bringIndex(progress), await this.#bringGraph(progress)];
      const { graph } = this.#named!;
      return {
        items: this.#rows.size,
        index: this.#index.name,
        edges: graph.neighbours.length,
        note: notes.filter((note) => note !== '').join('; '),
      };
    });
  }

  nearest(ordinal: number, limit: number, among?: Uint32Array): Neighbour[] {
    const allowed = among && new Set(among);
    const accept = (other: number): boolean => other !== ordinal && (allowed === undefined || allowed.has(other));
    const { ids, similarities } = this.#index.search(this.#rows.row(ordinal).slice(), limit, accept);
    return [...ids].flatMap((id, place) => (id < 0 ? [] : [{ ordinal: id, similarity: similarities[place]! }]));
  }

  /** Works on the pool, alone; the graph is built first where it is missing or behind. */
  async withPool<T>(
    progress: Progress,
    work: (pool: PropagationPool, ordinals: Uint32Array) => Promise<T>,
  ): Promise<T> {
    await this.build(progress);
    return this.alone(async () => {
      const { graph, ids } = this.#named!;
      if (this.#pool?.of !== graph) {
        this.#pool = undefined;
        const { heap, matrix } = this.#load(ids, POOL_COPIES);
        this.#pool = { of: graph, pool: poolOf(heap, matrix, graph) };
      }
      const { pool } = this.#pool;
      const mark = pool.heap.mark();
      try {
        return await work(pool, ids);
      } finally {
        pool.heap.release(mark);
      }
    });
  }

  get graph(): NamedGraph {
    return this.#named!;
  }

  /** A view of the row of a task. */
  row(ordinal: number): Float32Array {
    return this.#rows.row(ordinal);
  }

  /** Runs `work` when all heavy work before it has ended. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Rows of these ordinals in a heap of their own with room for `copies` of them. */
  #load(ordinals: Uint32Array, copies: number): { heap: KernelHeap; matrix: Matrix } {
    const { dims } = this.#key;
    const n = ordinals.length;
    const bytes = copies * matrixBytes(n, dims) + n * SCRATCH_BYTES_PER_ITEM + SCRATCH_BYTES;
    const heap = new KernelHeap({ bytes: Math.min(HEAP_BYTES_MAX, bytes) });
    const dense = new Float32Array(n * dims);
    for (const [i, ordinal] of ordinals.entries()) dense.set(this.#rows.row(ordinal), i * dims);
    return { heap, matrix: loadMatrix(heap, dense, dims, { normalise: true }).matrix };
  }

  #emptyIndex(expected: number): NeighbourIndex {
    this.#indexed = new Set();
    return this.#kind.open(this.#indexOptions(expected));
  }

  #indexOptions(expected: number) {
    const rowsOf = (ids: ArrayLike<number>, into: Float32Array): void => {
      for (let i = 0; i < ids.length; i++) into.set(this.#rows.row(ids[i]!), i * this.#key.dims);
    };
    return { dims: this.#key.dims, metric: 'cosine' as const, expected, threads: this.#tools.threads, rowsOf };
  }

  #addToIndex(ordinals: Uint32Array): void {
    const { dims } = this.#key;
    const rows = new Float32Array(ordinals.length * dims);
    for (const [i, ordinal] of ordinals.entries()) rows.set(this.#rows.row(ordinal), i * dims);
    this.#index.add(ordinals, rows);
    for (const ordinal of ordinals) this.#indexed.add(ordinal);
    this.#saved = false;
  }

  async #bringIndex(progress: Progress): Promise<string> {
    const wanted = indexKindFor(this.#rows.size, this.#tools.kinds, this.#tools.exactItemsMax);
    if (wanted.name !== this.#kind.name) {
      this.#kind = wanted;
      this.#index = this.#emptyIndex(this.#rows.size);
    }
    let note = '';
    if (this.#kind.name !== 'exact' && this.#indexed.size === 0) note = this.#loadIndex();
    const missing = this.ordinals().filter((ordinal) => !this.#indexed.has(ordinal));
    for (let at = 0; at < missing.length; at += ADD_ROWS) {
      this.#addToIndex(missing.subarray(at, at + ADD_ROWS));
      await progress('neighbour index', Math.min(1, (at + ADD_ROWS) / missing.length));
    }
    if (this.#kind.name !== 'exact' && !this.#saved) {
      const ids = Uint32Array.from(this.#indexed);
      this.#write('index-ids', this.#stamp('index-ids'), (path) => writeFileSync(path, ids, { mode: 0o600 }));
      this.#write(`index-${this.#kind.name}`, this.#indexStamp(ids), (path) => this.#index.save(path));
    }
    this.#saved = true;
    return note;
  }

  /** The index of an earlier start, without what has gone since. Answers what stood in the way, or nothing. */
  #loadIndex(): string {
    const name = `index-${this.#kind.name}`;
    const idsProblem = this.#unusable('index-ids', this.#stamp('index-ids'));
    if (idsProblem !== undefined) return rebuildNote('index', idsProblem);
    const bytes = readFileSync(this.#path('index-ids'));
    const ids = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const problem = this.#unusable(name, this.#indexStamp(ids));
    if (problem !== undefined) return rebuildNote('index', problem);
    this.#index = this.#kind.load(this.#path(name), this.#indexOptions(this.#rows.size));
    this.#indexed = new Set(ids.filter((id) => this.#rows.has(id)));
    this.#index.delete(ids.filter((id) => !this.#rows.has(id)));
    return 'index loaded';
  }

  async #bringGraph(progress: Progress): Promise<string> {
    const ordinals = this.ordinals();
    let note = '';
    if (this.#named === undefined) {
      const problem = this.#unusable('graph', this.#stamp('graph'));
      if (problem === undefined) this.#named = decodeGraph(readFileSync(this.#path('graph')));
      note = problem === undefined ? 'graph loaded' : rebuildNote('graph', problem);
    }
    if (this.#named && sameOrdinals(this.#named.ids, ordinals)) return note;
    const onStep = (done: number): Promise<void> => progress('neighbour graph', done);
    const graph = await this.#newGraph(ordinals, onStep);
    if (this.#named) note = `${note === '' ? '' : `${note}, then `}graph brought up to date`;
    this.#named = { graph, ids: ordinals };
    this.#write('graph', this.#stamp('graph'), (path) =>
      writeFileSync(path, encodeGraph(this.#named!), { mode: 0o600 }),
    );
    return note;
  }

  async #newGraph(ordinals: Uint32Array, onStep: (done: number) => Promise<void>): Promise<NeighbourGraph> {
    const known = this.#named && { graph: this.#named.graph, places: placesOf(this.#named.ids, ordinals) };
    // A few new items meet all others exactly; a large graph from nothing asks the index.
    const fresh = known ? known.places.reduce((sum, place) => sum + (place < 0 ? 1 : 0), 0) : ordinals.length;
    if (this.#kind.name !== 'exact' && fresh > ordinals.length / 10) return this.#graphOfIndex(ordinals, onStep);
    const products = await this.#tools.products();
    const { heap, matrix } = this.#load(ordinals, 1);
    return buildGraph(heap, matrix, { products, onStep }, known);
  }

  #graphOfIndex(ordinals: Uint32Array, onStep: (done: number) => Promise<void>): Promise<NeighbourGraph> {
    const { dims } = this.#key;
    const places = new Map([...ordinals].map((ordinal, i) => [ordinal, i]));
    return graphFromIndex(
      {
        itemCount: ordinals.length,
        nearest: (first, count, k) => {
          const queries = new Float32Array(count * dims);
          for (let i = 0; i < count; i++) queries.set(this.#rows.row(ordinals[first + i]!), i * dims);
          const lists = this.#index.search(queries, k + 1);
          return withoutSelf(lists, k, count, (i) => ordinals[first + i]!, places);
        },
      },
      { k: GRAPH_NEIGHBOURS, onStep },
    );
  }

  #stamp(name: string): string {
    return [name, FORMAT, this.#key.embedder, this.#key.dims].join(' ');
  }

  /** Index and ids were written one after the other: only those of one moment go together. */
  #indexStamp(ids: Uint32Array): string {
    const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
    return `${this.#stamp(this.#kind.name)} ${createHash('sha256').update(bytes).digest('hex')}`;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #unusable(name: string, stamp: string): Unusable | undefined {
    return whyUnusable(this.#path(name), (found) => found === stamp);
  }

  /** Files of other embedder versions of the project stay until it is deleted: going back to one costs nothing. */
  #write(name: string, stamp: string, write: (path: string) => void): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeStamped(this.#path(name), stamp, write);
  }
}

function rebuildNote(what: string, problem: Unusable): string {
  if (problem === 'absent') return '';
  return `${what} file ${problem === 'damaged' ? 'damaged' : 'of another version'}, built again`;
}

function sameOrdinals(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

function placesOf(before: Uint32Array, now: Uint32Array): Int32Array {
  const places = new Map([...before].map((ordinal, i) => [ordinal, i]));
  return Int32Array.from(now, (ordinal) => places.get(ordinal) ?? -1);
}

/** Lists of k + 1 found by id, without the item itself, as item numbers. */
function withoutSelf(
  lists: { readonly k: number; readonly ids: Int32Array; readonly similarities: Float32Array },
  k: number,
  count: number,
  idOf: (i: number) => number,
  places: ReadonlyMap<number, number>,
) {
  const ids = new Int32Array(count * k).fill(-1);
  const similarities = new Float32Array(count * k).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < count; i++) {
    for (let from = 0, to = 0; from < lists.k && to < k; from++) {
      const id = lists.ids[i * lists.k + from]!;
      // What came while the graph was being made joins it next time.
      const place = places.get(id);
      if (place === undefined || id === idOf(i)) continue;
      ids[i * k + to] = place;
      similarities[i * k + to++] = lists.similarities[i * lists.k + from]!;
    }
  }
  return { k, ids, similarities };
}

/** Building the graph in steps that others can come between: anew, and after items came and went. */
import { type BlockProducts, gemm, type KernelHeap, type Matrix } from '../kernels/index.ts';
import {
  compress,
  GRAPH_NEIGHBOURS,
  GraphBuilder,
  missingRows,
  type NeighbourGraph,
  type NeighbourSource,
} from './graph.ts';

export interface GraphBuildOptions {
  /** Default: the kernels', in this thread. */
  readonly products?: BlockProducts;
  readonly k?: number;
  /** Called between blocks, with the share that is done, 0..1; throw in it to stop. */
  readonly onStep?: (done: number) => Promise<void>;
}

/** A graph that is there already: `places[i]` is the number that item i had in it, -1 for a new one. */
export interface KnownGraph {
  readonly graph: NeighbourGraph;
  readonly places: Int32Array;
}

/** 1,024 x 2,048 similarities are 8 MB: large enough for the runtime's own blocking to pay. */
const BLOCK_ROWS = 1_024;
const BLOCK_COLUMNS = 2_048;
/** Beyond this share of lists to be made anew, all are: runs of rows would get short. */
const REPAIR_MAX = 0.3;

/**
 * Exact graph of unit rows. With `known`, lists that lost no member only meet the new items, and the others are made
 * anew; the outcome equals a graph built anew.
 */
export async function buildGraph(
  heap: KernelHeap,
  rows: Matrix,
  options: GraphBuildOptions = {},
  known?: KnownGraph,
): Promise<NeighbourGraph> {
  const mark = heap.mark();
  try {
    return await foldAll(heap, rows, options, known);
  } finally {
    heap.release(mark);
  }
}

async function foldAll(
  heap: KernelHeap,
  rows: Matrix,
  { products, k = GRAPH_NEIGHBOURS, onStep }: GraphBuildOptions,
  known?: KnownGraph,
): Promise<NeighbourGraph> {
  const carried = known && carryOver(known);
  const builder = new GraphBuilder(heap, rows.rows, k, missingRows(rows, 0), carried?.graph);
  const block = heap.f32(BLOCK_ROWS * BLOCK_COLUMNS);
  const multiply = products ?? kernelProducts(heap);
  const steps = [...planSteps(rows.rows, carried)];
  const total = steps.reduce((sum, { row, column }) => sum + sizeOf(row) * sizeOf(column), 0);
  let done = 0;
  for (const { row, column } of steps) {
    const [a, b] = [part(rows, row), part(rows, column)];
    await multiply(a, sizeOf(row), b, sizeOf(column), rows.stride, block);
    builder.fold(block, { firstRow: row[0], rows: sizeOf(row), firstColumn: column[0], columns: sizeOf(column) });
    done += sizeOf(row) * sizeOf(column);
    await onStep?.(done / total);
  }
  return builder.finish();
}

/** Half-open range of items. */
type Range = readonly [from: number, to: number];

interface Carried {
  readonly graph: NeighbourGraph;
  /** Lists that have to be made from all items: of new ones, and those that lost a member. */
  readonly open: Uint8Array;
  readonly fresh: Uint8Array;
}

/** The old lists under the new numbers; null when too few are whole. */
function carryOver({ graph, places }: KnownGraph): Carried | undefined {
  const n = places.length;
  const numbers = new Int32Array(graph.itemCount).fill(-1);
  for (let i = 0; i < n; i++) if (places[i]! >= 0) numbers[places[i]!] = i;
  const fresh = Uint8Array.from(places, (place) => (place < 0 ? 1 : 0));
  const open = fresh.slice();
  const starts = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const place = places[i]!;
    let kept = 0;
    if (place >= 0) {
      for (let e = graph.starts[place]!; e < graph.starts[place + 1]!; e++) {
        if (numbers[graph.neighbours[e]!]! < 0) open[i] = 1;
        kept++;
      }
    }
    starts[i + 1] = starts[i]! + (open[i] ? 0 : kept);
  }
  const repaired = open.reduce((sum, value, i) => sum + (value && !fresh[i] ? 1 : 0), 0);
  if (repaired > REPAIR_MAX * n) return undefined;
  const neighbours = new Int32Array(starts[n]!);
  const similarities = new Float32Array(starts[n]!);
  for (let i = 0; i < n; i++) {
    if (open[i]) continue;
    const from = graph.starts[places[i]!]!;
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      neighbours[at] = numbers[graph.neighbours[from + at - starts[i]!]!]!;
      similarities[at] = graph.similarities[from + at - starts[i]!]!;
    }
  }
  return { graph: { k: graph.k, itemCount: n, starts, neighbours, similarities }, open, fresh };
}

function* planSteps(n: number, carried?: Carried): Generator<{ readonly row: Range; readonly column: Range }> {
  const open = carried?.open ?? new Uint8Array(n).fill(1);
  const fresh = carried?.fresh ?? open;
  for (const row of runs(open, 1, BLOCK_ROWS))
    for (const column of pieces([0, n], BLOCK_COLUMNS)) yield { row, column };
  for (const row of runs(open, 0, BLOCK_ROWS))
    for (const column of runs(fresh, 1, BLOCK_COLUMNS)) yield { row, column };
}

/** Stretches in which the mask has this value, cut to size. */
function* runs(mask: Uint8Array, value: number, size: number): Generator<Range> {
  for (let from = 0; from < mask.length; ) {
    let to = from;
    while (to < mask.length && mask[to] === value) to++;
    yield* pieces([from, to], size);
    from = to + 1;
  }
}

function* pieces([from, to]: Range, size: number): Generator<Range> {
  for (let at = from; at < to; at += size) yield [at, Math.min(to, at + size)];
}

function sizeOf([from, to]: Range): number {
  return to - from;
}

function part({ data, stride }: Matrix, [from, to]: Range): Float32Array {
  return data.subarray(from * stride, to * stride);
}

function kernelProducts(heap: KernelHeap): BlockProducts {
  const view = (data: Float32Array, rows: number, stride: number): Matrix => ({
    data,
    rows,
    dims: stride,
    stride,
    squares: data,
  });
  return async (a, aRows, b, bRows, stride, out) =>
    gemm(heap, view(a, aRows, stride), view(b, bRows, stride), null, out);
}

/** Rows asked of an index at once, so that others can come between. */
const SOURCE_ROWS = 128;

/** The graph that an index knows, made in steps. */
export async function graphFromIndex(
  source: NeighbourSource,
  { k = GRAPH_NEIGHBOURS, onStep }: GraphBuildOptions = {},
): Promise<NeighbourGraph> {
  const n = source.itemCount;
  const ids = new Int32Array(n * k);
  const similarities = new Float32Array(n * k);
  for (let first = 0; first < n; first += SOURCE_ROWS) {
    const lists = source.nearest(first, Math.min(SOURCE_ROWS, n - first), k);
    ids.set(lists.ids, first * k);
    similarities.set(lists.similarities, first * k);
    await onStep?.(Math.min(1, (first + SOURCE_ROWS) / n));
  }
  return compress({ k, ids, similarities }, n);
}

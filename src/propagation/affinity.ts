/** The symmetric weighted graph that labels travel on, from the directed lists of neighbours. */
import type { NeighbourGraph } from './graph.ts';

/** Symmetric weights in compressed rows, columns ascending, no item with itself. */
export interface Affinity {
  readonly itemCount: number;
  /** (itemCount + 1) */
  readonly starts: Int32Array;
  /** (edges) */
  readonly columns: Int32Array;
  /** (edges) weights w, above 0 and at most 1. */
  readonly weights: Float32Array;
  /** (edges) w / sqrt(degree x degree): the symmetrically normalised weights, eigenvalues in -1..1. */
  readonly normalised: Float32Array;
  /** (itemCount) sums of weights; 0 for items without neighbours. */
  readonly degrees: Float32Array;
}

/** Weight of the k-th neighbour is exp(-4) (Calder et al., "Poisson Learning", ICML 2020, section 4). */
const FALLOFF = 4;
/** Keeps weights of far items above float32's smallest numbers, so that no edge is lost. */
const WEIGHT_MIN = 1e-12;

/**
 * w(i, j) = exp(-4 d(i, j)^2 / d_k(i)^2), d_k the distance to i's last neighbour, then made symmetric as (W + W') / 2.
 * Neighbours without any distance weigh 1 (copies).
 */
export function affinityOf(graph: NeighbourGraph): Affinity {
  const { itemCount } = graph;
  const directed = directedWeights(graph);
  const starts = new Int32Array(itemCount + 1);
  for (let e = 0, i = 0; e < directed.length; e++) {
    while (graph.starts[i + 1]! <= e) i++;
    starts[i + 1]!++;
    starts[graph.neighbours[e]! + 1]!++;
  }
  for (let i = 0; i < itemCount; i++) starts[i + 1]! += starts[i]!;
  const columns = new Int32Array(starts[itemCount]!);
  const weights = new Float32Array(starts[itemCount]!);
  const next = starts.slice();
  const put = (i: number, j: number, weight: number): void => {
    columns[next[i]!] = j;
    weights[next[i]!++] = weight / 2;
  };
  for (let i = 0; i < itemCount; i++) {
    for (let e = graph.starts[i]!; e < graph.starts[i + 1]!; e++) {
      put(i, graph.neighbours[e]!, directed[e]!);
      put(graph.neighbours[e]!, i, directed[e]!);
    }
  }
  return normalise(mergeTwins(itemCount, starts, columns, weights));
}

function directedWeights(graph: NeighbourGraph): Float32Array {
  const weights = new Float32Array(graph.neighbours.length);
  for (let i = 0; i < graph.itemCount; i++) {
    const [from, to] = [graph.starts[i]!, graph.starts[i + 1]!];
    if (from === to) continue;
    const width = squaredDistance(graph.similarities[to - 1]!);
    for (let e = from; e < to; e++) {
      const square = squaredDistance(graph.similarities[e]!);
      weights[e] = width > 0 ? Math.max(WEIGHT_MIN, Math.exp((-FALLOFF * square) / width)) : 1;
    }
  }
  return weights;
}

/** |a - b|^2 of unit rows from their cosine; what float32 cannot tell from a copy counts as one. */
export function squaredDistance(similarity: number): number {
  const square = 2 - 2 * similarity;
  return square > 1e-6 ? square : 0;
}

/** Sorts each row by column and adds up an edge that was listed from both ends. */
function mergeTwins(n: number, starts: Int32Array, columns: Int32Array, weights: Float32Array) {
  const merged = new Int32Array(n + 1);
  let write = 0;
  for (let i = 0; i < n; i++) {
    const order = Array.from({ length: starts[i + 1]! - starts[i]! }, (_, e) => starts[i]! + e);
    order.sort((a, b) => columns[a]! - columns[b]!);
    const row = order.map((e) => [columns[e]!, weights[e]!] as const);
    const first = write;
    for (const [column, weight] of row) {
      if (write > first && columns[write - 1] === column) weights[write - 1]! += weight;
      else {
        columns[write] = column;
        weights[write++] = weight;
      }
    }
    merged[i + 1] = write;
  }
  return { itemCount: n, starts: merged, columns: columns.slice(0, write), weights: weights.slice(0, write) };
}

function normalise(graph: Omit<Affinity, 'normalised' | 'degrees'>): Affinity {
  const { itemCount, starts, columns, weights } = graph;
  const degrees = new Float32Array(itemCount);
  for (let i = 0; i < itemCount; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) degrees[i]! += weights[e]!;
  }
  const normalised = new Float32Array(weights.length);
  for (let i = 0; i < itemCount; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      normalised[e] = weights[e]! / Math.sqrt(degrees[i]! * degrees[columns[e]!]!);
    }
  }
  return { ...graph, normalised, degrees };
}

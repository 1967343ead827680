/** Weighted k-means on a handful of rows, seeded by k-means++: the engine of the clustering strategies. */
import type { Random } from '../core/random.ts';
import { drained } from '../core/steps.ts';
import { allocMatrix, gatherRows, gemm, type KernelHeap, type Matrix, matvec, rowOf } from '../kernels/index.ts';

export interface Clusters {
  /** (points) cluster of each point, 0 .. clusterCount - 1. */
  readonly clusterOf: Int32Array;
  readonly clusterCount: number;
  /** (clusters) index of the point nearest to each centre; -1 for an empty cluster. */
  readonly nearest: Int32Array;
}

const ROUNDS_MAX = 12;

/**
 * Clusters the named rows of `matrix` by squared Euclidean distance. `weights` (points, >= 0) say how much each point
 * pulls its centre. Arthur and Vassilvitskii, "k-means++" (2007). Scratch: points x (stride + clusters) floats.
 */
export function kMeans(...input: Parameters<typeof kMeansSteps>): Clusters {
  return drained(kMeansSteps(...input));
}

/** The same in steps, each a pass over the points; yields the share done, 0..1. The heap is the caller's own until the end. */
export function* kMeansSteps(
  heap: KernelHeap,
  matrix: Matrix,
  ordinals: Int32Array,
  weights: Float32Array,
  clusterCount: number,
  random: Random,
): Generator<number, Clusters> {
  const mark = heap.mark();
  try {
    const points = gatherRows(heap, matrix, ordinals);
    const count = Math.min(clusterCount, ordinals.length);
    // A centre to begin with is a pass, and so is a round.
    const passes = count + ROUNDS_MAX;
    const centres = allocMatrix(heap, count, points.dims);
    for (const c of seeding(heap, points, weights, centres, random)) yield c / passes;
    const closeness = heap.f32(points.rows * count);
    const clusterOf = new Int32Array(points.rows).fill(-1);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      yield (count + round) / passes;
      measure(heap, points, centres, closeness);
      if (!assign(closeness, count, clusterOf)) break;
      moveCentres(points, weights, clusterOf, centres);
    }
    measure(heap, points, centres, closeness);
    return { clusterOf, clusterCount: count, nearest: nearestPoints(closeness, clusterOf, count) };
  } finally {
    // Also where the heap was too small for the scratch: what was taken until then goes back.
    heap.release(mark);
  }
}

/** Draws the first centres one by one; yields the number of each when it is drawn. */
function* seeding(
  heap: KernelHeap,
  points: Matrix,
  weights: Float32Array,
  centres: Matrix,
  random: Random,
): Generator<number> {
  const along = heap.f32(points.rows);
  const farness = new Float64Array(points.rows).fill(1);
  for (let c = 0; c < centres.rows; c++) {
    const pick = drawPoint(farness, weights, random);
    centres.data.set(rowOf(points, pick), c * centres.stride);
    matvec(heap, points, rowOf(centres, c), along);
    for (let i = 0; i < points.rows; i++) {
      const square = Math.max(0, points.squares[i]! + points.squares[pick]! - 2 * along[i]!);
      farness[i] = c === 0 ? square : Math.min(farness[i]!, square);
    }
    farness[pick] = 0;
    yield c;
  }
}

/** In proportion to weight x squared distance; the first point left when all are zero. */
function drawPoint(farness: Float64Array, weights: Float32Array, random: Random): number {
  let total = 0;
  for (let i = 0; i < farness.length; i++) total += farness[i]! * weights[i]!;
  let left = random.next() * total;
  for (let i = 0; i < farness.length; i++) {
    left -= farness[i]! * weights[i]!;
    if (left < 0) return i;
  }
  return Math.max(
    0,
    farness.findIndex((far) => far > 0),
  );
}

/** closeness[i][c] = x . m - |m|^2 / 2: largest for the nearest centre m. */
function measure(heap: KernelHeap, points: Matrix, centres: Matrix, closeness: Float32Array): void {
  heap.scoped(() => {
    const offset = heap.f32(centres.rows);
    for (let c = 0; c < centres.rows; c++) {
      let square = 0;
      for (const value of rowOf(centres, c)) square += value * value;
      offset[c] = -square / 2;
    }
    gemm(heap, points, centres, offset, closeness);
  });
}

/** True when a point changed its cluster. */
function assign(closeness: Float32Array, count: number, clusterOf: Int32Array): boolean {
  let changed = false;
  for (let i = 0; i < clusterOf.length; i++) {
    let best = 0;
    for (let c = 1; c < count; c++) if (closeness[i * count + c]! > closeness[i * count + best]!) best = c;
    changed ||= clusterOf[i] !== best;
    clusterOf[i] = best;
  }
  return changed;
}

/** An empty cluster keeps its centre. */
function moveCentres(points: Matrix, weights: Float32Array, clusterOf: Int32Array, centres: Matrix): void {
  const { stride } = points;
  const sums = new Float64Array(centres.rows * stride);
  const mass = new Float64Array(centres.rows);
  for (let i = 0; i < points.rows; i++) {
    const c = clusterOf[i]!;
    mass[c]! += weights[i]!;
    for (let j = 0; j < stride; j++) sums[c * stride + j]! += weights[i]! * points.data[i * stride + j]!;
  }
  for (let c = 0; c < centres.rows; c++) {
    if (mass[c] === 0) continue;
    for (let j = 0; j < stride; j++) centres.data[c * stride + j] = sums[c * stride + j]! / mass[c]!;
  }
}

function nearestPoints(closeness: Float32Array, clusterOf: Int32Array, count: number): Int32Array {
  const nearest = new Int32Array(count).fill(-1);
  for (let i = 0; i < clusterOf.length; i++) {
    const c = clusterOf[i]!;
    const best = nearest[c]!;
    if (best < 0 || closeness[i * count + c]! > closeness[best * count + c]!) nearest[c] = i;
  }
  return nearest;
}

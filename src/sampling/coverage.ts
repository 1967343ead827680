/** How rows cover each other: kernel values between any row and a bounded set of coverage targets. */
import { hashUnit } from '../core/random.ts';
import {
  allocMatrix,
  coverageGains,
  coverWith,
  KernelHeap,
  kernelFromSquares,
  type Matrix,
  matrixBytes,
  squaredDistances,
} from '../kernels/index.ts';
import type { Rows } from './rows.ts';
import { kthSmallest } from './select.ts';

/** `wide`: exp(-d^2), for the seed. `tuned`: exp(-d^2 / (s_i s_j)), s = distance to the m-th nearest target; m falls as labels come. */
export type CoverageKernel = 'wide' | 'tuned';

/** More targets sharpen the picture no further and cost memory and time linearly (docs/decisions/0003). */
export const TARGETS_MAX = 2_000;
/** The neighbour whose distance says how dense a place is. */
const DENSITY_NEIGHBOUR = 20;
/** The tuned kernel reaches half as many targets as fall to each label, in steps of two between these. */
const REACH_MIN = 5;
const REACH_MAX = 160;
/** Kernel values kept, in floats (32 MB): every row of a small pool, the current candidates of a large one. */
const CACHE_FLOATS_MAX = 8_000_000;
/** Exact duplicates have no distance of their own; this keeps the tuned kernel finite. */
const SCALE_MIN = 1e-3;

interface CachedRow {
  /** null: of a reach that is no longer used. */
  kernel: CoverageKernel | null;
  readonly values: Float32Array;
}

/** What the labeled rows cover, kept between rankings: labels mostly come, seldom go. */
interface Settled {
  readonly kernel: CoverageKernel;
  readonly members: Set<number>;
  readonly values: Float32Array;
}

/** Kernel memory for pictures of one width, one at a time: a new picture overwrites the last one. */
export function coverageHeap(dim: number, targetsMax = TARGETS_MAX): KernelHeap {
  const bytes = matrixBytes(targetsMax + 1, dim) + 4 * (CACHE_FLOATS_MAX + 16 * targetsMax) + (1 << 20);
  return new KernelHeap({ bytes });
}

/** A frozen picture of the pool: later rows may be asked about but are not targets. */
export class Coverage {
  /** Ordinals of the targets, ascending. */
  readonly targets: Int32Array;
  readonly #heap: KernelHeap;
  readonly #rows: Rows;
  readonly #matrix: Matrix;
  /** One row that kernels compare with the targets. */
  readonly #probe: Matrix;
  /** (targets) 1 / s_j. */
  readonly #tightness: Float32Array;
  #tuned = false;
  #reach = REACH_MAX;
  readonly #isTarget: ReadonlySet<number>;
  readonly #cache = new Map<number, CachedRow>();
  readonly #free: Float32Array[] = [];
  /** Densities that were asked for: the first of one order are mostly among the first of the next. */
  readonly #densities = new Map<number, number>();
  readonly #cacheRowsMax: number;
  readonly #gain: Float64Array;
  readonly #covered: Float32Array;
  readonly #worth: Float32Array;
  readonly #distances: Float32Array;
  #settled: Settled | undefined;

  /** Targets are all of `ordinals`, or the `targetsMax` of them that a hash of (seed, ordinal) picks. */
  constructor(
    rows: Rows,
    ordinals: Int32Array,
    seed: number,
    targetsMax = TARGETS_MAX,
    heap = coverageHeap(rows.dim, targetsMax),
  ) {
    this.#rows = rows;
    this.#heap = heap;
    this.targets = sampleByHash(ordinals, seed, targetsMax);
    this.#isTarget = new Set(this.targets);
    const count = this.targets.length;
    this.#matrix = allocMatrix(heap, count, rows.dim);
    this.#probe = allocMatrix(heap, 1, rows.dim);
    this.#tightness = heap.f32(count);
    this.#gain = heap.f64(1);
    this.#covered = heap.f32(count);
    this.#worth = heap.f32(count);
    this.#distances = heap.f32(count);
    for (const [k, ordinal] of this.targets.entries()) {
      this.#matrix.data.set(rows.row(ordinal), k * this.#matrix.stride);
      this.#matrix.squares[k] = squareOf(rows.row(ordinal));
    }
    this.#cacheRowsMax = Math.max(1, Math.floor(CACHE_FLOATS_MAX / Math.max(1, padded(count))));
  }

  /** Kernel values (targets) of a row; a view into the cache, valid until the next call. */
  kernelRow(ordinal: number, kernel: CoverageKernel): Float32Array {
    const kept = this.#cache.get(ordinal);
    if (kept?.kernel === kernel) return kept.values;
    const entry = kept ?? { kernel, values: this.#room() };
    entry.kernel = kernel;
    if (kept === undefined) this.#cache.set(ordinal, entry);
    if (kernel === 'tuned') this.#tune();
    const squares = this.distances(ordinal);
    if (kernel === 'wide') kernelFromSquares(this.#heap, squares, entry.values);
    else {
      const tightness = 1 / this.#scaleOf(ordinal, squares, this.#reach);
      kernelFromSquares(this.#heap, squares, entry.values, tightness, this.#tightness);
    }
    return entry.values;
  }

  /**
   * Best kernel value (targets) to any of `labeled` or `pending`, 0..1; the caller owns the array. The tuned kernel is
   * fitted to the number of labels here, and stays so until the next call.
   */
  coveredBy(kernel: CoverageKernel, labeled: Int32Array, pending: Int32Array): Float32Array {
    if (kernel === 'tuned') this.#reachFor(labeled.length);
    const settled = this.#settle(kernel, labeled);
    this.#covered.set(settled.values);
    for (const ordinal of labeled) {
      if (settled.members.has(ordinal)) continue;
      settled.members.add(ordinal);
      coverWith(this.#heap, this.#covered, this.kernelRow(ordinal, kernel));
    }
    settled.values.set(this.#covered);
    for (const ordinal of pending) coverWith(this.#heap, this.#covered, this.kernelRow(ordinal, kernel));
    return this.#covered.slice();
  }

  /** Starts a greedy round: what each target is worth (targets) and how far it is covered already (targets, 0..1). */
  begin(worth: Float32Array, covered: Float32Array): void {
    this.#worth.set(worth);
    this.#covered.set(covered);
  }

  /** Worth that picking this row would newly cover, in the round begun last. */
  gain(ordinal: number, kernel: CoverageKernel): number {
    coverageGains(this.#heap, this.kernelRow(ordinal, kernel), this.#covered, this.#worth, this.#gain);
    return this.#gain[0]!;
  }

  /** Counts a row as picked in the round begun last. */
  take(ordinal: number, kernel: CoverageKernel): void {
    coverWith(this.#heap, this.#covered, this.kernelRow(ordinal, kernel));
  }

  /** Distance to the n-th nearest target (itself not counted), 0..2; small where rows are dense. */
  scale(ordinal: number, neighbour = DENSITY_NEIGHBOUR): number {
    return this.targets.length === 0 ? 2 : this.#scaleOf(ordinal, this.distances(ordinal), neighbour);
  }

  /** `squares`: squared distances (targets) of the row. */
  #scaleOf(ordinal: number, squares: Float32Array, neighbour: number): number {
    const square = kthSmallest(squares, neighbour + (this.#isTarget.has(ordinal) ? 1 : 0));
    return Math.max(SCALE_MIN, Math.sqrt(square));
  }

  /** Squared distances (targets) of a row; a view, valid until the next call. */
  distances(ordinal: number): Float32Array {
    this.#aim(ordinal);
    squaredDistances(this.#heap, this.#matrix, this.#probe.data, this.#distances);
    return this.#distances;
  }

  /** exp(-s^2) of the scale s, 0..1: high in a crowd, low for an outlier. */
  density(ordinal: number): number {
    const kept = this.#densities.get(ordinal);
    if (kept !== undefined) return kept;
    const density = Math.exp(-(this.scale(ordinal) ** 2));
    this.#densities.set(ordinal, density);
    return density;
  }

  /** Drops what is kept of a row whose embedding changed. */
  forget(ordinal: number): void {
    this.#densities.delete(ordinal);
    const kept = this.#cache.get(ordinal);
    if (kept !== undefined) {
      this.#cache.delete(ordinal);
      this.#free.push(kept.values);
    }
    if (this.#settled?.members.has(ordinal)) this.#settled = undefined;
  }

  /** Memory for one more cached row: given back, new, or that of the row cached first. */
  #room(): Float32Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#cache.size < this.#cacheRowsMax) return this.#heap.f32(this.targets.length);
    const [oldest, entry] = this.#cache.entries().next().value!;
    this.#cache.delete(oldest);
    return entry.values;
  }

  #aim(ordinal: number): void {
    const row = this.#rows.row(ordinal);
    this.#probe.data.set(row);
    this.#probe.squares[0] = squareOf(row);
  }

  /** How far the tuned kernel reaches now, in nearest targets. */
  get reach(): number {
    return this.#reach;
  }

  #reachFor(labelCount: number): void {
    const wanted = this.targets.length / (2 * Math.max(1, labelCount));
    const steps = Math.max(0, Math.round(Math.log2(wanted / REACH_MIN)));
    const reach = Math.min(REACH_MAX, REACH_MIN * 2 ** steps);
    if (reach === this.#reach) return;
    this.#reach = reach;
    this.#tuned = false;
    for (const entry of this.#cache.values()) if (entry.kernel === 'tuned') entry.kernel = null;
    if (this.#settled?.kernel === 'tuned') this.#settled = undefined;
  }

  /** Scales of the targets, when a tuned kernel is first asked for. */
  #tune(): void {
    if (this.#tuned) return;
    this.#tuned = true;
    for (const [j, ordinal] of this.targets.entries()) this.#tightness[j] = 1 / this.scale(ordinal, this.#reach);
  }

  /** The kept picture, or an empty one when a label has gone since. */
  #settle(kernel: CoverageKernel, labeled: Int32Array): Settled {
    const now = new Set(labeled);
    const kept = this.#settled;
    if (kept === undefined || kept.kernel !== kernel || [...kept.members].some((ordinal) => !now.has(ordinal))) {
      this.#settled = { kernel, members: new Set(), values: new Float32Array(this.targets.length) };
    }
    return this.#settled!;
  }
}

/** The `max` ordinals with the smallest hash, ascending: a sample that hardly changes while rows arrive. */
export function sampleByHash(ordinals: Int32Array, seed: number, max: number): Int32Array {
  if (ordinals.length <= max) return ordinals;
  const coin = Float64Array.from(ordinals, (ordinal) => hashUnit('target', seed, ordinal));
  const order = Int32Array.from(ordinals.keys()).sort((a, b) => coin[a]! - coin[b]! || ordinals[a]! - ordinals[b]!);
  return order
    .subarray(0, max)
    .map((place) => ordinals[place]!)
    .sort();
}

function squareOf(row: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j]! * row[j]!;
  return sum;
}

/** Floats one allocation of `count` floats takes in a heap. */
function padded(count: number): number {
  return Math.ceil(count / 16) * 16;
}

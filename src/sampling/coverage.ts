/** How rows cover each other: kernel values between any row and a bounded set of coverage targets. */
import { hashUnit } from '../core/random.ts';
import { kthLargest, matVec } from './dense.ts';
import type { Rows } from './rows.ts';

/** `wide`: exp(-d^2), for the seed. `tuned`: exp(-d^2 / (s_i s_j)), s = distance to the 20th nearest target. */
export type CoverageKernel = 'wide' | 'tuned';

/** More targets sharpen the picture no further and cost memory and time linearly (see docs/decisions/0003). */
export const TARGETS_MAX = 2_000;
const NEIGHBOUR = 20;
/** Kernel values kept, in floats (32 MB): every row of a small pool, the current candidates of a large one. */
const CACHE_FLOATS_MAX = 8_000_000;
/** Exact duplicates have no distance of their own; this keeps the tuned kernel finite. */
const SCALE_MIN = 1e-3;

interface CachedRow {
  kernel: CoverageKernel;
  readonly values: Float32Array;
  readonly scale: number;
}

/** What the labeled rows cover, kept between rankings: labels mostly come, seldom go. */
interface Settled {
  readonly kernel: CoverageKernel;
  readonly members: Set<number>;
  readonly values: Float32Array;
}

/** A frozen picture of the pool: later rows may be asked about but are not targets. */
export class Coverage {
  /** Ordinals of the targets, ascending. */
  readonly targets: Int32Array;
  readonly #rows: Rows;
  /** (targets x dim), packed. */
  readonly #packed: Float32Array;
  readonly #isTarget: ReadonlySet<number>;
  readonly #cache = new Map<number, CachedRow>();
  readonly #cacheRowsMax: number;
  #targetScales: Float32Array | undefined;
  #settled: Settled | undefined;

  /** Targets are all of `ordinals`, or the `targetsMax` of them that a hash of (seed, ordinal) picks. */
  constructor(rows: Rows, ordinals: Int32Array, seed: number, targetsMax = TARGETS_MAX) {
    this.#rows = rows;
    this.targets = sampleByHash(ordinals, seed, targetsMax);
    this.#isTarget = new Set(this.targets);
    this.#packed = new Float32Array(this.targets.length * rows.dim);
    for (const [k, ordinal] of this.targets.entries()) this.#packed.set(rows.row(ordinal), k * rows.dim);
    this.#cacheRowsMax = Math.max(1, Math.floor(CACHE_FLOATS_MAX / Math.max(1, this.targets.length)));
  }

  /** Kernel values (targets) of a row; a view into the cache, valid until the next call. */
  kernelRow(ordinal: number, kernel: CoverageKernel): Float32Array {
    let entry = this.#cache.get(ordinal);
    if (entry === undefined) {
      entry = this.#wideRow(ordinal);
      if (this.#cache.size >= this.#cacheRowsMax) this.#cache.delete(this.#cache.keys().next().value!);
      this.#cache.set(ordinal, entry);
    }
    if (entry.kernel !== kernel) this.#convert(entry, kernel);
    return entry.values;
  }

  /** Best kernel value (targets) to any of `labeled` or `pending`, 0..1; the caller owns the array. */
  coveredBy(kernel: CoverageKernel, labeled: Int32Array, pending: Int32Array): Float32Array {
    const settled = this.#settle(kernel, labeled);
    for (const ordinal of labeled) {
      if (settled.members.has(ordinal)) continue;
      settled.members.add(ordinal);
      raise(settled.values, this.kernelRow(ordinal, kernel));
    }
    const covered = settled.values.slice();
    for (const ordinal of pending) raise(covered, this.kernelRow(ordinal, kernel));
    return covered;
  }

  /** Distance to the 20th nearest target (itself not counted), 0..2; small where rows are dense. */
  scale(ordinal: number): number {
    return this.#cache.get(ordinal)?.scale ?? this.#wideRow(ordinal).scale;
  }

  /** Drops what is cached of a row whose embedding changed. */
  forget(ordinal: number): void {
    this.#cache.delete(ordinal);
    if (this.#settled?.members.has(ordinal)) this.#settled = undefined;
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

  #wideRow(ordinal: number): CachedRow {
    const values = new Float32Array(this.targets.length);
    matVec(this.#packed, this.targets.length, this.#rows.dim, this.#rows.row(ordinal), values);
    const scale = this.#scaleFrom(values, this.#isTarget.has(ordinal));
    for (let j = 0; j < values.length; j++) values[j] = Math.exp(2 * values[j]! - 2);
    return { kernel: 'wide', values, scale };
  }

  #scaleFrom(similarities: Float32Array, isTarget: boolean): number {
    const similarity = kthLargest(similarities, NEIGHBOUR + (isTarget ? 1 : 0));
    return Math.max(SCALE_MIN, Math.sqrt(Math.max(0, 2 - 2 * similarity)));
  }

  #convert(entry: CachedRow, kernel: CoverageKernel): void {
    const scales = this.#scales();
    const { values, scale } = entry;
    for (let j = 0; j < values.length; j++) {
      const width = scale * scales[j]!;
      const value = Math.min(1, values[j]!);
      values[j] = kernel === 'tuned' ? Math.exp(Math.log(value) / width) : Math.exp(Math.log(value) * width);
    }
    entry.kernel = kernel;
  }

  #scales(): Float32Array {
    this.#targetScales ??= Float32Array.from(this.targets, (ordinal) => this.scale(ordinal));
    return this.#targetScales;
  }
}

/** Raises `covered` to `row` where that is more. */
export function raise(covered: Float32Array, row: Float32Array): void {
  for (let j = 0; j < covered.length; j++) if (row[j]! > covered[j]!) covered[j] = row[j]!;
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

/** What each labeled row stands for: how much of the pool, and which part, so that few asked-for labels say more. */
import type { Coverage } from './coverage.ts';
import type { Rows } from './rows.ts';

/** With so many labels a row of average standing counts as much as the mean of what it stands for (docs/decisions/0029). */
const OWN_ROW_EVEN_AT = 32;
/** Beyond, the own row counts ten times as much and more: not worth a new set of coordinates per label. */
const STAND_INS_MAX = 100;

/** The targets to which a labeled row is the nearest labeled one are what it stands for. */
export class Standing {
  #coverage: Coverage | undefined;
  #members = new Set<number>();
  /** (targets) squared distance to the nearest labeled row, and its ordinal. */
  #nearest = new Float32Array(0);
  #owner = new Int32Array(0);

  /**
   * (labeled) in the order given: the share of the targets that a row stands for, and one more for itself, scaled to a
   * mean of 1. A random sample gets nearly equal weights; of asked-for labels, those from the crowd count more than the
   * odd ones at the boundary. The extra one lets the weights fade to equal ones as labels outnumber the targets.
   * Nearest-neighbour importance weights: Loog, "Nearest neighbor-based importance weighting" (2012).
   */
  weights(coverage: Coverage, labeled: ArrayLike<number>): Float32Array {
    const ordinals = Array.from(labeled);
    if (ordinals.length > coverage.targets.length) return new Float32Array(ordinals.length).fill(1);
    this.#follow(coverage, ordinals);
    const mass = new Map(ordinals.map((ordinal) => [ordinal, 1]));
    for (const ordinal of this.#owner) mass.set(ordinal, mass.get(ordinal)! + 1);
    const scale = ordinals.length / (ordinals.length + this.#owner.length);
    return Float32Array.from(ordinals, (ordinal) => scale * mass.get(ordinal)!);
  }

  /**
   * (labeled), each of length dim, in the order given: the mean of what a row stands for, drawn to the row itself as
   * labels come, and as long as the row. The first labels are the answers for whole regions, and one row is a noisy
   * example of its region. null = the rows stand for themselves now.
   */
  standIns(coverage: Coverage, rows: Rows, labeled: readonly number[]): Float32Array[] | null {
    const { targets } = coverage;
    if (labeled.length > Math.min(STAND_INS_MAX, targets.length)) return null;
    this.#follow(coverage, labeled);
    const own = (targets.length * labeled.length) / OWN_ROW_EVEN_AT ** 2;
    const sums = new Map(labeled.map((ordinal) => [ordinal, rows.row(ordinal).map((v) => own * v)]));
    for (const [j, owner] of this.#owner.entries()) addTo(sums.get(owner)!, rows.row(targets[j]!));
    return labeled.map((ordinal) => atLength(sums.get(ordinal)!, rows.row(ordinal)));
  }

  /** A labeled row has other values now. */
  forget(ordinals: readonly number[]): void {
    if (ordinals.some((ordinal) => this.#members.has(ordinal))) this.#coverage = undefined;
  }

  /** Takes in new labels one by one; starts again under another picture, or when a label has gone. */
  #follow(coverage: Coverage, ordinals: readonly number[]): void {
    const now = new Set(ordinals);
    if (coverage !== this.#coverage || [...this.#members].some((ordinal) => !now.has(ordinal))) {
      this.#coverage = coverage;
      this.#members = new Set();
      this.#nearest = new Float32Array(coverage.targets.length).fill(Number.POSITIVE_INFINITY);
      this.#owner = new Int32Array(coverage.targets.length);
    }
    for (const ordinal of ordinals) {
      if (this.#members.has(ordinal)) continue;
      this.#members.add(ordinal);
      const distances = coverage.distances(ordinal);
      for (let j = 0; j < distances.length; j++) {
        const closer = distances[j]! < this.#nearest[j]!;
        if (!closer && (distances[j]! > this.#nearest[j]! || ordinal > this.#owner[j]!)) continue;
        this.#nearest[j] = distances[j]!;
        this.#owner[j] = ordinal;
      }
    }
  }
}

function addTo(sum: Float32Array, row: Float32Array): void {
  for (let d = 0; d < sum.length; d++) sum[d]! += row[d]!;
}

/** The direction of `sum` at the length of `row`; `row` where the sum has no direction. */
function atLength(sum: Float32Array, row: Float32Array): Float32Array {
  const scale = Math.hypot(...row) / Math.hypot(...sum);
  return Number.isFinite(scale) ? sum.map((v) => scale * v) : row.slice();
}

/** The statistics of an honest comparison: area under the curve, labels saved, paired Wilcoxon, Holm. */
import type { Interval } from '../../core/intervals.ts';
import { seededRandom } from '../../core/random.ts';
import type { Curve } from './replay.ts';

export function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** Area under the budget curve: mean height by trapezoids, in the unit of `heights`. */
export function area(labels: readonly number[], heights: readonly number[]): number {
  let sum = 0;
  for (let i = 1; i < labels.length; i++) sum += ((heights[i]! + heights[i - 1]!) / 2) * (labels[i]! - labels[i - 1]!);
  return sum / (labels.at(-1)! - labels[0]!);
}

/** Point-wise mean of accuracy curves over seeds. */
export function meanCurve(curves: readonly Curve[]): number[] {
  return curves[0]!.labels.map((_, i) => mean(curves.map((curve) => curve.accuracy[i]!)));
}

/**
 * Labels saved, 0..100: where the strategy's mean curve (made monotone, linear between its points) reaches what
 * random reaches at full budget. 0 when it never does.
 */
export function labelsSaved(ours: readonly Curve[], random: readonly Curve[]): number {
  return savedBetween(ours[0]!.labels, meanCurve(ours), meanCurve(random).at(-1)!);
}

/** The same for one seed: both curves are made monotone, so that one lucky point decides nothing. */
export function labelsSavedInPair(ours: Curve, random: Curve): number {
  return savedBetween(ours.labels, ours.accuracy, isotonic(random.accuracy).at(-1)!);
}

function savedBetween(labels: readonly number[], heights: readonly number[], goal: number): number {
  const curve = isotonic(heights);
  const budget = labels.at(-1)!;
  const at = curve.findIndex((height) => height >= goal);
  if (at < 0) return 0;
  if (at === 0) return 100 * (1 - labels[0]! / budget);
  const share = (goal - curve[at - 1]!) / (curve[at]! - curve[at - 1]!);
  const reached = labels[at - 1]! + share * (labels[at]! - labels[at - 1]!);
  return 100 * (1 - reached / budget);
}

/** 5 % and 95 % bootstrap bounds of labels saved, over paired seeds. */
export function savedInterval(ours: readonly Curve[], random: readonly Curve[], draws = 400): Interval {
  return resampled(
    ours.length,
    (picks) =>
      labelsSaved(
        picks.map((i) => ours[i]!),
        picks.map((i) => random[i]!),
      ),
    draws,
  );
}

/** 5 % and 95 % bootstrap bounds of a mean. */
export function meanInterval(values: readonly number[], draws = 400): Interval {
  return resampled(values.length, (picks) => mean(picks.map((i) => values[i]!)), draws);
}

function resampled(n: number, statistic: (picks: readonly number[]) => number, draws: number): Interval {
  const random = seededRandom('bootstrap', n);
  const values = Array.from({ length: draws }, () => statistic(Array.from({ length: n }, () => random.int(n)))).sort(
    (a, b) => a - b,
  );
  return { low: values[Math.floor(0.05 * draws)]!, high: values[Math.floor(0.95 * draws)]! };
}

/** Pool adjacent violators: the closest non-decreasing curve. */
export function isotonic(values: readonly number[]): number[] {
  const blocks: { sum: number; count: number }[] = [];
  for (const value of values) {
    blocks.push({ sum: value, count: 1 });
    while (blocks.length > 1) {
      const last = blocks.at(-1)!;
      const before = blocks.at(-2)!;
      if (before.sum / before.count <= last.sum / last.count) break;
      blocks.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  return blocks.flatMap((block) => new Array<number>(block.count).fill(block.sum / block.count));
}

/** Two-sided p of the Wilcoxon signed-rank test; exact up to 25 differences, normal with tie correction beyond. */
export function wilcoxon(differences: readonly number[]): number {
  const nonzero = differences.filter((d) => d !== 0);
  const n = nonzero.length;
  if (n === 0) return 1;
  const ranks = averageRanks(nonzero.map(Math.abs));
  const positive = nonzero.reduce((sum, d, i) => sum + (d > 0 ? ranks[i]! : 0), 0);
  const total = (n * (n + 1)) / 2;
  const smaller = Math.min(positive, total - positive);
  if (n <= 25) return Math.min(1, 2 * exactTail(ranks, smaller));
  const ties = tieSizes(nonzero.map(Math.abs)).reduce((sum, t) => sum + t ** 3 - t, 0);
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
  return Math.min(1, 2 * normalTail((total / 2 - smaller - 0.5) / deviation));
}

/** Holm's step-down adjustment. */
export function holm(pValues: readonly number[]): number[] {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let floor = 0;
  for (const [place, i] of order.entries()) {
    floor = Math.max(floor, Math.min(1, (pValues.length - place) * pValues[i]!));
    adjusted[i] = floor;
  }
  return adjusted;
}

function averageRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

function tieSizes(values: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()];
}

/** P(rank sum <= bound) over all sign patterns, by dynamic programming on doubled ranks (ties give halves). */
function exactTail(ranks: readonly number[], bound: number): number {
  let ways = new Map<number, number>([[0, 1]]);
  for (const rank of ranks) {
    const next = new Map(ways);
    for (const [sum, count] of ways) next.set(sum + 2 * rank, (next.get(sum + 2 * rank) ?? 0) + count);
    ways = next;
  }
  let below = 0;
  for (const [sum, count] of ways) if (sum <= 2 * bound + 1e-9) below += count;
  return below / 2 ** ranks.length;
}

/** Upper tail of the standard normal (Abramowitz and Stegun 26.2.17; error below 1e-7). */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

/**
 * The triplet method (Fu et al. 2020, FlyingSquid) in closed form: for a class against the rest, the covariance of two
 * votes is the product of how far each is moved by the class, so three votes that overlap pairwise give all three.
 * Here on covariances of "votes this" against "does not", which also works for rules that only ever say one thing.
 */
import type { LabelModel } from './model.ts';
import { type Columns, pairMoments, spread, usedColumns } from './moment.ts';
import { naiveBayes } from './naive-bayes.ts';
import type { VoteTable } from './votes.ts';

export interface TripletOptions {
  /** Partners of a vote that are paired up: the ones it overlaps with most. */
  readonly partners?: number;
  readonly abstainCounts?: boolean;
}

export function tripletModel(table: VoteTable, prior: Float64Array, options: TripletOptions = {}): LabelModel {
  const { partners = 12, abstainCounts = false } = options;
  const k = table.classCount;
  const columns = usedColumns(table);
  const covariance = covariances(columns, pairMoments(table, columns));
  const rates = new Float64Array(columns.pairs.length * k);
  columns.pairs.forEach((_, a) => {
    const near = strongest(columns, covariance, a, partners);
    for (let c = 0; c < k; c++) {
      const p = prior[c]!;
      const size = shiftOf(columns, covariance, a, near, p * (1 - p));
      const shift = (columns.votes[a] === c ? 1 : -1) * size;
      // rate = p r1 + (1 - p) r0 and r1 - r0 = shift.
      rates[a * k + c] = Math.min(1, Math.max(columns.rates[a]! * 1e-2, columns.rates[a]! + (1 - p) * shift));
    }
  });
  return naiveBayes('triplet', table, spread(columns, rates, table), prior, abstainCounts);
}

function covariances(columns: Columns, together: Float64Array): Float64Array {
  const d = columns.pairs.length;
  return together.map((moment, i) => moment - columns.rates[Math.floor(i / d)]! * columns.rates[i % d]!);
}

/** Rounding noise of a covariance that is zero. */
const SIZE_MIN = 1e-9;

/** Columns of other voters with the largest covariance in size, relative to their own spread. */
function strongest(columns: Columns, covariance: Float64Array, a: number, count: number): number[] {
  const d = columns.pairs.length;
  const others: { b: number; size: number }[] = [];
  for (let b = 0; b < d; b++) {
    if (columns.voters[b] === columns.voters[a]) continue;
    const rate = columns.rates[b]!;
    const size = Math.abs(covariance[a * d + b]!) / Math.sqrt(rate * (1 - rate) + 1e-9);
    if (size > SIZE_MIN) others.push({ b, size });
  }
  others.sort((x, y) => y.size - x.size);
  // Equals are taken together: the order in which voters come must not matter.
  const least = (others[count - 1]?.size ?? 0) * (1 - 1e-9);
  return others.filter(({ size }) => size >= least).map(({ b }) => b);
}

/** |r1 - r0| as the median over triplets; a vote without partners is taken at twice better than chance. */
function shiftOf(
  columns: Columns,
  covariance: Float64Array,
  a: number,
  near: readonly number[],
  variance: number,
): number {
  const d = columns.pairs.length;
  const found: number[] = [];
  for (let i = 0; i < near.length; i++) {
    for (let j = i + 1; j < near.length; j++) {
      const [b, c] = [near[i]!, near[j]!];
      if (columns.voters[b] === columns.voters[c]) continue;
      const bottom = covariance[b * d + c]!;
      if (Math.abs(bottom) < 1e-7) continue;
      const square = Math.abs((covariance[a * d + b]! * covariance[a * d + c]!) / bottom) / variance;
      found.push(Math.sqrt(square));
    }
  }
  if (found.length === 0) return columns.rates[a]!;
  found.sort((x, y) => x - y);
  return found[found.length >> 1]!;
}

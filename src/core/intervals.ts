/** How sure a share is: the intervals that are shown beside every percentage. */
import type { Random } from './random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 %. */
export const Z95 = 1.959963984540054;

/** Wilson's score interval of `hits` out of `n`, within 0..1. E. B. Wilson, JASA 1927. */
export function wilsonInterval(hits: number, n: number, z: number = Z95): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const share = hits / n;
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const middle = share + (z * z) / (2 * n);
  const scale = 1 + (z * z) / n;
  return { low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Percentile bootstrap of a statistic of two samples, each resampled on its own; 80 % by default. */
export function bootstrapInterval(
  first: readonly number[],
  second: readonly number[],
  statistic: (first: readonly number[], second: readonly number[]) => number,
  random: Random,
  { rounds = 200, coverage = 0.8 }: { rounds?: number; coverage?: number } = {},
): Interval {
  const resample = (values: readonly number[]): number[] => values.map(() => values[random.int(values.length)]!);
  const found = Array.from({ length: rounds }, () => statistic(resample(first), resample(second))).sort(
    (a, b) => a - b,
  );
  const tail = (1 - coverage) / 2;
  return { low: found[Math.floor(tail * rounds)]!, high: found[Math.floor((1 - tail) * rounds) - 1]! };
}

/** Bounds on a share from a small count (Wilson 1927): honest near 0 and 1, where the usual interval is not. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** 95 %, two-sided. */
export const Z95 = 1.959963984540054;

/** Bounds on the true share when `hits` of `n` were seen; [0, 1] when nothing was. */
export function wilsonInterval(hits: number, n: number, z = Z95): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const share = hits / n;
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const middle = share + (z * z) / (2 * n);
  const scale = 1 + (z * z) / n;
  return { low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
}

/** Exact one-sided bounds of a share, from how many of n were right. Clopper and Pearson, Biometrika 1934. */

/** Halvings of 0..1: beyond float32. */
const STEPS = 40;

/** The share that is exceeded with probability `level` (0.8 = "at least this in four of five such cases"); 0 when n = 0. */
export function lowerBound(right: number, n: number, level: number): number {
  if (right === 0) return 0;
  return bisect((share) => atMost(n - right, n, 1 - share) < 1 - level);
}

/** The share that is not exceeded with probability `level`; 1 when n = 0. */
export function upperBound(right: number, n: number, level: number): number {
  return 1 - lowerBound(n - right, n, level);
}

/** Is `lowerBound(right, n, level)` at least `share`? One sum instead of a search. */
export function isAtLeast(share: number, right: number, n: number, level: number): boolean {
  return atMost(n - right, n, 1 - share) <= 1 - level;
}

/** Largest share for which `below` still holds. */
function bisect(below: (share: number) => boolean): number {
  let [low, high] = [0, 1];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** P(at most `count` of n) for a binomial with share q: a sum of count + 1 terms, in logarithms. */
function atMost(count: number, n: number, q: number): number {
  if (q <= 0) return 1;
  if (q >= 1) return count >= n ? 1 : 0;
  let term = n * Math.log1p(-q);
  let sum = Math.exp(term);
  for (let e = 1; e <= count; e++) {
    term += Math.log((n - e + 1) / e) + Math.log(q) - Math.log1p(-q);
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}

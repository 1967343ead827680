/**
 * One opinion out of two: a calibrated head's and a label model's, as a logarithmic opinion pool (Genest and Zidek 1986)
 * whose weights are fitted on gold. Votes and head look at the same texts, so plain multiplication would count twice.
 */

/** Gold rows below which weights would be noise. */
export const POOL_GOLD_MIN = 20;
/** Pull of each weight towards 1, in units of log-likelihood: perfectly separated gold must not make it infinite. */
const RIDGE = 2;
const STEPS_MAX = 30;

export interface PoolRow {
  /** One (classes) column per opinion: log-scores that the weights multiply. */
  readonly opinions: readonly ArrayLike<number>[];
  /** (classes) log-score that is not weighed; left out: none. */
  readonly base?: ArrayLike<number>;
  readonly truth: number;
}

/** Weights >= 0 that make gold most likely: softmax(base + sum of weight x opinion). Convex; Newton from 1. */
export function poolWeights(rows: readonly PoolRow[], opinionCount: number): number[] {
  let weights = new Array<number>(opinionCount).fill(1);
  let loss = lossOf(rows, weights);
  for (let step = 0; step < STEPS_MAX; step++) {
    const { gradient, hessian } = slopes(rows, weights);
    const move = solved(hessian, gradient);
    let size = 1;
    let next = weights;
    let nextLoss = loss;
    for (; size > 1e-3; size /= 2) {
      next = weights.map((weight, i) => Math.max(0, weight - size * move[i]!));
      nextLoss = lossOf(rows, next);
      if (nextLoss < loss) break;
    }
    if (!(nextLoss < loss - 1e-9)) break;
    [weights, loss] = [next, nextLoss];
  }
  return weights;
}

/** softmax(base + sum of weight x opinion), into `out` (classes). */
export function pooled(row: Omit<PoolRow, 'truth'>, weights: readonly number[], out: Float64Array): Float64Array {
  for (let c = 0; c < out.length; c++) {
    out[c] = row.base?.[c] ?? 0;
    for (let i = 0; i < weights.length; i++) out[c]! += weights[i]! * row.opinions[i]![c]!;
  }
  const most = out.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let c = 0; c < out.length; c++) {
    out[c] = Math.exp(out[c]! - most);
    sum += out[c]!;
  }
  for (let c = 0; c < out.length; c++) out[c]! /= sum;
  return out;
}

function lossOf(rows: readonly PoolRow[], weights: readonly number[]): number {
  let loss = 0;
  for (const weight of weights) loss += (RIDGE / 2) * (weight - 1) ** 2;
  for (const row of rows) {
    const shares = pooled(row, weights, new Float64Array(row.opinions[0]!.length));
    loss -= Math.log(Math.max(shares[row.truth]!, 1e-12));
  }
  return loss;
}

function slopes(rows: readonly PoolRow[], weights: readonly number[]): { gradient: number[]; hessian: number[][] } {
  const gradient = weights.map((weight) => RIDGE * (weight - 1));
  const hessian = weights.map((_, i) => weights.map((_, j) => (i === j ? RIDGE : 0)));
  for (const row of rows) {
    const shares = pooled(row, weights, new Float64Array(row.opinions[0]!.length));
    const means = row.opinions.map((one) => shares.reduce((sum, share, c) => sum + share * one[c]!, 0));
    row.opinions.forEach((one, i) => {
      gradient[i]! += means[i]! - one[row.truth]!;
      row.opinions.forEach((other, j) => {
        let both = 0;
        for (let c = 0; c < shares.length; c++) both += shares[c]! * one[c]! * other[c]!;
        hessian[i]![j]! += both - means[i]! * means[j]!;
      });
    });
  }
  return { gradient, hessian };
}

/** Solves one or two equations. */
function solved(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  if (right.length === 1) return [right[0]! / matrix[0]![0]!];
  const [[a, b], [c, d]] = matrix as [[number, number], [number, number]];
  const determinant = a * d - b * c;
  return [(d * right[0]! - b * right[1]!) / determinant, (a * right[1]! - c * right[0]!) / determinant];
}

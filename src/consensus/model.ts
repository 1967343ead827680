/** What every label model is once fitted: a table of weights, so that any of them can be stored, sent and applied alike. */
import { ABSTAIN, type VoteTable } from './votes.ts';

export interface LabelModel {
  readonly name: string;
  readonly voterCount: number;
  readonly classCount: number;
  /**
   * `softmax`: posterior = softmax(bias + sum of weights of the row's votes).
   * `shares`: posterior = sum of weights, scaled to 1.
   */
  readonly form: 'softmax' | 'shares';
  /** (classes); the score of a row before its votes. */
  readonly bias: Float64Array;
  /** (voters x classes voted x classes): what a vote adds to the score of each class. */
  readonly weights: Float64Array;
  /** (classes) share of each class; what a row without votes keeps. */
  readonly prior: Float64Array;
  /** (voters) estimated share of right votes among the votes it gives; NaN for one that never voted. */
  readonly accuracy: Float64Array;
}

export interface Posterior {
  readonly rowCount: number;
  readonly classCount: number;
  /** (rows x classes), row-major, each row sums to 1. Rows without votes hold the prior. */
  readonly probabilities: Float64Array;
  /** (rows) 1 where there was a vote. */
  readonly covered: Uint8Array;
}

/** Applies a model to votes of the same voters and classes. */
export function posteriorOf(model: LabelModel, table: VoteTable): Posterior {
  const { classCount: k } = model;
  const patterns = patternPosterior(model, table);
  const probabilities = new Float64Array(table.rowCount * k);
  const covered = new Uint8Array(table.rowCount);
  for (let row = 0; row < table.rowCount; row++) {
    const pattern = table.patternOf[row]!;
    covered[row] = pattern === 0 ? 0 : 1;
    for (let c = 0; c < k; c++) probabilities[row * k + c] = patterns[pattern * k + c]!;
  }
  return { rowCount: table.rowCount, classCount: k, probabilities, covered };
}

/** (patterns x classes) posterior of each distinct row. */
export function patternPosterior(model: LabelModel, table: VoteTable): Float64Array {
  const k = model.classCount;
  const out = new Float64Array(table.weights.length * k);
  const row = new Float64Array(k);
  out.set(model.prior);
  for (let p = 1; p < table.weights.length; p++) {
    row.set(model.bias);
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const at = table.pairs[i]! * k;
      for (let c = 0; c < k; c++) row[c]! += model.weights[at + c]!;
    }
    if (model.form === 'softmax') softmax(row);
    else scale(row, model.prior);
    for (let c = 0; c < k; c++) out[p * k + c] = row[c]!;
  }
  return out;
}

/** In place. */
export function softmax(row: Float64Array): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < row.length; c++) most = Math.max(most, row[c]!);
  let sum = 0;
  for (let c = 0; c < row.length; c++) {
    row[c] = Math.exp(row[c]! - most);
    sum += row[c]!;
  }
  for (let c = 0; c < row.length; c++) row[c]! /= sum;
}

/** To sum 1, in place; a row without weight gets the fallback. */
function scale(row: Float64Array, fallback: Float64Array): void {
  let sum = 0;
  for (let c = 0; c < row.length; c++) sum += row[c]!;
  if (sum <= 0) row.set(fallback);
  else for (let c = 0; c < row.length; c++) row[c]! /= sum;
}

/** Most probable class of each row; ABSTAIN for rows without votes. Of equal ones, the lowest number. */
export function labelsOf(posterior: Posterior): Int32Array {
  const { rowCount, classCount: k, probabilities, covered } = posterior;
  const out = new Int32Array(rowCount).fill(ABSTAIN);
  for (let row = 0; row < rowCount; row++) {
    if (covered[row] === 0) continue;
    let best = 0;
    for (let c = 1; c < k; c++) if (probabilities[row * k + c]! > probabilities[row * k + best]! + TIE) best = c;
    out[row] = best;
  }
  return out;
}

/** Probabilities closer than this are equal: sums of the same votes in another order differ by less. */
export const TIE = 1e-9;

/**
 * Share of rows answered right, 0..1; ties share credit.
 * @param uncovered class assumed for rows without votes; ABSTAIN leaves those rows out.
 */
export function accuracyOf(posterior: Posterior, gold: ArrayLike<number>, uncovered: number = ABSTAIN): number {
  const { classCount: k, probabilities, covered } = posterior;
  let [right, n] = [0, 0];
  for (let row = 0; row < posterior.rowCount; row++) {
    const truth = gold[row]!;
    if (truth < 0 || (covered[row] === 0 && uncovered === ABSTAIN)) continue;
    n++;
    if (covered[row] === 0) right += uncovered === truth ? 1 : 0;
    else right += creditOf(probabilities.subarray(row * k, (row + 1) * k), truth);
  }
  return n === 0 ? Number.NaN : right / n;
}

/** 1 when `truth` is the only most probable class, its share when it is one of several, else 0. */
export function creditOf(row: Float64Array, truth: number): number {
  let most = 0;
  for (let c = 0; c < row.length; c++) most = Math.max(most, row[c]!);
  if (row[truth]! < most - TIE) return 0;
  let ties = 0;
  for (let c = 0; c < row.length; c++) if (row[c]! >= most - TIE) ties++;
  return 1 / ties;
}

/** Class shares among gold labels with a little of the uniform mixed in, so that no class is impossible. */
export function priorFromGold(gold: ArrayLike<number>, classCount: number): Float64Array {
  const counts = new Float64Array(classCount).fill(1 / classCount);
  let n = 1;
  for (let i = 0; i < gold.length; i++) {
    if (gold[i]! < 0) continue;
    counts[gold[i]!]!++;
    n++;
  }
  return counts.map((count) => count / n);
}

export function uniformPrior(classCount: number): Float64Array {
  return new Float64Array(classCount).fill(1 / classCount);
}

/** Share of right votes per voter under a posterior over patterns: P(class = vote | voter votes). */
export function voterAccuracy(table: VoteTable, posterior: Float64Array): Float64Array {
  const k = table.classCount;
  const right = new Float64Array(table.voterCount);
  const given = new Float64Array(table.voterCount);
  for (let p = 1; p < table.weights.length; p++) {
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const pair = table.pairs[i]!;
      const voter = Math.floor(pair / k);
      given[voter]! += table.weights[p]!;
      right[voter]! += table.weights[p]! * posterior[p * k + (pair % k)]!;
    }
  }
  return right.map((sum, voter) => (given[voter] === 0 ? Number.NaN : sum / given[voter]!));
}

/**
 * Estimated confusions, (voters x classes x votes): row (voter, class) is P(vote | class, the voter votes). Rows of voters
 * that never voted are NaN.
 */
export function confusionsOf(model: LabelModel, table: VoteTable): Float64Array {
  const k = model.classCount;
  const posterior = patternPosterior(model, table);
  const out = new Float64Array(model.voterCount * k * k);
  for (let p = 1; p < table.weights.length; p++) {
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const voter = Math.floor(table.pairs[i]! / k);
      const vote = table.pairs[i]! % k;
      for (let c = 0; c < k; c++) out[(voter * k + c) * k + vote]! += table.weights[p]! * posterior[p * k + c]!;
    }
  }
  for (let row = 0; row < model.voterCount * k; row++) {
    const own = out.subarray(row * k, (row + 1) * k);
    const sum = own.reduce((a, b) => a + b, 0);
    for (let v = 0; v < k; v++) own[v]! /= sum;
  }
  return out;
}

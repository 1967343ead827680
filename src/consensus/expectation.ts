/** One pass of EM over the distinct rows: posteriors are made, added up and forgotten. */
import type { LabelModel } from './model.ts';
import type { VoteTable } from './votes.ts';

/** Rows of known class, by pattern. */
export interface GoldCounts {
  /** (patterns x classes) how many rows are known to be of each class. */
  readonly counts: Float64Array;
  /** How many rows of unknown class one of them weighs. */
  readonly weight: number;
}

/** What EM gathers: expected rows per class, and per vote and class. */
export interface VoteStatistics {
  /** (classes). */
  readonly totals: Float64Array;
  /** (voters x classes voted x classes). */
  readonly counts: Float64Array;
}

/** The sums of given posteriors, (patterns x classes). */
export function gather(table: VoteTable, posterior: Float64Array, gold?: GoldCounts): VoteStatistics {
  const { classCount: k, starts, pairs, weights } = table;
  const totals = new Float64Array(k);
  const counts = new Float64Array(table.voterCount * k * k);
  const share = new Float64Array(k);
  for (let p = 1; p < weights.length; p++) {
    for (let c = 0; c < k; c++) share[c] = posterior[p * k + c]!;
    toRows(share, p, weights[p]!, gold);
    addShares(share, totals, counts, pairs, starts[p]!, starts[p + 1]!);
  }
  return { totals, counts };
}

/** E step and the sums of the M step. The model must be a softmax. @param given `pairCounts` of the table. */
export function expectationStep(
  table: VoteTable,
  model: LabelModel,
  given: Float64Array,
  gold?: GoldCounts,
): VoteStatistics {
  return table.classCount === 2 && !gold ? twoClassStep(table, model, given) : generalStep(table, model, gold);
}

/** (voters x classes) rows in which each vote was given. */
export function pairCounts({ starts, pairs, weights, voterCount, classCount }: VoteTable): Float64Array {
  const out = new Float64Array(voterCount * classCount);
  for (let p = 1; p < weights.length; p++) {
    for (let i = starts[p]!; i < starts[p + 1]!; i++) out[pairs[i]!]! += weights[p]!;
  }
  return out;
}

function generalStep(table: VoteTable, model: LabelModel, gold: GoldCounts | undefined): VoteStatistics {
  const { classCount: k, starts, pairs, weights } = table;
  const totals = new Float64Array(k);
  const counts = new Float64Array(table.voterCount * k * k);
  const share = new Float64Array(k);
  for (let p = 1; p < weights.length; p++) {
    for (let c = 0; c < k; c++) share[c] = model.bias[c]!;
    for (let i = starts[p]!; i < starts[p + 1]!; i++) {
      const at = pairs[i]! * k;
      for (let c = 0; c < k; c++) share[c]! += model.weights[at + c]!;
    }
    exponentiate(share);
    toRows(share, p, weights[p]!, gold);
    addShares(share, totals, counts, pairs, starts[p]!, starts[p + 1]!);
  }
  return { totals, counts };
}

/** Log-scores to shares that sum to 1. */
function exponentiate(share: Float64Array): void {
  let most = share[0]!;
  for (let c = 1; c < share.length; c++) if (share[c]! > most) most = share[c]!;
  let sum = 0;
  for (let c = 0; c < share.length; c++) {
    share[c] = Math.exp(share[c]! - most);
    sum += share[c]!;
  }
  for (let c = 0; c < share.length; c++) share[c]! /= sum;
}

/** Shares to rows: the known ones as known, the others by posterior. */
function toRows(share: Float64Array, p: number, rows: number, gold: GoldCounts | undefined): void {
  const k = share.length;
  let known = 0;
  if (gold) for (let c = 0; c < k; c++) known += gold.counts[p * k + c]!;
  for (let c = 0; c < k; c++) {
    share[c]! *= rows - known;
    if (gold && known > 0) share[c]! += gold.weight * gold.counts[p * k + c]!;
  }
}

function addShares(
  share: Float64Array,
  totals: Float64Array,
  counts: Float64Array,
  pairs: Uint32Array,
  from: number,
  to: number,
): void {
  const k = share.length;
  for (let c = 0; c < k; c++) totals[c]! += share[c]!;
  for (let i = from; i < to; i++) {
    const at = pairs[i]! * k;
    for (let c = 0; c < k; c++) counts[at + c]! += share[c]!;
  }
}

/** Two classes need one number per row and one addition per vote: log-odds in, rows of class 1 out. */
function twoClassStep(table: VoteTable, model: LabelModel, given: Float64Array): VoteStatistics {
  const { starts, pairs, weights } = table;
  const odds = new Float64Array(given.length);
  for (let pair = 0; pair < odds.length; pair++) odds[pair] = model.weights[pair * 2 + 1]! - model.weights[pair * 2]!;
  const ones = new Float64Array(given.length);
  const bias = model.bias[1]! - model.bias[0]!;
  let [total, total1] = [0, 0];
  for (let p = 1; p < weights.length; p++) {
    const [from, to, rows] = [starts[p]!, starts[p + 1]!, weights[p]!];
    let z = bias;
    for (let i = from; i < to; i++) z += odds[pairs[i]!]!;
    const one = rows / (1 + Math.exp(-z));
    total += rows;
    total1 += one;
    for (let i = from; i < to; i++) ones[pairs[i]!]! += one;
  }
  const counts = new Float64Array(given.length * 2);
  for (let pair = 0; pair < given.length; pair++) {
    counts[pair * 2] = given[pair]! - ones[pair]!;
    counts[pair * 2 + 1] = ones[pair]!;
  }
  return { totals: Float64Array.of(total - total1, total1), counts };
}

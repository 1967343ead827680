/**
 * Dawid and Skene (1979) with a Dirichlet prior (MAP), and "says nothing" as an answer of its own: a rule that is silent
 * on a class tells something about it. Sparse: a row costs its votes, not the number of voters.
 */
import { majority } from './majority.ts';
import { type LabelModel, patternPosterior, uniformPrior, voterAccuracy } from './model.ts';
import type { VoteTable } from './votes.ts';

export interface DawidSkeneOptions {
  /** (classes) fixed class shares; learned when absent. */
  readonly prior?: Float64Array;
  /** Silence is evidence (default); otherwise only votes are. */
  readonly abstainCounts?: boolean;
  /** Rows' worth of prior belief behind each voter and class. */
  readonly strength?: number;
  /** Share of right votes that this belief assumes. */
  readonly assumed?: number;
  /** Rows of known class, held at it. */
  readonly gold?: GoldCounts;
  readonly iterationsMax?: number;
  /** Stops when the posteriors move by less than this on average. */
  readonly tolerance?: number;
}

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

/** How often each voter votes, and how: the prior's base rates. */
export interface VoterRates {
  /** (voters) share of rows with votes on which it votes. */
  readonly active: Float64Array;
  /** (voters x classes) 1 where it was seen to vote for the class. */
  readonly used: Uint8Array;
}

/** Fits on the rows that have votes. Deterministic: it starts from the majority. */
export function dawidSkene(table: VoteTable, options: DawidSkeneOptions = {}): LabelModel {
  const { iterationsMax = 50, tolerance = 1e-5 } = options;
  const k = table.classCount;
  const rates = voterRates(table);
  let posterior = patternPosterior(majority(table, options.prior ?? uniformPrior(k)), table);
  let model = modelFrom(table.voterCount, k, gather(table, posterior, options.gold), rates, options);
  for (let i = 1; i < iterationsMax; i++) {
    const next = patternPosterior(model, table);
    const moved = meanMove(table, posterior, next);
    posterior = next;
    if (moved < tolerance) break;
    model = modelFrom(table.voterCount, k, gather(table, posterior, options.gold), rates, options);
  }
  return { ...model, accuracy: voterAccuracy(table, posterior) };
}

function meanMove(table: VoteTable, before: Float64Array, after: Float64Array): number {
  const k = table.classCount;
  let [sum, rows] = [0, 0];
  for (let p = 1; p < table.weights.length; p++) {
    let most = 0;
    for (let c = 0; c < k; c++) most = Math.max(most, Math.abs(before[p * k + c]! - after[p * k + c]!));
    sum += most * table.weights[p]!;
    rows += table.weights[p]!;
  }
  return rows === 0 ? 0 : sum / rows;
}

export function voterRates(table: VoteTable): VoterRates {
  const k = table.classCount;
  const active = new Float64Array(table.voterCount);
  const used = new Uint8Array(table.voterCount * k);
  let covered = 0;
  for (let p = 1; p < table.weights.length; p++) {
    covered += table.weights[p]!;
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      active[Math.floor(table.pairs[i]! / k)]! += table.weights[p]!;
      used[table.pairs[i]!] = 1;
    }
  }
  // Never 0 or 1, so that neither a vote nor silence is impossible.
  return { active: active.map((votes) => (votes + 0.5) / (covered + 1)), used };
}

/** The M step's sums: one pass over the votes of the distinct rows. */
export function gather(table: VoteTable, posterior: Float64Array, gold?: GoldCounts): VoteStatistics {
  const k = table.classCount;
  const totals = new Float64Array(k);
  const counts = new Float64Array(table.voterCount * k * k);
  const share = new Float64Array(k);
  for (let p = 1; p < table.weights.length; p++) {
    rowShares(share, p, table.weights[p]!, posterior, gold);
    for (let c = 0; c < k; c++) totals[c]! += share[c]!;
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const at = table.pairs[i]! * k;
      for (let c = 0; c < k; c++) counts[at + c]! += share[c]!;
    }
  }
  return { totals, counts };
}

/** Rows of each class that a pattern stands for: the known ones as known, the others by posterior. */
function rowShares(
  out: Float64Array,
  p: number,
  rows: number,
  posterior: Float64Array,
  gold: GoldCounts | undefined,
): void {
  const k = out.length;
  let known = 0;
  if (gold) for (let c = 0; c < k; c++) known += gold.counts[p * k + c]!;
  for (let c = 0; c < k; c++) {
    out[c] = (rows - known) * posterior[p * k + c]!;
    if (gold) out[c]! += gold.weight * gold.counts[p * k + c]!;
  }
}

/** The M step: log-probabilities of votes and of silence, each with its prior. */
export function modelFrom(
  voterCount: number,
  k: number,
  { totals, counts }: VoteStatistics,
  rates: VoterRates,
  options: DawidSkeneOptions,
): LabelModel {
  const { strength = 2, assumed = 0.7, abstainCounts = true } = options;
  const prior = options.prior ?? learnedPrior(totals);
  const bias = prior.map(Math.log);
  const weights = new Float64Array(voterCount * k * k);
  for (let voter = 0; voter < voterCount; voter++) {
    const rate = rates.active[voter]!;
    for (let c = 0; c < k; c++) {
      let votes = 0;
      for (let v = 0; v < k; v++) votes += counts[(voter * k + v) * k + c]!;
      // With several votes per row a voter can give more votes than there are rows.
      const rows = Math.max(totals[c]!, votes) + strength;
      const silent = Math.log((rows - strength - votes + strength * (1 - rate)) / rows);
      if (abstainCounts) bias[c]! += silent;
      for (let v = 0; v < k; v++) {
        const at = (voter * k + v) * k + c;
        const belief = strength * rate * (v === c ? assumed : (1 - assumed) / Math.max(1, k - 1));
        const share = abstainCounts ? rows : votes + strength * rate;
        weights[at] = Math.log((counts[at]! + belief) / share) - (abstainCounts ? silent : 0);
      }
    }
  }
  const accuracy = new Float64Array(voterCount);
  return { name: 'dawid-skene', voterCount, classCount: k, form: 'softmax', bias, weights, prior, accuracy };
}

function learnedPrior(totals: Float64Array): Float64Array {
  const sum = totals.reduce((a, b) => a + b, 0) + totals.length;
  return totals.map((total) => (total + 1) / sum);
}

/**
 * Dawid and Skene (1979) with a Dirichlet prior (MAP), and "says nothing" as an answer of its own: a rule that is silent
 * on a class tells something about it. Sparse: a row costs its votes, not the number of voters.
 */
import { expectationStep, type GoldCounts, gather, pairCounts, type VoteStatistics } from './expectation.ts';
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
  /** Stops when a smaller share of the expected votes changes class in a step; 0 never stops. */
  readonly tolerance?: number;
}

/** Fits on the rows that have votes. Deterministic: it starts from the majority. */
export function dawidSkene(table: VoteTable, options: DawidSkeneOptions = {}): LabelModel {
  const { iterationsMax = 50, tolerance = 1e-5 } = options;
  const { voterCount, classCount: k } = table;
  const given = pairCounts(table);
  const rates = voterRates(table, given);
  const start = patternPosterior(majority(table, options.prior ?? uniformPrior(k)), table);
  let statistics = gather(table, start, options.gold);
  let model = modelFrom(voterCount, k, statistics, rates, options);
  for (let i = 1; i < iterationsMax; i++) {
    const next = expectationStep(table, model, given, options.gold);
    const moved = movedShare(statistics.counts, next.counts);
    statistics = next;
    model = modelFrom(voterCount, k, statistics, rates, options);
    if (moved < tolerance) break;
  }
  return { ...model, accuracy: voterAccuracy(table, patternPosterior(model, table)) };
}

/** Share of the expected votes that changed class. */
function movedShare(before: Float64Array, after: Float64Array): number {
  let [moved, all] = [0, 0];
  for (let i = 0; i < before.length; i++) {
    moved += Math.abs(after[i]! - before[i]!);
    all += before[i]!;
  }
  return all === 0 ? 0 : moved / all;
}

/** (voters) share of rows with votes on which each votes: the base rate behind its prior. */
export function voterRates(table: VoteTable, given: Float64Array = pairCounts(table)): Float64Array {
  const k = table.classCount;
  const active = new Float64Array(table.voterCount);
  for (let pair = 0; pair < given.length; pair++) active[Math.floor(pair / k)]! += given[pair]!;
  const covered = table.rowCount - table.weights[0]!;
  // Never 0 or 1, so that neither a vote nor silence is impossible.
  return active.map((votes) => Math.min(0.999, (votes + 0.5) / (covered + 1)));
}

/** The M step: log-probabilities of votes and of silence, each with its prior. */
export function modelFrom(
  voterCount: number,
  k: number,
  { totals, counts }: VoteStatistics,
  rates: Float64Array,
  options: DawidSkeneOptions,
): LabelModel {
  const { strength = 2, assumed = 0.7, abstainCounts = true } = options;
  const prior = options.prior ?? learnedPrior(totals);
  const bias = prior.map(Math.log);
  const weights = new Float64Array(voterCount * k * k);
  for (let voter = 0; voter < voterCount; voter++) {
    const rate = rates[voter]!;
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

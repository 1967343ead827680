/** Votes weighed by what gold labels say of their voters: naive Bayes with silence as an answer, smoothed. */
import type { GoldCounts } from './expectation.ts';
import type { LabelModel } from './model.ts';
import { usedColumns } from './moment.ts';
import { naiveBayes } from './naive-bayes.ts';
import type { VoteTable } from './votes.ts';

export interface SupervisedOptions {
  /** Gold rows' worth of prior belief per class. */
  readonly strength?: number;
  /** Share of right votes that the belief assumes. */
  readonly assumed?: number;
  readonly abstainCounts?: boolean;
}

/** Known rows by pattern. @param gold (rows) class, or -1 where it is not known. */
export function goldCounts(table: VoteTable, gold: ArrayLike<number>, weight = 1): GoldCounts {
  const k = table.classCount;
  const counts = new Float64Array(table.weights.length * k);
  for (let row = 0; row < table.rowCount; row++) {
    if (gold[row]! >= 0) counts[table.patternOf[row]! * k + gold[row]!]!++;
  }
  return { counts, weight };
}

/**
 * P(vote | class) counted on gold rows with votes, pulled towards "right `assumed` of the time" where there are few.
 * @param prior (classes) class shares among rows with votes.
 */
export function supervisedModel(
  table: VoteTable,
  gold: GoldCounts,
  prior: Float64Array,
  options: SupervisedOptions = {},
): LabelModel {
  const { strength = 5, assumed = 0.8, abstainCounts = true } = options;
  const k = table.classCount;
  const columns = usedColumns(table);
  const totals = new Float64Array(k);
  const counts = new Float64Array(table.voterCount * k * k);
  for (let p = 1; p < table.weights.length; p++) {
    for (let c = 0; c < k; c++) totals[c]! += gold.counts[p * k + c]!;
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const at = table.pairs[i]! * k;
      for (let c = 0; c < k; c++) counts[at + c]! += gold.counts[p * k + c]!;
    }
  }
  const rates = new Float64Array(counts.length);
  columns.pairs.forEach((pair, a) => {
    const vote = pair % k;
    const others = Math.max(1e-9, 1 - prior[vote]!);
    for (let c = 0; c < k; c++) {
      const share = c === vote ? assumed : ((1 - assumed) * prior[c]!) / others;
      const belief = Math.min(1, (columns.rates[a]! * share) / prior[c]!);
      rates[pair * k + c] = (counts[pair * k + c]! + strength * belief) / (totals[c]! + strength);
    }
  });
  return naiveBayes('gold-weights', table, rates, prior, abstainCounts);
}

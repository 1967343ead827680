/** From "how often does each vote come with each class" to a model: what the moment, triplet and supervised fits share. */
import { type LabelModel, patternPosterior, voterAccuracy } from './model.ts';
import type { VoteTable } from './votes.ts';

/**
 * @param rates (voters x classes voted x classes) P(voter votes v | class).
 * @param abstainCounts whether silence speaks as well.
 */
export function naiveBayes(
  name: string,
  table: VoteTable,
  rates: Float64Array,
  prior: Float64Array,
  abstainCounts: boolean,
): LabelModel {
  const { voterCount, classCount: k } = table;
  const bias = prior.map(Math.log);
  const weights = new Float64Array(rates.length);
  for (let voter = 0; voter < voterCount; voter++) {
    for (let c = 0; c < k; c++) {
      let votes = 0;
      for (let v = 0; v < k; v++) votes += rates[(voter * k + v) * k + c]!;
      const silent = abstainCounts ? Math.log(Math.max(1 - votes, RATE_MIN)) : 0;
      bias[c]! += silent;
      for (let v = 0; v < k; v++) {
        const at = (voter * k + v) * k + c;
        weights[at] = Math.log(Math.max(rates[at]!, RATE_MIN)) - silent;
      }
    }
  }
  const model: LabelModel = {
    name,
    voterCount,
    classCount: k,
    form: 'softmax',
    bias,
    weights,
    prior,
    accuracy: new Float64Array(voterCount),
  };
  return { ...model, accuracy: voterAccuracy(table, patternPosterior(model, table)) };
}

/** No vote is taken as proof. */
export const RATE_MIN = 1e-4;

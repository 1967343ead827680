/** Majority vote, plain and weighted: the floor that every other model has to beat. */
import { type LabelModel, patternPosterior, uniformPrior, voterAccuracy } from './model.ts';
import type { VoteTable } from './votes.ts';

/** Every vote counts one; the posterior is the share of votes. */
export function majority(table: VoteTable, prior = uniformPrior(table.classCount)): LabelModel {
  return fromVoterWeights('majority', table, new Float64Array(table.voterCount).fill(1), prior);
}

/**
 * Votes weighted by how often their voter agrees with the majority, smoothed towards the mean (Wawa; Zheng et al. 2017):
 * a second look in which those who are usually outvoted count less.
 */
export function weightedMajority(table: VoteTable, prior = uniformPrior(table.classCount)): LabelModel {
  const agreement = voterAccuracy(table, patternPosterior(majority(table, prior), table));
  const weights = agreement.map((share) => (Number.isNaN(share) ? 0 : Math.max(share, 0.01)));
  return fromVoterWeights('weighted-majority', table, weights, prior);
}

function fromVoterWeights(name: string, table: VoteTable, voterWeights: Float64Array, prior: Float64Array): LabelModel {
  const { voterCount, classCount: k } = table;
  const weights = new Float64Array(voterCount * k * k);
  for (let voter = 0; voter < voterCount; voter++) {
    for (let c = 0; c < k; c++) weights[(voter * k + c) * k + c] = voterWeights[voter]!;
  }
  const bias = new Float64Array(k);
  const model: LabelModel = {
    name,
    voterCount,
    classCount: k,
    form: 'shares',
    bias,
    weights,
    prior,
    accuracy: new Float64Array(voterCount),
  };
  return { ...model, accuracy: voterAccuracy(table, patternPosterior(model, table)) };
}

/** Acquisition scores of single items from their probabilities: 0 = settled, 1 = open. */
import { argmax } from '../heads/metrics.ts';
import type { PoolPredictions, QueryContext } from './strategy.ts';

/** Score of one item from its probabilities `p[0 ... classCount]`; independent of other items. */
export type AcquisitionScore = (p: Float32Array, classCount: number) => number;

/** 1 - the probability of the likeliest class. Lewis and Gale, "A sequential algorithm" (1994). */
export const leastConfidence: AcquisitionScore = (p, classCount) => 1 - p[argmax(p, 0, classCount)]!;

/** 1 - the gap between the two likeliest classes. Scheffer et al., "Active hidden Markov models" (2001). */
export const marginScore: AcquisitionScore = (p, classCount) => {
  let first = 0;
  let second = 0;
  for (let c = 0; c < classCount; c++) {
    const value = p[c]!;
    if (value > first) {
      second = first;
      first = value;
    } else if (value > second) second = value;
  }
  return 1 - (first - second);
};

/** Shannon entropy over its maximum log(classCount). Harmful with many classes and few labels: never a default. */
export const entropyScore: AcquisitionScore = (p, classCount) => {
  let sum = 0;
  for (let c = 0; c < classCount; c++) if (p[c]! > 0) sum -= p[c]! * Math.log(p[c]!);
  return classCount > 1 ? sum / Math.log(classCount) : 0;
};

/** The multi-label form of a score: the mean over the classes of the two-class score. */
function perClassMean(score: AcquisitionScore): AcquisitionScore {
  const pair = new Float32Array(2);
  return (p, classCount) => {
    let sum = 0;
    for (let c = 0; c < classCount; c++) {
      pair[0] = p[c]!;
      pair[1] = 1 - p[c]!;
      sum += score(pair, 2);
    }
    return classCount > 0 ? sum / classCount : 0;
  };
}

/** Scores (ordinals) of some items; a multi-label head is scored class by class and averaged. */
export function scoreItems(predictions: PoolPredictions, ordinals: Int32Array, score: AcquisitionScore): Float32Array {
  const { classCount } = predictions;
  const one = predictions.link === 'softmax' ? score : perClassMean(score);
  const p = new Float32Array(classCount);
  const scores = new Float32Array(ordinals.length);
  for (let i = 0; i < ordinals.length; i++) {
    predictions.probabilitiesInto(ordinals[i]!, p, 0);
    scores[i] = one(p, classCount);
  }
  return scores;
}

/** 1 - margin of the given items; 1 everywhere while there is no head. */
export function uncertaintyOf(context: QueryContext, ordinals: Int32Array): Float32Array {
  if (context.predictions === null) return new Float32Array(ordinals.length).fill(1);
  return scoreItems(context.predictions, ordinals, marginScore);
}

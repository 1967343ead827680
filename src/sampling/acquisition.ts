/** Acquisition scores of single items from their probabilities: higher = less settled. */

import type { Link } from '../heads/link.ts';
import { argmax } from '../heads/metrics.ts';
import type { ScoreName } from '../kernels/index.ts';
import type { QueryContext } from './strategy.ts';

/** Names as in the kernels: they compute the same scores for whole pools. */
export type AcquisitionName = ScoreName;

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

/** Shannon entropy in nats. Harmful with many classes and few labels: never a default. */
export const entropyScore: AcquisitionScore = (p, classCount) => {
  let sum = 0;
  for (let c = 0; c < classCount; c++) if (p[c]! > 0) sum -= p[c]! * Math.log(p[c]!);
  return sum;
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

const SCORES: Readonly<Record<AcquisitionName, AcquisitionScore>> = {
  margin: marginScore,
  leastConfidence,
  entropy: entropyScore,
};

/** The score of one item under a head's link: a multi-label item is scored class by class and averaged. */
export function acquisitionScore(name: AcquisitionName, link: Link): AcquisitionScore {
  return link === 'softmax' ? SCORES[name] : perClassMean(SCORES[name]);
}

/** 1 - margin of the given items; 1 everywhere while there is no head, 0 for rows that are gone. */
export function uncertaintyOf(context: QueryContext, ordinals: Int32Array): Float32Array {
  const scores = context.predictions?.scores('margin', ordinals) ?? new Float32Array(ordinals.length).fill(1);
  for (let i = 0; i < scores.length; i++) if (!context.rows.has(ordinals[i]!)) scores[i] = 0;
  return scores;
}

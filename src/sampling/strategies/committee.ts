/** Query by committee: items on which heads trained on different samples of the labels disagree. */
import type { Link } from '../../heads/link.ts';
import type { Committee } from '../committee.ts';
import { topK } from '../select.ts';
import type { QueryStrategy } from '../strategy.ts';
import { mostUncertain } from './uncertainty-herding.ts';

/** Every member answers for every candidate, so large pools are narrowed down first. */
const CANDIDATES_MAX = 2_000;

/** Score of one item from the members' probabilities `p` (size x classCount). */
type Disagreement = (p: Float32Array, committee: Committee, link: Link) => number;

export const voteEntropy = byDisagreement(
  'vote-entropy',
  'Items on whose class the members of a committee vote differently.',
  'Dagan and Engelson, "Committee-based sampling for training probabilistic classifiers" (1995)',
  (p, { size, classCount }, link) => {
    const votes = new Float64Array(classCount);
    for (let m = 0; m < size; m++) {
      let best = 0;
      for (let c = 0; c < classCount; c++) {
        const value = p[m * classCount + c]!;
        if (link === 'sigmoid' && value >= 0.5) votes[c]! += 1 / size;
        if (value > p[m * classCount + best]!) best = c;
      }
      if (link === 'softmax') votes[best]! += 1 / size;
    }
    return votes.reduce((sum, share) => sum + openness(share, link), 0);
  },
);

export const bald = byDisagreement(
  'bald',
  'Items whose class the committee as a whole doubts although each member is sure.',
  'Houlsby et al., "Bayesian active learning for classification and preference learning" (2011)',
  (p, { size, classCount }, link) => {
    let score = 0;
    for (let c = 0; c < classCount; c++) {
      let mean = 0;
      for (let m = 0; m < size; m++) {
        const value = p[m * classCount + c]!;
        mean += value / size;
        score -= openness(value, link) / size;
      }
      score += openness(mean, link);
    }
    return Math.max(0, score);
  },
);

/** Entropy that one probability contributes, nats. */
function openness(p: number, link: Link): number {
  const part = (q: number): number => (q > 0 ? -q * Math.log(q) : 0);
  return link === 'softmax' ? part(p) : part(p) + part(1 - p);
}

function byDisagreement(name: string, summary: string, source: string, score: Disagreement): QueryStrategy {
  return {
    name,
    summary,
    source,
    needsHead: true,
    pick: (context, k) => {
      const committee = context.committee();
      if (committee === null || context.predictions === null) return [];
      const { link } = context.predictions;
      const points = mostUncertain(context, Math.max(CANDIDATES_MAX, k));
      const p = new Float32Array(committee.size * committee.classCount);
      const scores = Float64Array.from(points, (ordinal) => {
        committee.probabilitiesInto(ordinal, p);
        return score(p, committee, link);
      });
      return topK(points, scores, k);
    },
  };
}

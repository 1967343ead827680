/** Texts by the probabilities of their tokens: normalised by length, or by the worst token. */
import { entropyScore } from '../acquisition.ts';
import { perItem, type StructuredScore } from './score.ts';

/** Keeps one impossible token from deciding a whole text. */
const PROBABILITY_FLOOR = 1e-6;

export const mnlp: StructuredScore = {
  name: 'mnlp',
  records: 'tokens',
  summary: 'Texts whose tokens are least sure on average: long texts gain nothing by their length.',
  source: 'Shen et al., "Deep active learning for named entity recognition" (2018): maximum normalised log-probability',
  of: (predictions) => {
    const { width } = predictions;
    return perItem(predictions, (tokens, count) => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum -= Math.log(Math.max(PROBABILITY_FLOOR, top(tokens, t * width, width)));
      return sum / count;
    });
  },
};

export const lowestTokenProbability: StructuredScore = {
  name: 'lowest-token-probability',
  records: 'tokens',
  summary: 'Texts with the single least sure token: where entities are rare, the mean drowns them.',
  source: 'Liu et al., "LTP: A new active learning strategy for CRF-based named entity recognition" (2022)',
  of: (predictions) => {
    const { width } = predictions;
    return perItem(predictions, (tokens, count) => {
      let worst = 0;
      for (let t = 0; t < count; t++) worst = Math.max(worst, 1 - top(tokens, t * width, width));
      return worst;
    });
  },
};

/** A model that gives one probability per token or span (width 1) is held to have two classes, p and 1 - p. */
export const tokenEntropy: StructuredScore = {
  name: 'token-entropy',
  records: 'tokens',
  summary: 'Texts whose tokens have the flattest probabilities on average.',
  source: 'Settles and Craven, "An analysis of active learning strategies for sequence labeling tasks" (2008)',
  of: (predictions) => {
    const { width } = predictions;
    const pair = new Float32Array(2);
    const flatness = (tokens: Float32Array, t: number): number => {
      if (width > 1) return entropyScore(tokens.subarray(t * width, (t + 1) * width), width);
      pair[0] = tokens[t]!;
      pair[1] = 1 - tokens[t]!;
      return entropyScore(pair, 2);
    };
    return perItem(predictions, (tokens, count) => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += flatness(tokens, t);
      return sum / count;
    });
  },
};

function top(p: Float32Array, at: number, width: number): number {
  let best = 0;
  for (let c = 0; c < width; c++) if (p[at + c]! > best) best = p[at + c]!;
  return best;
}

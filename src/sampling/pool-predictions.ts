/** What the logits of a pool say: probabilities of one item, scores of some, the best of all. */
import { type Link, probabilitiesInto } from '../heads/link.ts';
import { rankLogits } from '../kernels/index.ts';
import { acquisitionScore } from './acquisition.ts';
import { complement } from './ordinals.ts';
import type { RowStore } from './rows.ts';
import { topK } from './select.ts';
import type { PoolPredictions } from './strategy.ts';

/** Up to this many candidates, scoring them one by one beats a pass over the whole pool. */
const SINGLY_MAX = 2_000;

/** A view: it follows the logits. `scale` = 1 / temperature. */
export function poolPredictions(rows: RowStore, link: Link, scale: number): PoolPredictions {
  const { classCount } = rows;
  const p = new Float32Array(classCount);
  const into: PoolPredictions['probabilitiesInto'] = (ordinal, out, at) =>
    probabilitiesInto(link, rows.logits, ordinal * classCount, classCount, scale, out, at);
  const scores: PoolPredictions['scores'] = (name, ordinals) => {
    const score = acquisitionScore(name, link);
    const out = new Float32Array(ordinals.length);
    for (let i = 0; i < out.length; i++) {
      into(ordinals[i]!, p, 0);
      out[i] = score(p, classCount);
    }
    return out;
  };
  return {
    link,
    scale,
    classCount,
    probabilitiesInto: into,
    scores,
    top: (name, candidates, k) => {
      if (link === 'sigmoid' || candidates.length <= SINGLY_MAX) return topK(candidates, scores(name, candidates), k);
      const exclude = complement(candidates, rows.height);
      const best = rankLogits(rows.heap, name, rows.logits, classCount, { k, exclude, scale });
      return Array.from(best.rows, (ordinal, i) => ({ ordinal, score: best.scores[i]! }));
    },
  };
}

/** BADGE: a sample of items whose gradients are large and point in different directions. */
import { badgeSample, softmaxRows } from '../../kernels/index.ts';
import { complement } from '../ordinals.ts';
import type { QueryStrategy } from '../strategy.ts';

export const badge: QueryStrategy = {
  name: 'badge',
  summary: 'A spread sample of items that would change the model most.',
  source: 'Ash et al., "Deep batch active learning by diverse, uncertain gradient lower bounds" (2020)',
  needsHead: true,
  singleChoiceOnly: true,
  pick: ({ rows, candidates, labeled, predictions, seed }, k) => {
    if (predictions === null || candidates.length === 0) return [];
    const { heap, matrix, logits, classCount } = rows;
    return heap.scoped(() => {
      const probabilities = heap.f32(logits.length);
      softmaxRows(heap, logits, classCount, probabilities, predictions.scale);
      const picks = badgeSample(heap, matrix, probabilities, classCount, {
        count: Math.min(k, candidates.length),
        exclude: complement(candidates, rows.height),
        seed: seed + labeled.length,
      });
      return Array.from(picks.rows, (ordinal, i) => ({ ordinal, score: picks.rows.length - i }));
    });
  },
};

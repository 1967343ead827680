/** Density-weighted margin: uncertain items in a crowd before uncertain loners. */
import { uncertaintyOf } from '../acquisition.ts';
import { topK } from '../select.ts';
import type { QueryStrategy } from '../strategy.ts';
import { mostUncertain } from './uncertainty-herding.ts';

/** Density costs one pass over the coverage targets per item. */
const CANDIDATES_MAX = 2_000;

export const densityMargin: QueryStrategy = {
  name: 'density-margin',
  summary: 'Uncertain items that lie in a crowd: (1 - margin) x density.',
  source: 'Settles and Craven, "An analysis of active learning strategies for sequence labeling tasks" (2008)',
  needsHead: true,
  pick: (context, k) => {
    const points = mostUncertain(context, Math.max(CANDIDATES_MAX, k));
    const scores = uncertaintyOf(context, points);
    for (const [i, ordinal] of points.entries()) scores[i]! *= context.coverage.density(ordinal);
    return topK(points, scores, k);
  },
};

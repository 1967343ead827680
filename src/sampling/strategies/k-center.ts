/** k-center: each next item is the one farthest from everything labeled or chosen so far. */
import { kCenterGreedy } from '../../kernels/index.ts';
import { complement } from '../ordinals.ts';
import type { QueryStrategy } from '../strategy.ts';

export const kCenter: QueryStrategy = {
  name: 'k-center',
  summary: 'The item farthest from everything labeled; drawn to outliers.',
  source: 'Sener and Savarese, "Active learning for convolutional neural networks: a core-set approach" (2018)',
  needsHead: false,
  pick: ({ rows, candidates, labeled, pending }, k) => {
    if (candidates.length === 0) return [];
    const picks = kCenterGreedy(rows.heap, rows.matrix, {
      count: Math.min(k, candidates.length),
      centers: [...labeled, ...pending],
      exclude: complement(candidates, rows.height),
    });
    return Array.from(picks.rows, (ordinal, i) => ({ ordinal, score: picks.rows.length - i }));
  },
};

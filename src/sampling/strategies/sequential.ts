/** The order of import: for work that has to be done from first to last. */
import type { QueryStrategy } from '../strategy.ts';

export const sequential: QueryStrategy = {
  name: 'sequential',
  summary: 'The order of import; teaches slowly when alike items follow each other.',
  source: 'baseline',
  needsHead: false,
  pick: (context, k) => {
    const { candidates } = context;
    return Array.from(candidates.subarray(0, k), (ordinal, i) => ({ ordinal, score: candidates.length - i }));
  },
};

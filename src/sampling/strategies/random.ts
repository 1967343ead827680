/** Random order: the baseline, and what keeps an estimate unbiased. */
import { hashUnit } from '../../core/random.ts';
import { topK } from '../select.ts';
import type { QueryStrategy } from '../strategy.ts';

export const random: QueryStrategy = {
  name: 'random',
  summary: 'A fixed random order; teaches slowest, but what it labels is a fair sample.',
  source: 'baseline',
  needsHead: false,
  unbiased: true,
  pick: (context, k) => {
    const coins = Float64Array.from(context.candidates, (ordinal) => hashUnit('random', context.seed, ordinal));
    return topK(context.candidates, coins, k);
  },
};

/** MaxHerding: the label-free seed, items that stand for as much of the pool as possible. */
import { herd } from '../herd.ts';
import type { QueryStrategy } from '../strategy.ts';

export const maxHerding: QueryStrategy = {
  name: 'max-herding',
  summary: 'Items that together stand for as much of the pool as possible; needs no labels.',
  source: 'Bae et al., "Generalized coverage for more robust low-budget active learning" (2024)',
  needsHead: false,
  pick: ({ coverage, candidates, labeled, pending }, k) =>
    herd(
      {
        coverage,
        kernel: 'wide',
        candidates,
        labeled,
        pending,
        worth: new Float32Array(coverage.targets.length).fill(1),
      },
      k,
    ),
};

/** MaxHerding: the label-free seed, items that stand for as much of the pool as possible. */
import { sampleByHash } from '../coverage.ts';
import { herd } from '../herd.ts';
import type { QueryStrategy } from '../strategy.ts';

/** In a large pool the items that stand for many are found in a sample as well as in the whole. */
const SEED_CANDIDATES_MAX = 2_000;

export const maxHerding: QueryStrategy = {
  name: 'max-herding',
  summary: 'Items that together stand for as much of the pool as possible; needs no labels.',
  source: 'Bae et al., "Generalized coverage for more robust low-budget active learning" (2024)',
  needsHead: false,
  pick: ({ coverage, candidates, labeled, pending, seed }, k) =>
    herd(
      {
        coverage,
        kernel: 'wide',
        candidates: sampleByHash(candidates, seed, Math.max(SEED_CANDIDATES_MAX, 10 * k)),
        labeled,
        pending,
        worth: new Float32Array(coverage.targets.length).fill(1),
      },
      k,
    ),
};

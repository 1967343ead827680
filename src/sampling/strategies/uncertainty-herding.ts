/** Uncertainty herding, the default: items that stand for many others which the head cannot tell apart yet. */
import { uncertaintyOf } from '../acquisition.ts';
import { herd } from '../herd.ts';
import type { QueryContext, QueryStrategy } from '../strategy.ts';

/** Candidates are all items of a small pool, else this many of the smallest margins: what a ranking can afford. */
export const HERDING_CANDIDATES_MAX = 2_000;

export const uncertaintyHerding: QueryStrategy = {
  name: 'uncertainty-herding',
  summary: 'Items that stand for many others which the model cannot tell apart yet.',
  source: 'greedy maximum of sum_j (1 - margin_j) x kernel coverage of j; after Bae et al. (2024)',
  needsHead: true,
  pick: (context, k) =>
    herd(
      {
        coverage: context.coverage,
        kernel: 'tuned',
        candidates: mostUncertain(context, Math.max(HERDING_CANDIDATES_MAX, 10 * k)),
        labeled: context.labeled,
        pending: context.pending,
        worth: uncertaintyOf(context, context.coverage.targets),
      },
      k,
    ),
};

/** The candidates of smallest margin, ascending by ordinal; all of them when there are no more than `max`. */
export function mostUncertain({ candidates, predictions }: QueryContext, max: number): Int32Array {
  if (candidates.length <= max || predictions === null) return candidates;
  return Int32Array.from(predictions.top('margin', candidates, max), (pick) => pick.ordinal).sort();
}

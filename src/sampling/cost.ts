/** Strategies that ask for much per second of work instead of much per item. */
import { topK } from './select.ts';
import type { Pick, QueryStrategy } from './strategy.ts';

/** Items looked at per item asked for: room to find cheap ones. */
export const COST_WIDTH = 5;

/**
 * What another strategy would ask, re-ordered by score over cost. `costOf` gives the cost of an item in any unit, such as
 * seconds; costs that are not above zero count as the smallest cost among the items looked at.
 * The inner scores have to be amounts (zero or more), as those of all registered strategies are.
 * Settles, Craven and Friedland, "Active learning with real annotation costs" (2008).
 */
export function costNormalised(
  name: string,
  summary: string,
  inner: QueryStrategy,
  costOf: (ordinal: number) => number,
): QueryStrategy {
  return {
    ...inner,
    name,
    summary,
    source: `${inner.source}, per cost after Settles et al. (2008)`,
    pick: (context, k) => {
      return perCost(inner.pick(context, COST_WIDTH * k), costOf, k);
    },
  };
}

/** The k of `wide` with the most score per cost, best first; costs as of `costNormalised`. */
export function perCost(wide: readonly Pick[], costOf: (ordinal: number) => number, k: number): Pick[] {
  const costs = wide.map((pick) => costOf(pick.ordinal));
  const known = costs.filter((cost) => cost > 0);
  const least = known.length === 0 ? 1 : Math.min(...known);
  const gains = Float64Array.from(wide, (pick, i) => Math.max(0, pick.score) / (costs[i]! > 0 ? costs[i]! : least));
  return topK(
    Int32Array.from(wide, (pick) => pick.ordinal),
    gains,
    k,
  );
}

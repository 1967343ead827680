/** What it costs to label a task, as far as its size says: a queue per cost asks for much per second of work. */
import type { Ranked } from '../../compute/compute.ts';
import { COST_WIDTH, perCost } from '../../sampling/index.ts';

/** Opening a task and deciding takes about as long as reading one of the usual size. */
const FIXED = 0.5;

/** How many to ask of a policy that is re-ordered to `limit`. */
export function widthFor(limit: number): number {
  return COST_WIDTH * limit;
}

/** The `limit` tasks with the most score per cost. `sizes`: of each task in any unit; null where nothing is known. */
export function orderPerCost(
  wide: readonly Ranked[],
  sizes: ReadonlyMap<number, number | null>,
  limit: number,
): { order: Ranked[]; costs: ReadonlyMap<number, number> } {
  const known = [...sizes.values()].filter((size) => size !== null).sort((a, b) => a - b);
  const usual = known[known.length >> 1] ?? 1;
  const costs = new Map(
    [...sizes].map(([ordinal, size]) => [ordinal, FIXED + (1 - FIXED) * ((size ?? usual) / usual)]),
  );
  const byOrdinal = new Map(wide.map((one) => [one.ordinal, one]));
  const picks = perCost(wide, (ordinal) => costs.get(ordinal) ?? 1, limit);
  return { order: picks.map(({ ordinal, score }) => ({ ...byOrdinal.get(ordinal)!, score })), costs };
}

/**
 * Which checks still speak for what is left. Verified items were drawn at random from everything; where people then label
 * an easy part in bulk, the candidates that remain are no such draw any more.
 */
import { hashUnit } from '../core/random.ts';
import type { NeighbourGraph } from './graph.ts';
import type { Verified } from './verified.ts';

/** Times in any unit that grows, numbers of answers for instance. */
export interface BulkLabels {
  readonly items: ArrayLike<number>;
  /** When each was labeled. */
  readonly at: ArrayLike<number>;
  /** When each verified item was answered: what was labeled in bulk before was not there to be drawn. */
  readonly verifiedAt: ArrayLike<number>;
}

/**
 * Verified items, each kept with the chance that its neighbourhood is still open: the share of candidates among the
 * neighbours that are candidates, or were until a later bulk act. What is kept is a random draw from the candidates
 * (rejection sampling; von Neumann, 1951), so bounds on it hold for them. The same items are kept at every look.
 */
export function speakingForRest(
  { itemCount, starts, neighbours }: NeighbourGraph,
  taught: ArrayLike<number>,
  verified: Verified,
  bulk: BulkLabels,
): ReadonlySet<number> {
  const closedAt = new Float64Array(itemCount).fill(Number.POSITIVE_INFINITY);
  for (const list of [taught, verified.items]) for (let s = 0; s < list.length; s++) closedAt[list[s]!] = 0;
  const open = closedAt.reduce((sum, at) => sum + (at > 0 ? 1 : 0), 0);
  for (let b = 0; b < bulk.items.length; b++) closedAt[bulk.items[b]!] = bulk.at[b]!;
  // One neighbour of the common kind: where all neighbours were answered one by one, nothing is known.
  const common = open / Math.max(1, open + bulk.items.length);
  const kept = new Set<number>();
  for (let v = 0; v < verified.items.length; v++) {
    const item = verified.items[v]!;
    let [stillOpen, closedLater] = [0, 0];
    for (let e = starts[item]!; e < starts[item + 1]!; e++) {
      const at = closedAt[neighbours[e]!]!;
      if (at === Number.POSITIVE_INFINITY) stillOpen++;
      else if (at > bulk.verifiedAt[v]!) closedLater++;
    }
    const chance = closedLater === 0 ? 1 : (stillOpen + common) / (stillOpen + closedLater + 1);
    if (hashUnit('speaks for the rest', item) < chance) kept.add(item);
  }
  return kept;
}

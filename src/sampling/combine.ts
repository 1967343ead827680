/** Strategies made of strategies: interleaved by weight, or balanced over the predicted classes. */
import { argmax } from '../heads/metrics.ts';
import type { Pick, QueryContext, QueryStrategy } from './strategy.ts';

export interface Share {
  readonly strategy: QueryStrategy;
  /** > 0; only the proportion counts. */
  readonly weight: number;
}

/**
 * Takes items from several strategies in turn, as often as their weights say; an item two of them want is taken once.
 * Scores count down from the number of picks, since scores of different strategies have no common unit.
 */
export function interleave(name: string, summary: string, source: string, shares: readonly Share[]): QueryStrategy {
  return {
    name,
    summary,
    source,
    needsHead: shares.some((share) => share.strategy.needsHead),
    ...(shares.some((share) => share.strategy.singleChoiceOnly) ? { singleChoiceOnly: true } : {}),
    pick: (context, k) => byRank(takeInTurn(shares, context, k)),
  };
}

function takeInTurn(shares: readonly Share[], context: QueryContext, k: number): number[] {
  const queues = shares.map(({ strategy, weight }) => ({
    weight,
    picks: strategy.pick(context, k),
    next: 0,
    credit: 0,
  }));
  const taken = new Set<number>();
  while (taken.size < k) {
    const open = queues.filter((queue) => queue.next < queue.picks.length);
    if (open.length === 0) break;
    for (const queue of open) queue.credit += queue.weight;
    const turn = open.reduce((a, b) => (b.credit > a.credit + 1e-9 ? b : a));
    turn.credit -= open.reduce((sum, queue) => sum + queue.weight, 0);
    while (turn.next < turn.picks.length && taken.has(turn.picks[turn.next]!.ordinal)) turn.next++;
    const pick = turn.picks[turn.next++];
    if (pick !== undefined) taken.add(pick.ordinal);
  }
  return [...taken];
}

/** Items looked at per item asked for: room to find the rarer classes. */
const BALANCE_WIDTH = 5;

/**
 * Re-orders what another strategy would ask so that the predicted classes even out the labels given so far: each time
 * the best-ranked item of the class with the fewest labels and picks.
 */
export function classBalanced(name: string, summary: string, source: string, inner: QueryStrategy): QueryStrategy {
  return {
    ...inner,
    name,
    summary,
    source,
    needsHead: true,
    pick: (context, k) => {
      const wide = inner.pick(context, BALANCE_WIDTH * k);
      return context.predictions === null ? wide.slice(0, k) : byRank(evenOut(wide, context, k));
    },
  };
}

function evenOut(wide: readonly Pick[], context: QueryContext, k: number): number[] {
  const { classCount, predictions } = context;
  const counts = new Int32Array(classCount);
  for (const c of context.labeledClass) counts[c]!++;
  const queues: number[][] = Array.from({ length: classCount }, () => []);
  const p = new Float32Array(classCount);
  for (const { ordinal } of wide) {
    predictions!.probabilitiesInto(ordinal, p, 0);
    queues[argmax(p, 0, classCount)]!.push(ordinal);
  }
  const chosen: number[] = [];
  while (chosen.length < Math.min(k, wide.length)) {
    const open = [...queues.keys()].filter((c) => queues[c]!.length > 0);
    const rarest = open.reduce((a, b) => (counts[b]! < counts[a]! ? b : a));
    chosen.push(queues[rarest]!.shift()!);
    counts[rarest]!++;
  }
  return chosen;
}

function byRank(ordinals: readonly number[]): Pick[] {
  return ordinals.map((ordinal, i) => ({ ordinal, score: ordinals.length - i }));
}

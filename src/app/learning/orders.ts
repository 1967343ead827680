/** The order of the queue as it is, beside what another strategy or blend would make of it. */
import type { Ranked } from '../../compute/compute.ts';
import { QUERY_STRATEGIES, queryStrategy } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import type { Loop } from '../loop.ts';
import type { Loops } from '../loops.ts';
import { reasonFor } from '../reason.ts';
import type { VoteSplits } from '../vote-split.ts';
import type { LearningApi, RankedTask } from './api.ts';

export function createOrders(
  deps: Deps,
  loops: Loops,
  voteSplits: VoteSplits,
): Pick<LearningApi, 'strategies' | 'compareOrders'> {
  const tasksOf = async (loop: Loop, order: readonly Ranked[]): Promise<RankedTask[]> => {
    const tasks = await deps.store.tasks.byOrdinals(
      loop.project.id,
      order.map((one) => one.ordinal),
    );
    const byOrdinal = new Map(tasks.map((task) => [task.ordinal, task]));
    const splits = await voteSplits(
      loop,
      tasks.map((task) => task.id),
    );
    return order.flatMap((one, i) => {
      const task = byOrdinal.get(one.ordinal);
      return task ? [{ task, reason: reasonFor(loop, one, i + 1, splits.get(task.id)) }] : [];
    });
  };
  return {
    strategies: () =>
      QUERY_STRATEGIES.map(({ name, summary, source, singleChoiceOnly = false }) => ({
        name,
        summary,
        source,
        singleChoiceOnly,
      })),

    compareOrders: (projectId, strategy, limit) =>
      loops.use(projectId, async (loop) => {
        queryStrategy(strategy);
        const own = loop.project.settings.queryStrategy;
        const before = await tasksOf(loop, await loop.orderBy(own, limit));
        const after = await tasksOf(loop, await loop.orderBy(strategy, limit));
        const under = ({ task, reason }: RankedTask): RankedTask => ({ task, reason: { ...reason, strategy } });
        return { before, after: after.map(under) };
      }),
  };
}

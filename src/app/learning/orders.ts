/** The order of the queue as it is, beside what another strategy or blend would make of it. */
import { checkPolicy, POLICIES } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import { reasonFor } from '../queue/reason.ts';
import type { VoteSplits } from '../suggestions/vote-split.ts';
import type { LearningApi, RankedTask } from './api.ts';
import { askedOf } from './asked.ts';
import type { Loop } from './loop.ts';
import type { Loops } from './loops.ts';

export function createOrders(
  deps: Deps,
  loops: Loops,
  voteSplits: VoteSplits,
): Pick<LearningApi, 'strategies' | 'compareOrders'> {
  const tasksBy = async (loop: Loop, strategy: string, limit: number): Promise<RankedTask[]> => {
    const order = await loop.ranking.by(strategy, limit);
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
      return task ? [{ task, reason: reasonFor(loop, one, i + 1, splits.get(task.id), strategy) }] : [];
    });
  };
  return {
    strategies: () => POLICIES,

    compareOrders: (projectId, strategy, limit) =>
      loops.use(projectId, async (loop) => {
        checkPolicy(strategy, askedOf(loop.config)?.asked ?? null);
        return {
          before: await tasksBy(loop, loop.strategy, limit),
          after: await tasksBy(loop, strategy, limit),
        };
      }),
  };
}

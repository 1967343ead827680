/** How far the labelers of a task (rules in force, models, look-alikes; people stay apart) are from agreeing. */
import type { VoterVote } from '../../consensus/index.ts';
import { groupBy } from '../../core/group.ts';
import type { Deps } from '../deps.ts';
import type { Loop } from '../learning/loop.ts';
import type { LabelModels } from './label-models.ts';

export interface VoteSplit {
  /** At least two, or there is nothing to disagree about. */
  readonly voters: number;
  /** Those of them who say something else than the leading label. */
  readonly against: number;
}

export type VoteSplits = (loop: Loop, taskIds: readonly number[]) => Promise<ReadonlyMap<number, VoteSplit>>;

/** One read of the votes for all tasks of a call; none where several labels may hold: there, two labels are no quarrel. */
export function createVoteSplits({ store }: Pick<Deps, 'store'>, labelModels: LabelModels): VoteSplits {
  return async ({ project, config }, taskIds) => {
    const weigher = config.control?.multiple === false ? await labelModels.of(project.id, config) : null;
    if (!weigher || taskIds.length === 0) return new Map();
    const byTask = groupBy(await store.votes.ofTasks(taskIds), (vote) => vote.taskId);
    return new Map(
      [...byTask].flatMap(([taskId, votes]) => {
        const split = splitOf(weigher.votesOf(votes));
        return split === null ? [] : [[taskId, split] as const];
      }),
    );
  };
}

/** Null with fewer than two voters. */
export function splitOf(votes: readonly VoterVote[]): VoteSplit | null {
  const voters = new Set(votes.map((vote) => vote.voter)).size;
  if (voters < 2) return null;
  const camps = groupBy(votes, (vote) => vote.label).values();
  const leading = Math.max(...[...camps].map((camp) => new Set(camp.map((vote) => vote.voter)).size));
  return { voters, against: voters - leading };
}

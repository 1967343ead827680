/** What the serving version of a control said of tasks, from its votes in standing runs. */
import type { Labeler, Run, Vote } from '../core/domain.ts';
import type { PredictionView } from './app.ts';
import type { Deps } from './deps.ts';
import { found } from './lookup.ts';
import { versionName } from './predictions.ts';
import type { ProjectConfig } from './project-config.ts';
import { choiceRegion } from './suggest.ts';

export interface HeadVotes {
  readonly labeler: Labeler;
  /** Those of a task's votes that are its own. */
  of(votes: readonly Vote[]): Vote[];
  /** Its own votes on a task as a suggestion. */
  view(config: ProjectConfig, own: readonly Vote[], nameOf: ReadonlyMap<number, string>): PredictionView;
}

/** Null while no version has voted. */
export async function headVotes(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  control: string,
): Promise<HeadVotes | null> {
  const active = await store.models.active(projectId, control);
  const runs = (await store.runs.list(projectId)).filter(
    (one) => one.kind === 'prelabel' && one.revokedAt === null && one.params.versionId === active?.id,
  );
  const runOf = new Map<number, Run>(runs.map((run) => [run.id, run]));
  const labelerId = runs[0]?.labelerId;
  if (typeof labelerId !== 'number') return null;
  const labeler = await found('labeler', labelerId, store.labelers.get(labelerId));
  return {
    labeler,
    of: (votes) => {
      const own = votes.filter((vote) => runOf.has(vote.runId));
      // A run that was undone, replaced and brought back: the newest word counts.
      const newest = Math.max(...own.map((vote) => vote.runId));
      return own.filter((vote) => vote.runId === newest);
    },
    view: (config, own, nameOf) => {
      const { id, createdAt } = runOf.get(own[0]!.runId)!;
      const score = Math.min(...own.map((vote) => vote.score));
      const names = own.map((vote) => nameOf.get(vote.labelId)!);
      const result = [choiceRegion(config.control!, names, score)];
      const modelVersion = versionName(labeler);
      return { id: null, projectId, taskId: own[0]!.taskId, result, score, modelVersion, runId: id, createdAt };
    },
  };
}

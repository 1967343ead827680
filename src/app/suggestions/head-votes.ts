/** What a control's own head, or a model bound to it, said of tasks: from votes in standing runs. */
import type { Labeler, Run, Vote } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { PredictionView } from './api.ts';
import { versionName } from './predictions.ts';
import { choiceRegion } from './suggest.ts';

export interface Speaker {
  /** Those of a task's votes that are its own. */
  of(votes: readonly Vote[]): Vote[];
  /** Its own votes on a task as a suggestion. */
  view(config: ProjectConfig, own: readonly Vote[], nameOf: ReadonlyMap<number, string>): PredictionView;
}

/** The serving version of the control's head. Null while none has voted. */
export async function headVotes(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  control: string,
): Promise<Speaker | null> {
  const active = await store.models.active(projectId, control);
  return speaker({ store }, projectId, ({ versionId }) => active !== undefined && versionId === active.id);
}

/** The registered model that is bound to the control, in whichever of its versions spoke last. */
export async function modelVotes(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  control: string,
): Promise<Speaker | null> {
  const name = (await store.projects.get(projectId))?.settings.models?.[control];
  if (name === undefined) return null;
  return speaker({ store }, projectId, (params) => {
    return params.control === control && String(params.model).split('@', 1)[0] === name;
  });
}

async function speaker(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  isOwn: (params: Run['params']) => boolean,
): Promise<Speaker | null> {
  const runs = (await store.runs.list(projectId)).filter(
    (one) => one.kind === 'prelabel' && one.revokedAt === null && isOwn(one.params),
  );
  if (runs.length === 0) return null;
  const runOf = new Map<number, Run>(runs.map((run) => [run.id, run]));
  const labelers = new Map<number | null, Labeler | undefined>();
  for (const { labelerId } of runs) {
    if (labelerId !== null && !labelers.has(labelerId)) labelers.set(labelerId, await store.labelers.get(labelerId));
  }
  return {
    of: (votes) => {
      const own = votes.filter((vote) => runOf.has(vote.runId));
      // A run that was undone, replaced and brought back: the newest word counts.
      const newest = Math.max(...own.map((vote) => vote.runId));
      return own.filter((vote) => vote.runId === newest);
    },
    view: (config, own, nameOf) => {
      const { id, createdAt, labelerId } = runOf.get(own[0]!.runId)!;
      const labeler = labelers.get(labelerId);
      const score = Math.min(...own.map((vote) => vote.score));
      const names = own.map((vote) => nameOf.get(vote.labelId)!);
      const result = [choiceRegion(config.control!, names, score)];
      const modelVersion = labeler ? versionName(labeler) : '';
      return { id: null, projectId, taskId: own[0]!.taskId, result, score, modelVersion, runId: id, createdAt };
    },
  };
}

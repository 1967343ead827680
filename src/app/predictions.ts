/** Predictions: the ones on record, and the active version's, built on read from its votes. */
import type { Labeler, Prediction, Run, Task, Vote } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import { groupBy } from '../core/group.ts';
import { checkResult, regionFromChoice } from '../labelconfig/index.ts';
import type { PredictionsApi, PredictionView } from './app.ts';
import type { Deps } from './deps.ts';
import { found } from './lookup.ts';
import type { ProjectConfig, ProjectConfigs } from './project-config.ts';

export function createPredictions(deps: Deps, configs: ProjectConfigs): PredictionsApi {
  const { store } = deps;
  return {
    get: async (id) => storedView(deps, await found('prediction', id, store.predictions.get(id))),

    async ofTask(taskId) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      const stored = await store.predictions.ofTasks([taskId]);
      const views = await Promise.all(stored.map((one) => storedView(deps, one)));
      return [...views, ...(await currentPredictions(deps, configs, task.projectId, [task]))];
    },

    async current(projectId, page) {
      return currentPredictions(deps, configs, projectId, await store.tasks.list(projectId, page));
    },

    async add(taskId, input) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      const project = await found('project', task.projectId, store.projects.get(task.projectId));
      const { regions, problems } = checkResult(configs.of(project).parsed, task, input.result);
      const rejected = problems.find((problem) => !problem.repaired);
      if (rejected) {
        throw new AppError('INPUT_BAD_RESULT', `Region ${rejected.index + 1} does not fit: ${rejected.message}`, {
          details: { region: rejected.index, reason: rejected.message },
        });
      }
      const labeler = await store.labelers.ensure('model', input.modelVersion || 'external', '');
      const [prediction] = await store.predictions.add([
        {
          projectId: project.id,
          taskId,
          labelerId: labeler.id,
          runId: null,
          result: regions,
          score: input.score ?? null,
        },
      ]);
      return storedView(deps, prediction!);
    },
  };
}

/** A stored prediction as it is shown: with the name of whoever made it. */
export async function storedView({ store }: Deps, prediction: Prediction): Promise<PredictionView> {
  const labeler = await store.labelers.get(prediction.labelerId);
  return {
    id: prediction.id,
    projectId: prediction.projectId,
    taskId: prediction.taskId,
    result: prediction.result,
    score: prediction.score,
    modelVersion: labeler ? versionName(labeler) : '',
    runId: prediction.runId,
    createdAt: prediction.createdAt,
  };
}

/** What the active version says of these tasks, in standing runs; tasks it has not reached are left out. */
export async function currentPredictions(
  { store }: Deps,
  configs: ProjectConfigs,
  projectId: number,
  tasks: readonly Task[],
): Promise<PredictionView[]> {
  const project = await found('project', projectId, store.projects.get(projectId));
  const config = configs.of(project);
  if (config.control === null) return [];
  const active = await store.models.active(projectId, config.control.name);
  const runs = (await store.runs.list(projectId)).filter(
    (one) => one.kind === 'prelabel' && one.revokedAt === null && one.params.versionId === active?.id,
  );
  const runOf = new Map(runs.map((run) => [run.id, run]));
  const labelerId = runs[0]?.labelerId;
  if (typeof labelerId !== 'number') return [];
  const labeler = await found('labeler', labelerId, store.labelers.get(labelerId));
  const nameOf = new Map((await store.labels.list(projectId)).map((label) => [label.id, label.value]));
  const votes = await store.votes.ofTasks(tasks.map((task) => task.id));
  const own = groupBy(
    votes.filter((vote) => runOf.has(vote.runId)),
    (vote) => vote.taskId,
  );
  return [...own].map(([taskId, votesOfVersion]) => {
    // A run that was undone, replaced and brought back: the newest word counts.
    const newest = Math.max(...votesOfVersion.map((vote) => vote.runId));
    const chosen = votesOfVersion.filter((vote) => vote.runId === newest);
    return viewOf(config, runOf.get(newest)!, labeler, taskId, chosen, nameOf);
  });
}

function viewOf(
  config: ProjectConfig,
  run: Run,
  labeler: Labeler,
  taskId: number,
  votes: readonly Vote[],
  nameOf: ReadonlyMap<number, string>,
): PredictionView {
  const score = Math.min(...votes.map((vote) => vote.score));
  const names = votes.map((vote) => nameOf.get(vote.labelId)!);
  return {
    id: null,
    projectId: run.projectId,
    taskId,
    result: [regionFromChoice(config.control!, names, { score })],
    score,
    modelVersion: versionName(labeler),
    runId: run.id,
    createdAt: run.createdAt,
  };
}

function versionName(labeler: Labeler): string {
  return labeler.version === '' ? labeler.name : `${labeler.name}@${labeler.version}`;
}

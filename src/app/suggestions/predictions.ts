/** Predictions: the ones on record, and the current suggestion, built on read from votes. */
import type { Labeler, Prediction } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { checkResult } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import type { Loops } from '../learning/loops.ts';
import { standingMarks } from '../library/model-regions.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { countingPredictions, rulesInForce } from '../rules/runs.ts';
import type { PredictionsApi, PredictionView } from './api.ts';
import type { Suggestions } from './suggestions.ts';

export function createPredictions(
  deps: Deps,
  loops: Loops,
  configs: ProjectConfigs,
  suggestions: Suggestions,
): PredictionsApi {
  const { store } = deps;
  return {
    get: async (id) => storedView(deps, await found('prediction', id, store.predictions.get(id))),

    async ofTask(taskId) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      const runs = await store.runs.list(task.projectId);
      const inForce = rulesInForce(runs, await store.rules.faults(task.projectId));
      const stored = countingPredictions(await store.predictions.ofTasks([taskId]), runs, inForce);
      const views = await Promise.all(stored.map((one) => storedView(deps, one)));
      return [...views, ...(await suggestions.current(task.projectId, [task]))];
    },

    async current(projectId, page) {
      const tasks = await store.tasks.list(projectId, page);
      const current = await suggestions.current(projectId, tasks);
      const said = new Set(current.flatMap(({ taskId, result }) => result.map((one) => `${taskId} ${one.from_name}`)));
      const marks = [...(await standingMarks(deps, projectId, tasks)).values()].flat();
      // Spans that the label model has weighed are in its suggestion already.
      const open = marks.filter(({ taskId, result }) => result.every((one) => !said.has(`${taskId} ${one.from_name}`)));
      return [...current, ...(await Promise.all(open.map((one) => storedView(deps, one))))];
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
      await loops.predicted(project.id, [task]);
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

export function versionName(labeler: Pick<Labeler, 'name' | 'version'>): string {
  return labeler.version === '' ? labeler.name : `${labeler.name}@${labeler.version}`;
}

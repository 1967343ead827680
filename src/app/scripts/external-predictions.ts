/** Predictions made elsewhere: taken in bulk and in every form that Label Studio takes, changed, deleted. */
import type { Prediction, Region } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { checkResult, type LabelConfig, regionsFromShort } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { storedView } from '../suggestions/predictions.ts';
import type { ScriptsApi } from './api.ts';

type External = Pick<
  ScriptsApi,
  'regionsFrom' | 'madeElsewhere' | 'addPredictions' | 'updatePrediction' | 'deletePrediction'
>;

export function createExternalPredictions(deps: Deps, configs: ProjectConfigs): External {
  const { store } = deps;
  const configOf = async (projectId: number): Promise<LabelConfig> =>
    configs.of(await found('project', projectId, store.projects.get(projectId))).parsed;

  /** Came from elsewhere and was not kept because somebody saw it. */
  const external = async (id: number): Promise<Prediction> => {
    const prediction = await found('prediction', id, store.predictions.get(id));
    const labeler = await store.labelers.get(prediction.labelerId);
    if (prediction.runId === null && labeler?.version === '') return prediction;
    throw new AppError(
      'CONFLICT',
      'This prediction was made here and stays on record; undo its run, or roll the model version back.',
      { details: { prediction: id, run: prediction.runId } },
    );
  };

  return {
    regionsFrom: async (projectId, result) => regionsOf(await configOf(projectId), result),

    async madeElsewhere(projectId, page) {
      const tasks = await store.tasks.list(projectId, page);
      const runs = await store.runs.list(projectId);
      const imports = new Set(runs.filter((run) => run.kind === 'import').map((run) => run.id));
      const versions = new Map((await store.labelers.list()).map((one) => [one.id, one.version]));
      const stored = await store.predictions.ofTasks(tasks.map((task) => task.id));
      const theirs = stored.filter(({ runId, labelerId }) =>
        runId === null ? versions.get(labelerId) === '' : imports.has(runId),
      );
      return Promise.all(theirs.map((one) => storedView(deps, one)));
    },

    async addPredictions(projectId, given) {
      const config = await configOf(projectId);
      const rows: Omit<Prediction, 'id' | 'createdAt'>[] = [];
      for (const [i, { task: taskId, result, score = null, modelVersion }] of given.entries()) {
        const task = await store.tasks.get(taskId);
        if (task?.projectId !== projectId)
          throw at(i, new AppError('NOT_FOUND', `There is no task ${taskId} in this project.`));
        const labeler = await store.labelers.ensure('model', modelVersion || 'external', '');
        const regions = checkedRegions(config, task, regionsOf(config, result), i);
        rows.push({ projectId, taskId, labelerId: labeler.id, runId: null, result: regions, score });
      }
      return (await store.predictions.add(rows)).length;
    },

    async updatePrediction(id, { result, score }) {
      const old = await external(id);
      const task = await found('task', old.taskId, store.tasks.get(old.taskId));
      const config = await configOf(old.projectId);
      const regions = result === undefined ? old.result : checkedRegions(config, task, regionsOf(config, result));
      const next = await store.predictions.update(id, {
        result: regions,
        score: score === undefined ? old.score : score,
      });
      return storedView(deps, next);
    },

    async deletePrediction(id) {
      await external(id);
      await store.predictions.delete(id);
    },
  };
}

/** Throws INPUT_BAD_RESULT. */
function regionsOf(config: LabelConfig, result: unknown): readonly Region[] {
  const regions = regionsFromShort(config, result);
  if (regions) return regions;
  throw new AppError(
    'INPUT_BAD_RESULT',
    'A result is a list of regions, the value of one ({"choices": ["spam"]}), or the name of a label.',
  );
}

function checkedRegions(
  config: LabelConfig,
  task: Parameters<typeof checkResult>[1],
  result: readonly Region[],
  index?: number,
): readonly Region[] {
  const { regions, problems } = checkResult(config, task, result);
  const rejected = problems.find((problem) => !problem.repaired);
  if (rejected === undefined) return regions;
  const error = new AppError('INPUT_BAD_RESULT', `Region ${rejected.index + 1} does not fit: ${rejected.message}`, {
    details: { region: rejected.index, reason: rejected.message },
  });
  throw index === undefined ? error : at(index, error);
}

/** Names the place in the list. */
function at(index: number, error: AppError): AppError {
  return new AppError(error.code, `Prediction ${index + 1}: ${error.message}`, {
    details: { ...error.details, prediction: index },
  });
}

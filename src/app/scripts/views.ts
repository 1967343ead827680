/** Views of the Data Manager, and predictions by the version that made them. */
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { versionName } from '../suggestions/predictions.ts';
import type { ModelVersionCount, ScriptsApi } from './api.ts';

/** Of one project: a person has some, a script may make one each time it runs. */
const VIEWS_MAX = 1_000;
/** A filter is a line; lists of ids go into it too. */
const VIEW_CHARS_MAX = 1_000_000;

type Views = Pick<ScriptsApi, 'views' | 'view' | 'createView' | 'updateView' | 'deleteView'>;
type Versions = Pick<ScriptsApi, 'predictionsStored' | 'modelVersions' | 'deleteModelVersion'>;

export function createViews({ store }: Pick<Deps, 'store'>): Views {
  return {
    views: (projectId) => store.views.list(projectId),
    view: (id) => found('view', id, store.views.get(id)),
    async createView(projectId, data) {
      if ((await store.views.list(projectId)).length >= VIEWS_MAX) {
        throw new AppError('LIMIT_SIZE', `A project has at most ${VIEWS_MAX} views; delete some first.`);
      }
      return store.views.add(projectId, checked(data));
    },
    updateView: (id, data) => store.views.update(id, checked(data)),
    deleteView: (id) => store.views.delete(id),
  };
}

function checked(data: JsonObject): JsonObject {
  if (JSON.stringify(data).length <= VIEW_CHARS_MAX) return data;
  throw new AppError('LIMIT_SIZE', `A view has at most ${VIEW_CHARS_MAX} characters.`, { details: { field: 'data' } });
}

export function createVersions({ store }: Pick<Deps, 'store'>): Versions {
  const modelVersions = async (projectId: number): Promise<ModelVersionCount[]> => {
    const counts = await store.predictions.countsByLabeler(projectId);
    const named = await Promise.all(
      counts.map(async (one) => ({ ...one, labeler: await store.labelers.get(one.labelerId) })),
    );
    return named.flatMap(({ labeler, ...one }) =>
      labeler ? [{ ...one, name: versionName(labeler), madeHere: labeler.version !== '' }] : [],
    );
  };
  return {
    predictionsStored: (projectId) => store.predictions.count(projectId),
    modelVersions,
    async deleteModelVersion(projectId, name) {
      const named = (await modelVersions(projectId)).filter((one) => one.name === name);
      const theirs = named.filter((one) => !one.madeHere && one.withoutRun > 0);
      if (named.length > 0 && theirs.length === 0) throw onRecord(name, named);
      let deleted = 0;
      for (const { labelerId } of theirs) deleted += await store.predictions.deleteOfLabeler(projectId, labelerId);
      return deleted;
    },
  };
}

function onRecord(name: string, named: readonly ModelVersionCount[]): AppError {
  const message = named.some((one) => one.madeHere)
    ? `The predictions of "${name}" were made here and stay on record; undo their run, or roll the model version back.`
    : `The predictions of "${name}" came with a bulk act; undo its run.`;
  return new AppError('CONFLICT', message, { details: { field: 'model_version' } });
}

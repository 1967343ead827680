/** What scripts call, of the fake App: answers in the right form. */

import type { ImportView, ScriptsApi } from '../../src/app/scripts/api.ts';
import type { PredictionView } from '../../src/app/suggestions/api.ts';
import type { Job, Region, Task } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';

export interface FakeScriptParts {
  /** Told of every call that would change something. */
  changed(call: string): void;
  job(id: number): Job;
  task(projectId: number): Task;
  prediction(id: number): PredictionView;
}

export function fakeScripts({ changed, job, task, prediction }: FakeScriptParts): ScriptsApi {
  const view = (id: number): ImportView => ({
    ...{ job: job(id), waits: false, name: 'tasks.json', runId: id, format: 'json', rows: 2 },
    ...{ fields: ['text'], preannotatedFields: [], counts: null },
  });
  return {
    async createTask(projectId, { data }) {
      changed(`create task ${projectId} ${JSON.stringify(data)}`);
      return task(projectId);
    },
    taskIdsOf: async () => [1, 2],
    async deleteAllTasks(projectId) {
      changed(`delete all tasks ${projectId}`);
      return 1;
    },
    select: async (projectId) => [projectId],
    async regionsFrom(_projectId, result) {
      if (Array.isArray(result)) return result as Region[];
      throw new AppError('INPUT_BAD_RESULT', 'A result is a list of regions.');
    },
    madeElsewhere: async () => [],
    async addPredictions(projectId, given) {
      changed(`predictions ${projectId} ${given.length}`);
      return given.length;
    },
    async updatePrediction(id) {
      changed(`prediction ${id}`);
      return prediction(id);
    },
    async deletePrediction(id) {
      changed(`no prediction ${id}`);
    },
    async createSnapshot(projectId) {
      changed(`snapshot ${projectId}`);
      return job(projectId);
    },
    snapshots: async (projectId) => [job(projectId)],
    snapshot: async (_projectId, id) => job(id),
    readSnapshot: async () => ({
      name: 'export.json',
      mediaType: 'application/json',
      body: (async function* () {
        yield '[]';
      })(),
    }),
    async deleteSnapshot(projectId, id) {
      changed(`no snapshot ${projectId} ${id}`);
    },
    async holdImport({ projectId }) {
      changed(`hold ${projectId}`);
      return { import: view(projectId), skipped: [] };
    },
    async commitImports(projectId, ids) {
      changed(`commit ${projectId} ${ids}`);
      return [];
    },
    async dropImports(projectId, ids) {
      changed(`drop ${projectId} ${ids}`);
      return ids.length;
    },
    views: async (projectId) => [{ id: projectId, projectId, data: {} }],
    view: async (id) => ({ id, projectId: job(id).projectId!, data: {} }),
    async createView(projectId, data) {
      changed(`view ${projectId}`);
      return { id: projectId, projectId, data };
    },
    async updateView(id, data) {
      changed(`view ${id}`);
      return { id, projectId: 1, data };
    },
    async deleteView(id) {
      changed(`no view ${id}`);
    },
    predictionsStored: async () => 0,
    modelVersions: async () => [],
    async deleteModelVersion(projectId, name) {
      changed(`no version ${projectId} ${name}`);
      return 0;
    },
    imports: async (projectId) => [view(projectId)],
    import: async (_projectId, id) => view(id),
  };
}

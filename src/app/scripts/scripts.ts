/** Everything for scripts that were written for Label Studio, put together. */
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { TasksApi } from '../projects/api.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { Importing } from '../transfer/import.ts';
import type { ScriptsApi } from './api.ts';
import { createExternalPredictions } from './external-predictions.ts';
import { createImports } from './imports.ts';
import { createSnapshots } from './snapshots.ts';
import { createSelection } from './task-selection.ts';
import { createVersions, createViews } from './views.ts';

const CHUNK = 1_000;

export interface ScriptsParts {
  readonly configs: ProjectConfigs;
  readonly importing: Importing;
  readonly tasks: TasksApi;
}

export function createScripts(deps: Deps, { configs, importing, tasks }: ScriptsParts): ScriptsApi {
  const { store } = deps;
  const select = createSelection(deps);

  return {
    async createTask(projectId, { data, annotatorId }) {
      const body = Buffer.from(JSON.stringify([{ data }]));
      const { runId } = await importing.importTasks({
        ...{ projectId, name: 'task.json', format: 'json', annotatorId },
        body: (async function* () {
          yield body;
        })(),
      });
      const [id = 0] = await store.tasks.idsOfRun(runId);
      return found('task', id, store.tasks.get(id));
    },
    taskIdsOf: (runId) => store.tasks.idsOfRun(runId),
    async deleteAllTasks(projectId) {
      let deleted = 0;
      for (;;) {
        const page = await store.tasks.list(projectId, { after: 0, limit: CHUNK });
        if (page.length === 0) return deleted;
        deleted += await tasks.delete(
          projectId,
          page.map((task) => task.id),
        );
      }
    },
    select,
    ...createExternalPredictions(deps, configs),
    ...createSnapshots(deps),
    ...createImports(deps, importing),
    ...createViews(deps),
    ...createVersions(deps),
  };
}

/** Views and acts of Label Studio's Data Manager. */
import type { App } from '../../app/app.ts';
import type { TaskQuery, ViewRow } from '../../app/scripts/api.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import { checkedQuery } from '../task-query.ts';
import { compact } from '../wire.ts';

type Names =
  | 'viewList'
  | 'viewCreate'
  | 'viewGet'
  | 'viewUpdate'
  | 'viewDelete'
  | 'viewsReset'
  | 'actionList'
  | 'dataManagerAction';

export function dataManagerHandlers({ scripts, tasks }: App): Handlers<Names> {
  /** An act cannot be undone, so a view only narrows what the body chooses. */
  const chosen = async (projectId: number, view: number | undefined, query: TaskQuery) => {
    const asked = await scripts.select(projectId, query, { fresh: true });
    if (!view) return asked;
    const { data } = await scripts.view(view);
    const shown = new Set(await scripts.select(projectId, checkedQuery(data), { fresh: true }));
    return asked.filter((id) => shown.has(id));
  };
  return {
    viewList: async ({ query }) => (await scripts.views(query.project)).map(viewWire),
    viewCreate: async ({ body }) => viewWire(await scripts.createView(body.project, body.data ?? {})),
    viewGet: async ({ params }) => viewWire(await scripts.view(params.view_id)),
    async viewUpdate({ params, body }) {
      const old = await scripts.view(params.view_id);
      return viewWire(body.data === undefined ? old : await scripts.updateView(old.id, body.data));
    },
    async viewDelete({ params }) {
      await scripts.deleteView(params.view_id);
      return null;
    },
    async viewsReset({ query, body }) {
      const projectId = query.project ?? body.project;
      if (projectId === undefined) {
        throw new AppError('INPUT_BAD_FIELD', 'Say which `project`.', { details: { field: 'project' } });
      }
      for (const { id } of await scripts.views(projectId)) await scripts.deleteView(id);
      return null;
    },
    actionList: async () => [
      { id: 'delete_tasks' as const, title: 'Delete Tasks', order: 100, permission: 'tasks.delete' },
    ],
    async dataManagerAction({ query, body }) {
      if ((query.id ?? body.id) === undefined) {
        throw new AppError('INPUT_BAD_FIELD', 'Name the act as `id`; `delete_tasks` is the one that is done here.', {
          details: { field: 'id' },
        });
      }
      const { filters, selectedItems } = body;
      const asked = { ...compact({ filters }), selectedItems } as TaskQuery;
      const deleted = await tasks.delete(query.project, await chosen(query.project, query.view, asked));
      return { processed_items: deleted, reload: true, detail: `Deleted ${deleted} tasks` };
    },
  };
}

function viewWire({ id, projectId, data }: ViewRow) {
  return { id, project: projectId, user: null, order: 0, data };
}

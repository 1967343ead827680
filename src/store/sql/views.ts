/** Views of the Data Manager: named choices of tasks that scripts keep. */
import type { JsonObject } from '../../core/json.ts';
import type { ViewRow, ViewStore } from '../ports/views.ts';
import { type Context, found } from './context.ts';
import { requireProject } from './projects.ts';
import { query } from './query.ts';
import type { Row } from './schema.ts';

const byId = query<{ id: number }>()((db, p) =>
  db
    .selectFrom('views')
    .innerJoin('projects', 'projects.id', 'views.project_id')
    .where('projects.deleted_at', 'is', null)
    .where('views.id', '=', p.id)
    .selectAll('views'),
);

const ofProject = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('views').selectAll().where('project_id', '=', p.projectId).orderBy('id'),
);

export function viewStore({ engine }: Context): ViewStore {
  return {
    add: (projectId, data) =>
      engine.write(async (db) => {
        await requireProject(db, projectId);
        const values = { project_id: projectId, data: JSON.stringify(data) };
        return toView(await db.insertInto('views').values(values).returningAll().executeTakeFirstOrThrow());
      }),
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toView(row);
    },
    list: async (projectId) => (await ofProject.all(engine.reader, { projectId })).map(toView),
    update: (id, data) =>
      engine.write(async (db) => {
        const row = found(await byId.first(db, { id }), 'view', id);
        await db
          .updateTable('views')
          .set({ data: JSON.stringify(data) })
          .where('id', '=', id)
          .execute();
        return { ...toView(row), data };
      }),
    delete: (id) =>
      engine.write(async (db) => {
        found(await byId.first(db, { id }), 'view', id);
        await db.deleteFrom('views').where('id', '=', id).execute();
      }),
  };
}

function toView({ id, project_id, data }: Row<'views'>): ViewRow {
  return { id, projectId: project_id, data: JSON.parse(data) as JsonObject };
}

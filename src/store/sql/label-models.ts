/** Label models: the one that weighs the votes of each control now. */
import { isoTime } from '../../core/clock.ts';
import type { LabelModelStore } from '../ports/models.ts';
import type { Context } from './context.ts';
import { requireProject } from './projects.ts';
import { query } from './query.ts';
import { toLabelModel } from './rows.ts';

const one = query<{ projectId: number; control: string }>()((db, p) =>
  db.selectFrom('label_models').selectAll().where('project_id', '=', p.projectId).where('control', '=', p.control),
);

export function labelModelStore({ engine, clock }: Context): LabelModelStore {
  return {
    get: async (projectId, control) => {
      const row = await one.first(engine.reader, { projectId, control });
      return row && toLabelModel(row);
    },
    set: (model) =>
      engine.write(async (db) => {
        await requireProject(db, model.projectId);
        const row = { version: model.version, body: JSON.stringify(model.body), created_at: isoTime(clock) };
        await db
          .insertInto('label_models')
          .values({ project_id: model.projectId, control: model.control, ...row })
          .onConflict((conflict) => conflict.columns(['project_id', 'control']).doUpdateSet(row))
          .execute();
        return { ...model, createdAt: row.created_at };
      }),
    clear: (projectId, control) =>
      engine.write(async (db) => {
        await db
          .deleteFrom('label_models')
          .where('project_id', '=', projectId)
          .where('control', '=', control)
          .execute();
      }),
  };
}

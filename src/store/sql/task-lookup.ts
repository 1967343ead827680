/** One task by id, as other tables need it before they write about it. */
import type { Task } from '../../core/domain.ts';
import { found } from './context.ts';
import { query } from './query.ts';
import { toTask } from './rows.ts';
import type { Database } from './schema.ts';
import { standing } from './visible.ts';

export const taskById = query<{ id: number }>()((db, p) =>
  db.selectFrom('tasks').selectAll().where('id', '=', p.id).where(standing('tasks.run_id')),
);

/** The visible task of this project, or NOT_FOUND. */
export async function requireTask(db: Database, id: number, projectId?: number): Promise<Task> {
  const row = await taskById.first(db, { id });
  return toTask(found(row && (projectId ?? row.project_id) === row.project_id ? row : undefined, 'task', id));
}

/** What is kept per task: written for the tasks that are still there. */
import { chunks } from './engine.ts';
import { LIST_MAX, listQuery } from './query.ts';
import type { Database } from './schema.ts';

const remaining = listQuery<object>()((db, ids) => db.selectFrom('tasks').select('id').where('id', 'in', ids));

/** A task may have been deleted while its row was made. */
export async function forLiving<Row extends { readonly taskId: number }>(
  db: Database,
  rows: readonly Row[],
  write: (row: Row) => Promise<unknown>,
): Promise<void> {
  for (const some of chunks(rows, LIST_MAX)) {
    const ids = some.map((row) => row.taskId);
    const there = new Set((await remaining.all(db, {}, ids)).map((row) => row.id));
    for (const row of some) if (there.has(row.taskId)) await write(row);
  }
}

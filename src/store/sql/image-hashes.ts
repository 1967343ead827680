/** Hashes of pictures: one row per task, replaced when its file or the model that makes them has changed. */
import type { ImageHashRow, ImageHashStore } from '../ports/media.ts';
import type { Context } from './context.ts';
import { breather, chunks } from './engine.ts';
import { forLiving } from './living.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import type { ImageHashTable } from './schema.ts';

const ofTasks = listQuery<object>()((db, ids) => db.selectFrom('image_hashes').selectAll().where('task_id', 'in', ids));

const put = query<ImageHashTable>()((db, { task_id, content, model, hash }) =>
  db
    .insertInto('image_hashes')
    .values({ task_id, content, model, hash })
    .onConflict((conflict) => conflict.column('task_id').doUpdateSet({ content, model, hash })),
);

export function imageHashStore({ engine }: Context): ImageHashStore {
  return {
    ofTasks: async (taskIds) => {
      const all: ImageHashRow[] = [];
      const pause = breather();
      for (const ids of chunks(taskIds, LIST_MAX)) {
        const rows = await ofTasks.all(engine.reader, {}, ids);
        for (const { task_id, hash, ...row } of rows) all.push({ ...row, taskId: task_id, hash: JSON.parse(hash) });
        await pause();
      }
      return all;
    },
    put: (rows) =>
      engine.write(
        (db) =>
          forLiving(db, rows, ({ taskId, content, model, hash }) =>
            put.run(db, { task_id: taskId, content, model, hash: JSON.stringify(hash) }),
          ),
        { bulk: true },
      ),
  };
}

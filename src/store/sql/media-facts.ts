/** Facts of media: one row per task, replaced when its file is read again. */
import { isoTime } from '../../core/clock.ts';
import type { PlainError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { MediaFactRow, MediaFactStore } from '../ports/media.ts';
import type { Context } from './context.ts';
import { breather, chunks } from './engine.ts';
import { forLiving } from './living.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import type { MediaFactTable } from './schema.ts';

const ofTasks = listQuery<object>()((db, ids) => db.selectFrom('media_facts').selectAll().where('task_id', 'in', ids));

const ofVersion = query<{ version: string }>()((db, p) =>
  db
    .selectFrom('media_facts')
    .selectAll()
    .where('version', '=', p.version)
    .orderBy((eb) => eb.fn('length', ['facts']), 'desc')
    .limit(1),
);

const put = query<MediaFactTable>()((db, p) => {
  const { reference, version, facts, problem, created_at } = p;
  const row = { reference, version, facts, problem, created_at };
  return db
    .insertInto('media_facts')
    .values({ task_id: p.task_id, ...row })
    .onConflict((conflict) => conflict.column('task_id').doUpdateSet(row));
});

export function mediaFactStore({ engine, clock }: Context): MediaFactStore {
  return {
    ofTasks: async (taskIds) => {
      const all: MediaFactRow[] = [];
      const pause = breather();
      for (const ids of chunks(taskIds, LIST_MAX)) {
        all.push(...(await ofTasks.all(engine.reader, {}, ids)).map(toMediaFact));
        await pause();
      }
      return all;
    },
    ofVersion: async (version) => {
      const row = await ofVersion.first(engine.reader, { version });
      return row && toMediaFact(row);
    },
    put: (rows) =>
      engine.write((db) => forLiving(db, rows, (row) => put.run(db, fromMediaFact(row, isoTime(clock)))), {
        bulk: true,
      }),
  };
}

function toMediaFact({ task_id, reference, version, facts, problem, created_at }: MediaFactTable): MediaFactRow {
  return {
    taskId: task_id,
    reference,
    version,
    facts: JSON.parse(facts) as JsonObject,
    problem: problem === null ? null : (JSON.parse(problem) as PlainError),
    createdAt: created_at,
  };
}

function fromMediaFact(
  { taskId, reference, version, facts, problem }: Omit<MediaFactRow, 'createdAt'>,
  now: string,
): MediaFactTable {
  return {
    task_id: taskId,
    reference,
    version,
    facts: JSON.stringify(facts),
    problem: problem === null ? null : JSON.stringify(problem),
    created_at: now,
  };
}

/** Which task of a Label Studio server is which of ours; every change of both sides is one step. */
import { isoTime } from '../../core/clock.ts';
import type { StudioTask } from '../../core/connection.ts';
import type { Task } from '../../core/domain.ts';
import type { NewStudioTask, StudioStore } from '../ports/studio.ts';
import { type Context, found } from './context.ts';
import { breather, chunks } from './engine.ts';
import { LIST_MAX, listQuery, query, rowsQuery } from './query.ts';
import { bit } from './rows.ts';
import type { Bit, Database, Row } from './schema.ts';
import { edit, insertInto } from './tasks.ts';

const known = listQuery<{ connectionId: number }>()((db, ids, p) =>
  db.selectFrom('studio_tasks').selectAll().where('connection_id', '=', p.connectionId).where('studio_id', 'in', ids),
);

const byTask = listQuery<{ connectionId: number }>()((db, ids, p) =>
  db.selectFrom('studio_tasks').selectAll().where('task_id', 'in', ids).where('connection_id', '=', p.connectionId),
);

const pageOf = query<{ connectionId: number; after: number; limit: number; owed: Bit }>()((db, p) =>
  db
    .selectFrom('studio_tasks')
    .selectAll()
    .where('connection_id', '=', p.connectionId)
    .where('studio_id', '>', p.after)
    .where('owed', '>=', p.owed)
    .where('task_id', 'is not', null)
    .orderBy('studio_id')
    .limit(p.limit),
);

const projectOf = query<{ id: number }>()((db, p) =>
  db.selectFrom('connections').select('project_id').where('id', '=', p.id),
);

const insertKnown = rowsQuery(['connection_id', 'studio_id', 'task_id', 'data_hash'], (db, rows) =>
  db.insertInto('studio_tasks').values(rows),
);

const addTombstones = rowsQuery(['connection_id', 'studio_id', 'task_id', 'data_hash'], (db, rows) =>
  db
    .insertInto('studio_tasks')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['connection_id', 'studio_id']).doUpdateSet({ task_id: null })),
);

type Tasks = Pick<
  StudioStore,
  'tasks' | 'ofTasks' | 'page' | 'insertTasks' | 'changeTask' | 'dropTasks' | 'versions' | 'mark'
>;

export function studioTasks({ engine, clock }: Context): Tasks {
  const { reader } = engine;
  return {
    tasks: (connectionId, ids) => inPieces(ids, (some) => known.all(reader, { connectionId }, some)),
    ofTasks: (connectionId, ids) => inPieces(ids, (some) => byTask.all(reader, { connectionId }, some)),
    page: async (connectionId, after, limit, { owed = false } = {}) =>
      (await pageOf.all(reader, { connectionId, after, limit, owed: bit(owed) })).map(toStudioTask),
    insertTasks: (connectionId, runId, tasks) =>
      engine.write((db) => insertTasks(db, { connectionId, runId, now: isoTime(clock) }, tasks), { bulk: true }),
    changeTask: (connectionId, studioId, { dataHash, data }) =>
      engine.write(async (db) => {
        const row = (await known.all(db, { connectionId }, [studioId]))[0];
        const task = await edit(db, found(row?.task_id ?? undefined, 'task', studioId), { data }, isoTime(clock));
        await db
          .updateTable('studio_tasks')
          .set({ data_hash: dataHash, pushed: '', pushing: '' })
          .where('connection_id', '=', connectionId)
          .where('studio_id', '=', studioId)
          .execute();
        return task;
      }),
    dropTasks: (connectionId, ids) =>
      engine.write(async (db) => {
        const rows = [];
        for (const some of chunks(ids, LIST_MAX)) rows.push(...(await known.all(db, { connectionId }, some)));
        await addTombstones(
          db,
          ids.flatMap((id) => [connectionId, id, null, '']),
        );
        return rows.flatMap((row) => row.task_id ?? []);
      }),
    versions: async (connectionId) => {
      const rows = await reader
        .selectFrom('studio_tasks')
        .select('pushed')
        .distinct()
        .where('connection_id', '=', connectionId)
        .where('pushed', '!=', '')
        .execute();
      return rows.map((row) => row.pushed);
    },
    mark: (connectionId, ids, { pushed, pushing, owed }) =>
      engine.write(async (db) => {
        for (const some of chunks(ids, LIST_MAX)) {
          await db
            .updateTable('studio_tasks')
            .set({
              ...(pushed === undefined ? {} : { pushed }),
              ...(pushing === undefined ? {} : { pushing }),
              ...(owed === undefined ? {} : { owed: bit(owed) }),
            })
            .where('connection_id', '=', connectionId)
            .where('studio_id', 'in', [...some])
            .execute();
        }
      }),
  };
}

async function insertTasks(
  db: Database,
  { connectionId, runId, now }: { connectionId: number; runId: number; now: string },
  tasks: readonly NewStudioTask[],
): Promise<{ studioId: number; task: Task }[]> {
  const row = found(await projectOf.first(db, { id: connectionId }), 'connection', connectionId);
  const there = new Set<number>();
  for (const some of chunks(tasks, LIST_MAX)) {
    const ids = some.map((one) => one.studioId);
    for (const { studio_id } of await known.all(db, { connectionId }, ids)) there.add(studio_id);
  }
  const fresh = [...new Map(tasks.map((one) => [one.studioId, one])).values()].filter(
    (one) => !there.has(one.studioId),
  );
  if (fresh.length === 0) return [];
  const inserted = await insertInto(
    db,
    { projectId: row.project_id, runId, cursor: 0, now },
    fresh.map((one) => one.task),
  );
  await insertKnown(
    db,
    fresh.flatMap((one, i) => [connectionId, one.studioId, inserted[i]!.id, one.dataHash]),
  );
  return fresh.map((one, i) => ({ studioId: one.studioId, task: inserted[i]! }));
}

async function inPieces(
  ids: readonly number[],
  read: (some: readonly number[]) => Promise<Row<'studio_tasks'>[]>,
): Promise<StudioTask[]> {
  const pause = breather();
  const rows: Row<'studio_tasks'>[] = [];
  for (const some of chunks(ids, LIST_MAX)) {
    rows.push(...(await read(some)));
    await pause();
  }
  return rows.map(toStudioTask);
}

function toStudioTask(row: Row<'studio_tasks'>): StudioTask {
  return {
    studioId: row.studio_id,
    taskId: row.task_id,
    dataHash: row.data_hash,
    pushed: row.pushed,
    pushing: row.pushing,
    owed: row.owed === 1,
  };
}

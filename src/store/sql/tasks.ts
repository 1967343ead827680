/** Tasks: appended by import runs, addressed by id and by ordinal. */
import { isoTime } from '../../core/clock.ts';
import type { Task } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { NewTask, TaskStore } from '../ports/tasks.ts';
import { insertAttached } from './attached.ts';
import { type Context, found } from './context.ts';
import { addTasks, recount } from './counts.ts';
import { breather, chunks, type Engine } from './engine.ts';
import { bookGoingTasks } from './prediction-counts.ts';
import { dropMarks } from './predictions.ts';
import { LIST_MAX, listQuery, query, rowsQuery } from './query.ts';
import { toTask } from './rows.ts';
import { requireOpenRun } from './runs.ts';
import type { Database } from './schema.ts';
import { requireTask, taskById } from './task-lookup.ts';
import { standing } from './visible.ts';

const page = query<{ projectId: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('id', '>', p.after)
    .where(standing('tasks.run_id'))
    .orderBy('id')
    .limit(p.limit),
);

const atOrdinals = listQuery<{ projectId: number }>()((db, ordinals, p) =>
  db
    .selectFrom('tasks')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('ordinal', 'in', ordinals)
    .where(standing('tasks.run_id'))
    .orderBy('ordinal'),
);

const idsFrom = query<{ projectId: number; from: number; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select(['id', 'ordinal'])
    .where('project_id', '=', p.projectId)
    .where('ordinal', '>=', p.from)
    .where(standing('tasks.run_id'))
    .orderBy('ordinal')
    .limit(p.limit),
);

const insertedFrom = query<{ projectId: number; from: number; limit: number }>()((db, p) =>
  db
    .selectFrom('tasks')
    .select('id')
    .where('project_id', '=', p.projectId)
    .where('ordinal', '>=', p.from)
    .orderBy('ordinal')
    .limit(p.limit),
);

const ofRun = query<{ runId: number }>()((db, p) =>
  db.selectFrom('tasks').select('id').where('run_id', '=', p.runId).where(standing('tasks.run_id')).orderBy('id'),
);

const takeOrdinals = query<{ id: number; count: number }>()((db, p) =>
  db
    .updateTable('projects')
    .set((eb) => ({ ordinals: eb('ordinals', '+', p.count) }))
    .where('id', '=', p.id)
    .where('deleted_at', 'is', null)
    .returning('ordinals'),
);

const insertRows = rowsQuery(
  ['project_id', 'run_id', 'ordinal', 'data', 'meta', 'created_at', 'updated_at'],
  (db, rows) => db.insertInto('tasks').values(rows),
);

const addToRun = query<{ id: number; cursor: number; written: number }>()((db, p) =>
  db
    .updateTable('runs')
    .set((eb) => ({ cursor: p.cursor, written: eb('written', '+', p.written) }))
    .where('id', '=', p.id),
);

const deletable = listQuery<{ projectId: number }>()((db, ids, p) =>
  db
    .selectFrom('tasks')
    .select('id')
    .where('id', 'in', ids)
    .where('project_id', '=', p.projectId)
    .where(standing('tasks.run_id')),
);
const deleteAnnotations = listQuery<object>()((db, ids) => db.deleteFrom('annotations').where('task_id', 'in', ids));
const deleteRows = listQuery<object>()((db, ids) => db.deleteFrom('tasks').where('id', 'in', ids));

export function taskStore({ engine, clock }: Context): TaskStore {
  return {
    insert: (projectId, runId, tasks, cursor) => insert({ engine, clock }, projectId, runId, tasks, cursor),
    get: async (id) => {
      const row = await taskById.first(engine.reader, { id });
      return row && toTask(row);
    },
    list: async (projectId, options) => (await page.all(engine.reader, { projectId, ...options })).map(toTask),
    byOrdinals: (projectId, ordinals) => byOrdinals(engine, projectId, ordinals),
    ordinals: (projectId, from, limit) => ordinalsFrom(engine, projectId, from, limit),
    idsOfRun: async (runId) => (await ofRun.all(engine.reader, { runId })).map((row) => row.id),
    edit: (id, change) => engine.write((db) => edit(db, id, change, isoTime(clock))),
    delete: (projectId, ids) => remove(engine, projectId, ids),
  };
}

/** Rows per statement group between two looks at the clock. */
const INSERT_ROWS = 256;

async function insert(
  { engine, clock }: Context,
  projectId: number,
  runId: number,
  tasks: readonly NewTask[],
  cursor: number,
): Promise<Task[]> {
  const now = isoTime(clock);
  return engine.write((db) => insertInto(db, { projectId, runId, cursor, now }, tasks), { bulk: tasks.length > 1 });
}

/** Inside a write that is under way. */
export async function insertInto(
  db: Database,
  { projectId, runId, cursor, now }: { projectId: number; runId: number; cursor: number; now: string },
  tasks: readonly NewTask[],
): Promise<Task[]> {
  const pause = breather();
  await requireOpenRun(db, runId, projectId);
  const { ordinals } = found(
    await takeOrdinals.first(db, { id: projectId, count: tasks.length }),
    'project',
    projectId,
  );
  const first = ordinals - tasks.length;
  let ordinal = first;
  for (const some of chunks(tasks, INSERT_ROWS)) {
    const flat: unknown[] = [];
    for (const { data, meta } of some) {
      flat.push(projectId, runId, ordinal++, JSON.stringify(data), JSON.stringify(meta), now, now);
    }
    await insertRows(db, flat);
    await pause();
  }
  await addToRun.run(db, { id: runId, cursor, written: tasks.length });
  await addTasks.run(db, { projectId, tasks: tasks.length });
  const ids = await insertedFrom.all(db, { projectId, from: first, limit: tasks.length });
  await insertAttached(
    db,
    { projectId, runId, now },
    tasks.map((task, i) => ({ task, taskId: ids[i]!.id })),
  );
  return tasks.map(({ data, meta }, i) => ({
    id: ids[i]!.id,
    projectId,
    ordinal: first + i,
    data,
    meta,
    createdAt: now,
    updatedAt: now,
  }));
}

async function byOrdinals(engine: Engine, projectId: number, ordinals: readonly number[]): Promise<Task[]> {
  const pause = breather();
  const tasks: Task[] = [];
  for (const some of chunks(
    [...ordinals].sort((a, b) => a - b),
    LIST_MAX,
  )) {
    tasks.push(...(await atOrdinals.all(engine.reader, { projectId }, some)).map(toTask));
    await pause();
  }
  return tasks;
}

/** Rows per statement where a row is two numbers. */
const ORDINAL_ROWS = 4_096;

async function ordinalsFrom(
  engine: Engine,
  projectId: number,
  from: number,
  limit: number,
): Promise<{ ids: Float64Array; ordinals: Uint32Array }> {
  const pause = breather();
  const ids: number[] = [];
  const ordinals: number[] = [];
  for (let next = from; ids.length < limit; ) {
    const wanted = Math.min(ORDINAL_ROWS, limit - ids.length);
    const rows = await idsFrom.all(engine.reader, { projectId, from: next, limit: wanted });
    for (const row of rows) {
      ids.push(row.id);
      ordinals.push(row.ordinal);
    }
    if (rows.length < wanted) break;
    next = rows.at(-1)!.ordinal + 1;
    await pause();
  }
  return { ids: Float64Array.from(ids), ordinals: Uint32Array.from(ordinals) };
}

export async function edit(
  db: Database,
  id: number,
  change: { data?: JsonObject; meta?: JsonObject },
  now: string,
): Promise<Task> {
  const old = await requireTask(db, id);
  const data = change.data ?? old.data;
  const meta = change.meta ?? old.meta;
  const stale = JSON.stringify(data) !== JSON.stringify(old.data);
  const ordinal = stale ? (await takeOrdinals.first(db, { id: old.projectId, count: 1 }))!.ordinals - 1 : old.ordinal;
  await db
    .updateTable('tasks')
    .set({ ordinal, data: JSON.stringify(data), meta: JSON.stringify(meta), updated_at: now })
    .where('id', '=', id)
    .execute();
  if (stale) {
    await db.deleteFrom('votes').where('task_id', '=', id).execute();
    await dropMarks(db, id);
    await endLeases.run(db, { id });
  }
  return { ...old, ordinal, data, meta, updatedAt: now };
}

/** Gone, so that none is extended: whoever holds it is given it anew, as it is now, with a suggestion for that. */
const endLeases = query<{ id: number }>()((db, p) => db.deleteFrom('leases').where('task_id', '=', p.id));

/** Tasks per look at the clock: each takes its annotations, predictions and votes with it. */
const DELETE_TASKS = 64;

async function remove(engine: Engine, projectId: number, ids: readonly number[]): Promise<number> {
  return engine.write(
    async (db) => {
      const pause = breather();
      let removed = 0;
      for (const some of chunks([...new Set(ids)], DELETE_TASKS)) {
        const there = (await deletable.all(db, { projectId }, some)).map((row) => row.id);
        await deleteAnnotations.run(db, {}, there);
        await recount(db, projectId, there);
        await bookGoingTasks.run(db, {}, there);
        await deleteRows.run(db, {}, there);
        await addTasks.run(db, { projectId, tasks: -there.length });
        removed += there.length;
        await pause();
      }
      return removed;
    },
    { bulk: true },
  );
}

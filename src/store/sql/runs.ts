/** Runs: bulk acts that can be undone as a whole. */
import { isoTime } from '../../core/clock.ts';
import type { Run } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { RunStore } from '../ports/runs.ts';
import { type Context, found } from './context.ts';
import { addTasks, recount } from './counts.ts';
import { breather } from './engine.ts';
import { requireProject } from './projects.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import { toRun } from './rows.ts';
import type { Database } from './schema.ts';

const byId = query<{ id: number }>()((db, p) => db.selectFrom('runs').selectAll().where('id', '=', p.id));

const ofProject = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('runs').selectAll().where('project_id', '=', p.projectId).orderBy('id'),
);

const tasksOf = query<{ id: number; after: number; limit: number }>()((db, p) =>
  db.selectFrom('tasks').select('id').where('run_id', '=', p.id).where('id', '>', p.after).orderBy('id').limit(p.limit),
);

const annotationsOf = query<{ id: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('annotations')
    .select(['id', 'task_id'])
    .where('run_id', '=', p.id)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
);

const annotatedAmong = listQuery<object>()((db, ids) =>
  db.selectFrom('annotations').select('task_id').distinct().where('task_id', 'in', ids),
);

/** A run of this project that still writes; else NOT_FOUND or CONFLICT. */
export async function requireOpenRun(db: Database, id: number, projectId?: number): Promise<Run> {
  const row = await byId.first(db, { id });
  const run = toRun(found(row && (projectId ?? row.project_id) === row.project_id ? row : undefined, 'run', id));
  if (run.state !== 'running') throw new AppError('CONFLICT', `Run ${id} is ${run.state}; it writes no more.`);
  if (run.revokedAt !== null) throw new AppError('CONFLICT', `Run ${id} was undone; it writes no more.`);
  return run;
}

export function runStore({ engine, clock }: Context): RunStore {
  const get = async (db: Database, id: number): Promise<Run> => toRun(found(await byId.first(db, { id }), 'run', id));
  return {
    start: (run) =>
      engine.write(async (db) => {
        await requireProject(db, run.projectId);
        const row = await db
          .insertInto('runs')
          .values({
            project_id: run.projectId,
            kind: run.kind,
            labeler_id: run.labelerId,
            summary: run.summary,
            params: JSON.stringify(run.params),
            state: 'running',
            written: 0,
            cursor: 0,
            created_at: isoTime(clock),
            finished_at: null,
            revoked_at: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toRun(row);
      }),
    finish: (id, state, written) =>
      engine.write(async (db) => {
        const run = await get(db, id);
        // A worker that died between finishing its run and its job finishes the run again.
        if (run.state === state) return run;
        if (run.state !== 'running') throw new AppError('CONFLICT', `Run ${id} has ended as ${run.state}.`);
        const finishedAt = isoTime(clock);
        await db.updateTable('runs').set({ state, written, finished_at: finishedAt }).where('id', '=', id).execute();
        return { ...run, state, written, finishedAt };
      }),
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toRun(row);
    },
    list: async (projectId) => (await ofProject.all(engine.reader, { projectId })).map(toRun),
    cursor: async (id) => found(await byId.first(engine.reader, { id }), 'run', id).cursor,
    revoke: (id) => engine.write((db) => setRevoked(db, id, isoTime(clock)), { bulk: true }),
    restore: (id) => engine.write((db) => setRevoked(db, id, null), { bulk: true }),
  };
}

async function setRevoked(db: Database, id: number, revokedAt: string | null): Promise<Run> {
  const run = toRun(found(await byId.first(db, { id }), 'run', id));
  if ((run.revokedAt === null) === (revokedAt === null)) return run;
  await db.updateTable('runs').set({ revoked_at: revokedAt }).where('id', '=', id).execute();
  const pause = breather();
  let tasks = 0;
  for await (const brought of pages((page) => tasksOf.all(db, { id, ...page }))) {
    const annotated = await annotatedAmong.all(
      db,
      {},
      brought.map((row) => row.id),
    );
    await recount(
      db,
      run.projectId,
      annotated.map((row) => row.task_id),
    );
    tasks += brought.length;
    await pause();
  }
  for await (const written of pages((page) => annotationsOf.all(db, { id, ...page }))) {
    await recount(
      db,
      run.projectId,
      written.map((row) => row.task_id),
    );
    await pause();
  }
  await addTasks.run(db, { projectId: run.projectId, tasks: revokedAt === null ? tasks : -tasks });
  return { ...run, revokedAt };
}

/** All rows of a reading that is paged by id, a page at a time. */
async function* pages<T extends { readonly id: number }>(
  read: (page: { after: number; limit: number }) => Promise<T[]>,
): AsyncGenerator<T[]> {
  for (let after = 0; ; ) {
    const rows = await read({ after, limit: LIST_MAX });
    if (rows.length > 0) yield rows;
    if (rows.length < LIST_MAX) return;
    after = rows.at(-1)!.id;
  }
}

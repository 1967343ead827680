/** What spreading labels leaves behind: the sources of votes, and tasks that are wanted out of turn. */
import type { SpreadStore, VoteSource } from '../ports/spread.ts';
import type { Context } from './context.ts';
import { breather, chunks } from './engine.ts';
import { query, rowsQuery } from './query.ts';
import { requireOpenRun } from './runs.ts';

const insertSources = rowsQuery(['run_id', 'task_id', 'sources'], (db, rows) =>
  db
    .insertInto('vote_sources')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['run_id', 'task_id']).doNothing()),
);

const sourcesOf = query<{ runId: number; taskId: number }>()((db, p) =>
  db.selectFrom('vote_sources').select('sources').where('run_id', '=', p.runId).where('task_id', '=', p.taskId),
);

const want = query<{ projectId: number; taskId: number; checks: number }>()((db, p) =>
  db
    .insertInto('wanted_tasks')
    .values({ project_id: p.projectId, task_id: p.taskId, checks: p.checks as 0 | 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['project_id', 'task_id'])
        // Drawn at random for checking, it checks, whoever asked for it before.
        .doUpdateSet((eb) => ({
          checks: eb.fn<0 | 1>('max', [eb.ref('wanted_tasks.checks'), eb.ref('excluded.checks')]),
        })),
    ),
);

const wanted = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('wanted_tasks').select(['task_id', 'checks']).where('project_id', '=', p.projectId).orderBy('task_id'),
);

/** Rows between two looks at the clock. */
const WRITE_ROWS = 1_024;

export function spreadStore({ engine }: Context): SpreadStore {
  return {
    addSources: (runId, rows) =>
      engine.write(
        async (db) => {
          await requireOpenRun(db, runId);
          const pause = breather();
          for (const some of chunks(rows, WRITE_ROWS)) {
            await insertSources(
              db,
              some.flatMap(({ taskId, sources }) => [runId, taskId, encode(sources)]),
            );
            await pause();
          }
        },
        { bulk: true },
      ),
    sourcesOf: async (runId, taskId) => {
      const row = await sourcesOf.first(engine.reader, { runId, taskId });
      return row === undefined ? [] : decode(row.sources);
    },
    want: (projectId, tasks) =>
      engine.write(async (db) => {
        for (const { taskId, checks } of tasks) await want.run(db, { projectId, taskId, checks: checks ? 1 : 0 });
      }),
    wanted: async (projectId) =>
      (await wanted.all(engine.reader, { projectId })).map((row) => ({
        taskId: row.task_id,
        checks: row.checks === 1,
      })),
  };
}

function encode(sources: readonly VoteSource[]): string {
  return JSON.stringify(sources.map(({ taskId, similarity }) => [taskId, Number(similarity.toFixed(4))]));
}

function decode(text: string): VoteSource[] {
  return (JSON.parse(text) as [number, number][]).map(([taskId, similarity]) => ({ taskId, similarity }));
}

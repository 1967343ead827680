/** Votes of machines: narrow rows by the million, written many at a time. */
import type { Vote } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { VoteRow, VoteStore } from '../ports/votes.ts';
import type { Context } from './context.ts';
import { breather, chunks, type Engine } from './engine.ts';
import { LIST_MAX, listQuery, query, rowsQuery } from './query.ts';
import { requireOpenRun } from './runs.ts';
import type { Database } from './schema.ts';
import { standing } from './visible.ts';

const insertRows = rowsQuery(['run_id', 'task_id', 'label_id', 'labeler_id', 'score'], (db, rows) =>
  db
    .insertInto('votes')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['run_id', 'task_id', 'label_id', 'labeler_id']).doNothing()),
);

const addToRun = query<{ id: number; written: number }>()((db, p) =>
  db
    .updateTable('runs')
    .set((eb) => ({ written: eb('written', '+', p.written) }))
    .where('id', '=', p.id),
);

const labelIds = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('labels').select('id').where('project_id', '=', p.projectId),
);

/** Of any project: asked for one, SQLite would walk through all of its tasks. */
const livingTasks = listQuery<object>()((db, ids) =>
  db.selectFrom('tasks').select(['id', 'ordinal', 'project_id']).where('id', 'in', ids),
);

/** Votes with the label they count for; of tasks and runs that still stand. */
function visible(db: Database) {
  return db
    .selectFrom('votes')
    .innerJoin('tasks', 'tasks.id', 'votes.task_id')
    .innerJoin('labels', 'labels.id', 'votes.label_id')
    .where(standing('votes.run_id'))
    .where(standing('tasks.run_id'))
    .select([
      'votes.run_id',
      'votes.task_id',
      'votes.label_id',
      'votes.labeler_id',
      'votes.score',
      'labels.merged_into',
    ]);
}

const ofTasks = listQuery<object>()((db, ids) =>
  visible(db)
    .where('votes.task_id', 'in', ids)
    .orderBy('votes.task_id')
    .orderBy('votes.run_id')
    .orderBy('votes.label_id')
    .orderBy('votes.labeler_id'),
);

const ofRun = query<{ runId: number; after: number; limit: number }>()((db, p) =>
  visible(db)
    .where('votes.run_id', '=', p.runId)
    .where('votes.task_id', '>', p.after)
    .orderBy('votes.task_id')
    .orderBy('votes.label_id')
    .orderBy('votes.labeler_id')
    .limit(p.limit),
);

const ofRunAndTask = query<{ runId: number; taskId: number }>()((db, p) =>
  visible(db)
    .where('votes.run_id', '=', p.runId)
    .where('votes.task_id', '=', p.taskId)
    .orderBy('votes.label_id')
    .orderBy('votes.labeler_id'),
);

const pruneSome = query<{ runId: number; upTo: number }>()((db, p) =>
  db.deleteFrom('votes').where('run_id', '=', p.runId).where('task_id', '<=', p.upTo),
);
const firstTasks = query<{ runId: number; limit: number }>()((db, p) =>
  db.selectFrom('votes').select('task_id').where('run_id', '=', p.runId).orderBy('task_id').limit(p.limit),
);

interface MergedRow {
  readonly run_id: number;
  readonly task_id: number;
  readonly label_id: number;
  /** 0: the labeler of the run. */
  readonly labeler_id: number;
  readonly score: number;
  readonly merged_into: number | null;
}

export function voteStore({ engine }: Context): VoteStore {
  return {
    write: (runId, votes) => engine.write((db) => write(db, runId, votes), { bulk: votes.length > 1 }),
    ofTasks: async (taskIds) => {
      const pause = breather();
      const all: Vote[] = [];
      for (const ids of chunks(
        [...new Set(taskIds)].sort((a, b) => a - b),
        LIST_MAX,
      )) {
        for (const vote of toVotes(await ofTasks.all(engine.reader, {}, ids))) all.push(vote);
        await pause();
      }
      return all;
    },
    ofRun: (runId, { after, limit }) => pageOfRun(engine.reader, runId, after, limit),
    prune: (runId) => prune(engine, runId),
  };
}

/** Rows between two looks at the clock. */
const WRITE_ROWS = 1_024;

async function write(db: Database, runId: number, votes: readonly VoteRow[]): Promise<number> {
  const { projectId } = await requireOpenRun(db, runId);
  await checkLabels(db, projectId, votes);
  const pause = breather();
  let written = 0;
  for (const some of chunks(votes, WRITE_ROWS)) {
    const living = await ofLivingTasks(db, projectId, some);
    const flat = new Array<number>(living.length * 5);
    let at = 0;
    for (const { taskId, labelId, labelerId, score } of living) {
      flat[at++] = runId;
      flat[at++] = taskId;
      flat[at++] = labelId;
      flat[at++] = labelerId ?? 0;
      flat[at++] = score;
    }
    written += await insertRows(db, flat);
    await pause();
  }
  await addToRun.run(db, { id: runId, written });
  return written;
}

async function checkLabels(db: Database, projectId: number, votes: readonly VoteRow[]): Promise<void> {
  const known = new Set((await labelIds.all(db, { projectId })).map((row) => row.id));
  const stranger = votes.find((vote) => !known.has(vote.labelId));
  if (stranger) throw new AppError('NOT_FOUND', `There is no label ${stranger.labelId} in project ${projectId}.`);
}

/** A task that was deleted, or is about something else by now, gets no vote. */
async function ofLivingTasks(db: Database, projectId: number, votes: readonly VoteRow[]): Promise<readonly VoteRow[]> {
  const living = new Map<number, number>();
  const asked = [...new Set(votes.map((vote) => vote.taskId))];
  for (const ids of chunks(asked, LIST_MAX)) {
    for (const row of await livingTasks.all(db, {}, ids)) {
      if (row.project_id === projectId) living.set(row.id, row.ordinal);
    }
  }
  return votes.filter(
    ({ taskId, ordinal }) => living.has(taskId) && (ordinal ?? living.get(taskId)) === living.get(taskId),
  );
}

/** Never splits a task: the votes of the last one are all there, even where that exceeds the limit. */
async function pageOfRun(db: Database, runId: number, after: number, limit: number): Promise<Vote[]> {
  const rows = await ofRun.all(db, { runId, after, limit });
  if (rows.length < limit || rows.length === 0) return toVotes(rows);
  const taskId = rows.at(-1)!.task_id;
  const whole = await ofRunAndTask.all(db, { runId, taskId });
  return toVotes([...rows.filter((row) => row.task_id !== taskId), ...whole]);
}

/** Two votes of one labeler that merging has made the same count once, with the higher score. */
function toVotes(rows: readonly MergedRow[]): Vote[] {
  const votes = rows.map(
    (row): Vote => ({
      runId: row.run_id,
      taskId: row.task_id,
      labelId: row.merged_into ?? row.label_id,
      ...(row.labeler_id === 0 ? {} : { labelerId: row.labeler_id }),
      score: row.score,
    }),
  );
  if (rows.every((row) => row.merged_into === null)) return votes;
  const best = new Map<string, Vote>();
  for (const vote of votes) {
    const key = `${vote.runId} ${vote.taskId} ${vote.labelId} ${vote.labelerId ?? 0}`;
    const other = best.get(key);
    if (!other || other.score < vote.score) best.set(key, vote);
  }
  return [...best.values()];
}

const PRUNE_ROWS = 2_000;

async function prune(engine: Engine, runId: number): Promise<void> {
  const pause = breather();
  for (let more = true; more; ) {
    await engine.write(
      async (db) => {
        const rows = await firstTasks.all(db, { runId, limit: PRUNE_ROWS });
        more = rows.length === PRUNE_ROWS;
        if (rows.length > 0) await pruneSome.run(db, { runId, upTo: rows.at(-1)!.task_id });
      },
      { bulk: true },
    );
    await pause();
  }
}

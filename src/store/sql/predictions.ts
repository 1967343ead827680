/** Predictions: suggestions kept word for word, as they were shown or imported. */
import { isoTime } from '../../core/clock.ts';
import type { Prediction } from '../../core/domain.ts';
import type { NewPrediction, PredictionStore } from '../ports/predictions.ts';
import { type Context, found } from './context.ts';
import { breather, chunks } from './engine.ts';
import { bookAdded, bookGoing, predictionTotal } from './prediction-counts.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import { toPrediction } from './rows.ts';
import type { Database, PredictionTable } from './schema.ts';
import { requireTask, taskById } from './task-lookup.ts';
import { standing } from './visible.ts';

function visible(db: Database) {
  return db
    .selectFrom('predictions')
    .innerJoin('tasks', 'tasks.id', 'predictions.task_id')
    .where(standing('predictions.run_id'))
    .where(standing('tasks.run_id'))
    .selectAll('predictions');
}

export const predictionById = query<{ id: number }>()((db, p) => visible(db).where('predictions.id', '=', p.id));

const ofTasks = listQuery<object>()((db, ids) =>
  visible(db).where('predictions.task_id', 'in', ids).orderBy('predictions.id'),
);

const insertRow = query<Omit<PredictionTable, 'id'>>()((db, p) =>
  db
    .insertInto('predictions')
    .values({
      project_id: p.project_id,
      task_id: p.task_id,
      labeler_id: p.labeler_id,
      run_id: p.run_id,
      result: p.result,
      score: p.score,
      created_at: p.created_at,
    })
    .returning('id'),
);

const change = query<{ id: number; result: string; score: number | null }>()((db, p) =>
  db.updateTable('predictions').set({ result: p.result, score: p.score }).where('id', '=', p.id),
);
const remove = query<{ id: number }>()((db, p) => db.deleteFrom('predictions').where('id', '=', p.id));
/** To be run before a prediction goes that its task outlives: no foreign key does it. */
const forget = query<{ id: number; taskId: number }>()((db, p) =>
  db
    .updateTable('annotations')
    .set({ parent_prediction: null })
    .where('task_id', '=', p.taskId)
    .where('parent_prediction', '=', p.id),
);

/** Answered from the index alone, so that their results are not read. */
const counts = query<{ projectId: number }>()((db, p) =>
  db
    .selectFrom('predictions')
    .where('project_id', '=', p.projectId)
    .where(standing('predictions.run_id'))
    .groupBy('labeler_id')
    .select((eb) => [
      'labeler_id as labelerId',
      eb.fn.countAll<number>().as('count'),
      eb(eb.fn.countAll<number>(), '-', eb.fn.count<number>('run_id')).as('withoutRun'),
      eb.fn.max<string>('created_at').as('latest'),
    ]),
);

const some = query<{ projectId: number; labelerId: number; limit: number }>()((db, p) =>
  db
    .selectFrom('predictions')
    .where('project_id', '=', p.projectId)
    .where('labeler_id', '=', p.labelerId)
    .where('run_id', 'is', null)
    .select(['id', 'task_id'])
    .limit(p.limit),
);

const removeAll = listQuery<object>()((db, ids) => db.deleteFrom('predictions').where('id', 'in', ids));

export function predictionStore({ engine, clock }: Context): PredictionStore {
  return {
    add: (predictions) =>
      engine.write((db) => addMany(db, predictions, isoTime(clock)), { bulk: predictions.length > 1 }),
    get: async (id) => {
      const row = await predictionById.first(engine.reader, { id });
      return row && toPrediction(row);
    },
    ofTasks: async (taskIds) => {
      const pause = breather();
      const all: Prediction[] = [];
      for (const ids of chunks(taskIds, LIST_MAX)) {
        all.push(...(await ofTasks.all(engine.reader, {}, ids)).map(toPrediction));
        await pause();
      }
      return all.sort((a, b) => a.id - b.id);
    },
    update: (id, { result, score }) =>
      engine.write(async (db) => {
        const row = found(await predictionById.first(db, { id }), 'prediction', id);
        await change.run(db, { id, result: JSON.stringify(result), score });
        return { ...toPrediction(row), result, score };
      }),
    delete: (id) =>
      engine.write(async (db) => {
        const row = found(await predictionById.first(db, { id }), 'prediction', id);
        await forget.run(db, { id, taskId: row.task_id });
        await bookGoing.run(db, {}, [id]);
        await remove.run(db, { id });
      }),
    count: async (projectId) => (await predictionTotal.first(engine.reader, { projectId }))!.total,
    countsByLabeler: (projectId) => counts.all(engine.reader, { projectId }),
    deleteOfLabeler: (projectId, labelerId) =>
      engine.write(
        async (db) => {
          const pause = breather();
          for (let deleted = 0; ; ) {
            const rows = await some.all(db, { projectId, labelerId, limit: LIST_MAX });
            if (rows.length === 0) return deleted;
            for (const row of rows) await forget.run(db, { id: row.id, taskId: row.task_id });
            const ids = rows.map((row) => row.id);
            await bookGoing.run(db, {}, ids);
            deleted += await removeAll.run(db, {}, ids);
            await pause();
          }
        },
        { bulk: true },
      ),
  };
}

export async function addMany(db: Database, predictions: readonly NewPrediction[], now: string): Promise<Prediction[]> {
  const pause = breather();
  const all: Prediction[] = [];
  for (const some of chunks(predictions, LIST_MAX)) {
    const added: Prediction[] = [];
    for (const one of some) {
      if (await isWanted(db, one)) added.push(await insertOne(db, one, now));
      await pause();
    }
    const ids = added.map((one) => one.id);
    await bookAdded.run(db, {}, ids);
    all.push(...added);
  }
  return all;
}

/** Throws NOT_FOUND for a task that has to be there. */
async function isWanted(db: Database, { taskId, projectId, ordinal }: NewPrediction): Promise<boolean> {
  if (ordinal !== undefined) {
    const row = await taskById.first(db, { id: taskId });
    return row?.ordinal === ordinal && row.project_id === projectId;
  }
  await requireTask(db, taskId, projectId);
  return true;
}

const ofRunsOfTask = query<{ taskId: number }>()((db, p) =>
  db
    .selectFrom('predictions')
    .innerJoin('runs', 'runs.id', 'predictions.run_id')
    .where('predictions.task_id', '=', p.taskId)
    .where('runs.kind', '!=', 'import')
    .select('predictions.id'),
);

/** What machines here have marked in a task goes with the data that it was marked in. */
export async function dropMarks(db: Database, taskId: number): Promise<void> {
  const ids = (await ofRunsOfTask.all(db, { taskId })).map((row) => row.id);
  if (ids.length === 0) return;
  for (const id of ids) await forget.run(db, { id, taskId });
  for (const some of chunks(ids, LIST_MAX)) {
    await bookGoing.run(db, {}, some);
    await removeAll.run(db, {}, some);
  }
}

/** For a task that the caller knows to be there. */
export async function addOne(db: Database, one: NewPrediction, now: string): Promise<Prediction> {
  const added = await insertOne(db, one, now);
  await bookAdded.run(db, {}, [added.id]);
  return added;
}

async function insertOne(db: Database, { ordinal: _, ...one }: NewPrediction, now: string): Promise<Prediction> {
  const row = await insertRow.first(db, {
    project_id: one.projectId,
    task_id: one.taskId,
    labeler_id: one.labelerId,
    run_id: one.runId,
    result: JSON.stringify(one.result),
    score: one.score,
    created_at: now,
  });
  return { ...one, id: row!.id, createdAt: now };
}

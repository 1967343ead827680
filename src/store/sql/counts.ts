/**
 * The running totals behind progress bars and the queue. One function brings the totals of some tasks up to date after
 * any change to their annotations: it counts these tasks again and books the difference, so a repeated call is harmless.
 */
import { chunks } from './engine.ts';
import { LIST_MAX, listQuery, query, rowsQuery } from './query.ts';
import type { Database, TaskAnswerTable } from './schema.ts';
import { standing } from './visible.ts';

type Totals = Omit<TaskAnswerTable, 'project_id'>;

const NONE = { answers: 0, skipped: 0, ground_truth: 0 };

const booked = listQuery<object>()((db, ids) =>
  db.selectFrom('task_answers').where('task_id', 'in', ids).select(['task_id', 'answers', 'skipped', 'ground_truth']),
);

const counted = listQuery<object>()((db, ids) =>
  db
    .selectFrom('annotations')
    .innerJoin('tasks', 'tasks.id', 'annotations.task_id')
    .where('annotations.task_id', 'in', ids)
    .where(standing('annotations.run_id'))
    .where(standing('tasks.run_id'))
    .groupBy('annotations.task_id')
    .select((eb) => [
      'annotations.task_id',
      eb(eb.fn.countAll<number>(), '-', eb.fn.sum<number>('annotations.skipped')).as('answers'),
      eb.fn.sum<number>('annotations.skipped').as('skipped'),
      eb.fn.sum<number>('annotations.ground_truth').as('ground_truth'),
    ]),
);

const forget = listQuery<object>()((db, ids) => db.deleteFrom('task_answers').where('task_id', 'in', ids));

const book = rowsQuery(['task_id', 'project_id', 'answers', 'skipped', 'ground_truth'], (db, rows) =>
  db
    .insertInto('task_answers')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('task_id').doUpdateSet((eb) => ({
        answers: eb.ref('excluded.answers'),
        skipped: eb.ref('excluded.skipped'),
        ground_truth: eb.ref('excluded.ground_truth'),
      })),
    ),
);

const addToHistogram = rowsQuery(['project_id', 'answers', 'tasks'], (db, rows) =>
  db
    .insertInto('answer_counts')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['project_id', 'answers'])
        .doUpdateSet((eb) => ({ tasks: eb('answer_counts.tasks', '+', eb.ref('excluded.tasks')) })),
    ),
);

const addToProject = query<{ projectId: number; answers: number; skipped: number; truths: number }>()((db, p) =>
  db
    .updateTable('project_counts')
    .where('project_id', '=', p.projectId)
    .set((eb) => ({
      annotations: eb('annotations', '+', p.answers),
      skipped: eb('skipped', '+', p.skipped),
      ground_truth: eb('ground_truth', '+', p.truths),
    })),
);

/** Adds to the number of tasks of a project. */
export const addTasks = query<{ projectId: number; tasks: number }>()((db, p) =>
  db
    .updateTable('project_counts')
    .where('project_id', '=', p.projectId)
    .set((eb) => ({ tasks: eb('tasks', '+', p.tasks) })),
);

/** Brings the totals of these tasks and of their project up to date; `pause` is awaited between pieces. */
export async function recount(
  db: Database,
  projectId: number,
  taskIds: readonly number[],
  pause: () => Promise<void> | undefined = () => undefined,
): Promise<void> {
  for (const ids of chunks([...new Set(taskIds)], LIST_MAX)) {
    await recountSome(db, projectId, ids);
    await pause();
  }
}

async function recountSome(db: Database, projectId: number, ids: readonly number[]): Promise<void> {
  const before = byTask(await booked.all(db, {}, ids));
  const now = byTask(await counted.all(db, {}, ids));
  const histogram = new Map<number, number>();
  const difference = { answers: 0, skipped: 0, truths: 0 };
  const changed: unknown[] = [];
  for (const id of ids) {
    const old = before.get(id) ?? NONE;
    const fresh = now.get(id) ?? NONE;
    if (old.answers !== fresh.answers) {
      histogram.set(old.answers, (histogram.get(old.answers) ?? 0) - 1);
      histogram.set(fresh.answers, (histogram.get(fresh.answers) ?? 0) + 1);
    }
    difference.answers += fresh.answers - old.answers;
    difference.skipped += fresh.skipped - old.skipped;
    difference.truths += fresh.ground_truth - old.ground_truth;
    if (now.has(id)) changed.push(id, projectId, fresh.answers, fresh.skipped, fresh.ground_truth);
  }
  const emptied = ids.filter((id) => before.has(id) && !now.has(id));
  await book(db, changed);
  await forget.run(db, {}, emptied);
  const bars = [...histogram].filter(([answers, tasks]) => answers > 0 && tasks !== 0);
  await addToHistogram(
    db,
    bars.flatMap(([answers, tasks]) => [projectId, answers, tasks]),
  );
  await addToProject.run(db, { projectId, ...difference });
}

function byTask(rows: readonly Totals[]): Map<number, Totals> {
  return new Map(rows.map((row) => [row.task_id, row]));
}

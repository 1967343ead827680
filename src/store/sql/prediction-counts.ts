/**
 * How many predictions a project has, without counting them: kept per pair of the run that brought the task and the run
 * that wrote the prediction, so that an undo leaves out the rows of its run here just as it does everywhere else.
 */
import { listQuery, query } from './query.ts';
import { standing } from './visible.ts';

/** Stands for the run of predictions that none wrote. */
const NO_RUN = 0;

/** Adds up these predictions, which are in the table, `sign` times. */
function booking(column: 'predictions.id' | 'predictions.task_id', sign: 1 | -1) {
  return listQuery<object>()((db, ids) =>
    db
      .insertInto('prediction_counts')
      .columns(['project_id', 'task_run_id', 'run_id', 'predictions'])
      .expression(
        db
          .selectFrom('predictions')
          .innerJoin('tasks', 'tasks.id', 'predictions.task_id')
          .where(column, 'in', ids)
          .groupBy(['predictions.project_id', 'tasks.run_id', 'predictions.run_id'])
          .select((eb) => [
            'predictions.project_id',
            'tasks.run_id as task_run_id',
            eb.fn.coalesce('predictions.run_id', eb.lit(NO_RUN)).as('run_id'),
            eb(eb.fn.countAll<number>(), '*', eb.lit(sign)).as('predictions'),
          ]),
      )
      .onConflict((conflict) =>
        conflict.columns(['project_id', 'task_run_id', 'run_id']).doUpdateSet((eb) => ({
          predictions: eb('prediction_counts.predictions', '+', eb.ref('excluded.predictions')),
        })),
      ),
  );
}

/** Of predictions that were written just now. */
export const bookAdded = booking('predictions.id', 1);
/** Of predictions that go next. */
export const bookGoing = booking('predictions.id', -1);
/** Of tasks that go next, and their predictions with them. */
export const bookGoingTasks = booking('predictions.task_id', -1);

/** The visible ones. */
export const predictionTotal = query<{ projectId: number }>()((db, p) =>
  db
    .selectFrom('prediction_counts')
    .where('project_id', '=', p.projectId)
    .where(standing('prediction_counts.task_run_id'))
    .where(standing('prediction_counts.run_id'))
    .select((eb) => eb.fn.coalesce(eb.fn.sum<number>('predictions'), eb.lit(0)).as('total')),
);

/** Answers and suggestions that come with imported tasks: written in the transaction that writes the tasks. */
import type { NewTask } from '../ports/tasks.ts';
import { insertMany } from './annotations.ts';
import { addMany } from './predictions.ts';
import type { Database } from './schema.ts';

export async function insertAttached(
  db: Database,
  { projectId, runId, now }: { projectId: number; runId: number; now: string },
  inserted: readonly { readonly task: NewTask; readonly taskId: number }[],
): Promise<void> {
  const annotations = inserted.flatMap(({ task, taskId }) =>
    (task.annotations ?? []).map((one) => ({ ...one, projectId, taskId, runId })),
  );
  const predictions = inserted.flatMap(({ task, taskId }) =>
    (task.predictions ?? []).map((one) => ({ ...one, projectId, taskId, runId })),
  );
  if (annotations.length > 0) await insertMany(db, annotations, now);
  if (predictions.length > 0) await addMany(db, predictions, now);
}

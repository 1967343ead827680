/** The queue's order as a number in each task over there, so that Label Studio can sort by it. */
import type { Connection } from '../../core/connection.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { AS_WRITTEN, refusedWith, type StudioClient } from './client.ts';
import type { Proposals } from './proposals.ts';
import { patiently } from './push.ts';

export const ORDER_FIELD = 'headstart_order';
const PAGE = 500;

/**
 * Writes 1, 2, 3... into the order field of every task: first what the queue would hand out next, then the least sure
 * proposals. Only numbers that changed are written; returns how many.
 */
export async function writeOrder(
  { deps, proposals }: { deps: Deps; proposals: Proposals },
  connection: Connection,
  work: JobWork,
  client: StudioClient,
): Promise<number> {
  const field = connection.settings.orderField ?? ORDER_FIELD;
  const byOrder = { ...connection, settings: { ...connection.settings, scores: 'order' as const } };
  const suggester = await proposals.of(byOrder);
  const placed: { studioId: number; place: number }[] = [];
  for (let after = 0; ; ) {
    throwIfStopped(work.signal);
    const rows = await deps.store.studio.page(connection.id, after, PAGE);
    if (rows.length === 0) break;
    after = rows.at(-1)!.studioId;
    const tasks = await Promise.all(rows.map((row) => deps.store.tasks.get(row.taskId!)));
    const known = rows.flatMap((row, i) => (tasks[i] ? [{ row, task: tasks[i] }] : []));
    const scored = await suggester.suggest(
      known.map(({ task }) => ({ task, data: task.data })),
      { lane: 'bulk', signal: work.signal },
    );
    // Nothing is known of it: between what the queue wants and what is sure.
    for (const [i, { row }] of known.entries()) {
      placed.push({ studioId: row.studioId, place: scored[i]?.score ?? UNKNOWN });
    }
  }
  placed.sort((a, b) => a.place - b.place || a.studioId - b.studioId);
  let written = 0;
  for (const [i, { studioId }] of placed.entries()) {
    throwIfStopped(work.signal);
    const data = await dataOf(work, client, studioId);
    if (data !== null && data[field] !== i + 1) {
      await patiently(work, () => client.patch(`/api/tasks/${studioId}/`, { data: { ...data, [field]: i + 1 } }));
      written += 1;
    }
    if (i % 20 === 0) await work.progress({ stage: `writing ${field}`, done: i + 1, total: placed.length });
  }
  return written;
}

const UNKNOWN = 0.75;

/** Null for a task that is gone over there. */
async function dataOf(work: JobWork, client: StudioClient, studioId: number): Promise<JsonObject | null> {
  try {
    const task = await patiently(work, () => client.get(`/api/tasks/${studioId}/?${AS_WRITTEN}`));
    return isJsonObject(task) && isJsonObject(task.data) ? task.data : null;
  } catch (error) {
    if (refusedWith(error) === 404) return null;
    throw error;
  }
}

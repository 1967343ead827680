/** The queue's order as a number in each task over there, so that Label Studio can sort by it. */
import type { Connection } from '../../core/connection.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { refusedWith, type StudioClient, taskPage } from './client.ts';
import type { Proposals } from './proposals.ts';
import { patiently } from './push.ts';

export const ORDER_FIELD = 'headstart_order';
/** Tasks per look at the store. */
const PAGE = 500;
/** Tasks per call: the data of each is written back whole, and must not be older than a few writes. */
const WIRE_PAGE = 20;

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
  const numbers = new Map(placed.map(({ studioId }, i) => [studioId, i + 1]));
  let looked = 0;
  let written = 0;
  // Page by page: to ask for a task by itself has Label Studio ask for its predictions.
  for (let page = 1; ; page++) {
    const { tasks, total } = await patiently(work, () => taskPage(client, connection.studioProject!, page, WIRE_PAGE));
    for (const task of tasks) {
      throwIfStopped(work.signal);
      if (await writeNumber(work, client, { task, field, numbers })) written += 1;
    }
    looked += tasks.length;
    await work.progress({ stage: `writing ${field}`, done: looked, total: Math.max(looked, total) });
    if (tasks.length === 0 || looked >= total) return written;
  }
}

const UNKNOWN = 0.75;

interface Numbering {
  /** As Label Studio lists it. */
  readonly task: Json;
  readonly field: string;
  readonly numbers: ReadonlyMap<number, number>;
}

/** False where nothing had to be written, or the task is gone since it was listed. */
async function writeNumber(work: JobWork, client: StudioClient, { task, field, numbers }: Numbering): Promise<boolean> {
  if (!isJsonObject(task) || !isJsonObject(task.data)) return false;
  const { id, data } = task;
  const number = numbers.get(Number(id));
  if (number === undefined || data[field] === number) return false;
  try {
    await patiently(work, () => client.patch(`/api/tasks/${Number(id)}/`, { data: { ...data, [field]: number } }));
    return true;
  } catch (error) {
    if (refusedWith(error) === 404) return false;
    throw error;
  }
}

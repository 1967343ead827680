/** The queue's order as a number in each task over there, so that Label Studio can sort by it. */
import type { Connection } from '../../core/connection.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { refusedWith, type StudioClient, tasksNow } from './client.ts';
import { orderFieldOf } from './connections.ts';
import type { Proposals } from './proposals.ts';
import { patiently } from './push.ts';

/** Tasks per look at the store. */
const PAGE = 500;
/** Tasks per look at which numbers stand over there: their ids are in the address, which servers bound. */
const WIRE_PAGE = 100;

/**
 * Writes 1, 2, 3... into the order field of every task: first what the queue would hand out next, then the least sure
 * proposals. Only numbers that changed are written, or with `dryRun` counted; returns how many.
 */
export async function writeOrder(
  { deps, proposals }: { deps: Deps; proposals: Proposals },
  connection: Connection,
  work: JobWork,
  client: StudioClient,
  dryRun: boolean,
): Promise<number> {
  const field = orderFieldOf(connection);
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
  const ids = [...numbers.keys()];
  const numbering = { client, studioProject: connection.studioProject!, field, numbers };
  let written = 0;
  for (let from = 0; from < ids.length; from += WIRE_PAGE) {
    const page = ids.slice(from, from + WIRE_PAGE);
    for (const { id } of await patiently(work, () => outdated(numbering, page))) {
      throwIfStopped(work.signal);
      if (dryRun || (await patiently(work, () => writeNumber(numbering, id)))) written += 1;
    }
    await work.progress({
      stage: `${dryRun ? 'looking at' : 'writing'} ${field}`,
      done: from + page.length,
      total: ids.length,
    });
  }
  return written;
}

const UNKNOWN = 0.75;

interface Numbering {
  readonly client: StudioClient;
  readonly studioProject: number;
  readonly field: string;
  readonly numbers: ReadonlyMap<number, number>;
}

/** Of these tasks, those that are there and carry another number, or none. */
async function outdated(
  { client, studioProject, field, numbers }: Numbering,
  ids: readonly number[],
): Promise<{ id: number; data: JsonObject }[]> {
  return (await tasksNow(client, studioProject, ids)).flatMap((task) => {
    if (!isJsonObject(task) || !isJsonObject(task.data)) return [];
    const { data } = task;
    const id = Number(task.id);
    const number = numbers.get(id);
    return number === undefined || data[field] === number ? [] : [{ id, data }];
  });
}

/**
 * The data goes back whole, which is all that Label Studio takes: read anew, right before, so that what somebody makes of
 * the task meanwhile stays. False where nothing had to be written, or the task is gone.
 */
async function writeNumber(numbering: Numbering, id: number): Promise<boolean> {
  const [task] = await outdated(numbering, [id]);
  if (task === undefined) return false;
  const data = { ...task.data, [numbering.field]: numbering.numbers.get(id)! };
  try {
    await numbering.client.patch(`/api/tasks/${id}/`, { data });
    return true;
  } catch (error) {
    if (refusedWith(error) === 404) return false;
    throw error;
  }
}

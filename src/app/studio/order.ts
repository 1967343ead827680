/** The queue's order as a number in each task over there, so that Label Studio can sort by it. */
import type { Connection } from '../../core/connection.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { refusedWith, type StudioClient, tasksNow } from './client.ts';
import type { Connections } from './connections.ts';
import { checkOrderField, orderFieldOf, orderFields, takenFields, theirs } from './order-fields.ts';
import type { Proposals } from './proposals.ts';
import { patiently } from './push.ts';

/** Tasks per look at the store. */
const PAGE = 500;
/** Tasks per look at which numbers stand over there: their ids are in the address, which servers bound. */
const WIRE_PAGE = 100;

export interface OrderParts {
  readonly deps: Deps;
  readonly configs: ProjectConfigs;
  readonly connections: Connections;
  readonly proposals: Proposals;
}

/**
 * Writes 1, 2, 3... into the order field of every task: first what the queue would hand out next, then the least sure
 * proposals. Only numbers that changed are written, or with `dryRun` counted; returns how many.
 * Throws CONFLICT when the field is not ours; where a single task holds anything but a number in it, that task is failed.
 */
export async function writeOrder(
  { deps, configs, connections, proposals }: OrderParts,
  connection: Connection,
  work: JobWork,
  client: StudioClient,
  dryRun: boolean,
): Promise<number> {
  const field = orderFieldOf(connection);
  const project = await found('project', connection.projectId, deps.store.projects.get(connection.projectId));
  await checkOrderField(deps.store, connection, configs.of(project).parsed);
  const byOrder = { ...connection, settings: { ...connection.settings, scores: 'order' as const } };
  const suggester = await proposals.of(byOrder);
  const placed: { studioId: number; place: number }[] = [];
  const taskIds = new Map<number, number>();
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
    for (const [i, { row, task }] of known.entries()) {
      taskIds.set(row.studioId, task.id);
      placed.push({ studioId: row.studioId, place: scored[i]?.score ?? UNKNOWN });
    }
  }
  placed.sort((a, b) => a.place - b.place || a.studioId - b.studioId);
  const numbers = new Map(placed.map(({ studioId }, i) => [studioId, i + 1]));
  const ids = [...numbers.keys()];
  const numbering = { client, studioProject: connection.studioProject!, field, numbers };
  if (!(await orderFields(deps.store, connection)).has(field)) {
    await checkFree(numbering, ids, work);
    if (!dryRun) await takeField(connections, connection.id, field);
  }
  let written = 0;
  for (let from = 0; from < ids.length; from += WIRE_PAGE) {
    const page = ids.slice(from, from + WIRE_PAGE);
    for (const { id, data } of await patiently(work, () => outdated(numbering, page))) {
      throwIfStopped(work.signal);
      if (!mayReplace(data[field])) await work.itemFailed(taskIds.get(id)!, theirs(field, `holds data of task ${id}`));
      else if (dryRun || (await patiently(work, () => writeNumber(numbering, id)))) written += 1;
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

/** A number may be one of ours; everything else is somebody's. */
function mayReplace(value: Json | undefined): boolean {
  return value === undefined || typeof value === 'number';
}

/** Before the first number is written nobody may have anything there, not even numbers. Throws CONFLICT. */
async function checkFree(numbering: Numbering, ids: readonly number[], work: JobWork): Promise<void> {
  const { client, studioProject, field } = numbering;
  for (let from = 0; from < ids.length; from += WIRE_PAGE) {
    throwIfStopped(work.signal);
    const page = ids.slice(from, from + WIRE_PAGE);
    for (const task of await patiently(work, () => tasksNow(client, studioProject, page))) {
      const used = isJsonObject(task) && isJsonObject(task.data) && Object.hasOwn(task.data, field);
      if (used) throw theirs(field, `holds data of task ${Number(task.id)} of Label Studio`);
    }
  }
}

/** Remembered before the first number is written: no data from then on. */
async function takeField(connections: Connections, id: number, field: string): Promise<void> {
  const { settings } = await connections.get(id);
  await connections.update(id, { settings: { ...settings, takenFields: [...takenFields(settings), field] } });
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
  if (task === undefined || !mayReplace(task.data[numbering.field])) return false;
  const data = { ...task.data, [numbering.field]: numbering.numbers.get(id)! };
  try {
    await numbering.client.patch(`/api/tasks/${id}/`, { data });
    return true;
  } catch (error) {
    if (refusedWith(error) === 404) return false;
    throw error;
  }
}

/** Predictions on their way into Label Studio, in chunks: none twice, whatever breaks in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, StudioTask } from '../../core/connection.ts';
import type { Job } from '../../core/domain.ts';
import { type AppError, toAppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { isRefusedAlone, refusedWith, type StudioClient, studioClient } from './client.ts';
import { type Connections, tokenOf } from './connections.ts';
import type { Proposals, Suggester } from './proposals.ts';

export const STUDIO_PUSH = 'studio-push';

/** Predictions per call: each is checked and stored over there before it answers. */
export const PUSH_CHUNK = 100;
/** While Label Studio is away: so long between two attempts, and so long in all. */
const RETRY_MS: readonly number[] = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
const AWAY_MS_MAX = 600_000;

/** `owed`: what Label Studio asked for and did not get in time. Undefined when nobody said where to send it. */
export async function enqueuePush(
  { store }: Pick<Deps, 'store'>,
  connection: Connection,
  scope: 'owed' | 'all',
): Promise<Job | undefined> {
  if (connection.url === null || connection.studioProject === null || tokenOf(connection) === null) return undefined;
  return store.jobs.enqueue({
    kind: STUDIO_PUSH,
    projectId: connection.projectId,
    params: { connection: connection.id, scope },
    dedupeKey: `${STUDIO_PUSH}/${connection.id}/${scope}`,
  });
}

export function createPushHandler(deps: Deps, connections: Connections, proposals: Proposals) {
  return async (work: JobWork): Promise<Json> => {
    const connection = await connections.get(Number(work.job.params.connection));
    const owed = work.job.params.scope === 'owed';
    const counts = await pushPredictions(deps, proposals, connection, work, { owed });
    return { ...counts };
  };
}

export interface PushCounts {
  readonly pushed: number;
  /** Label Studio has them already. */
  readonly there: number;
  /** Nothing can be said of these tasks. */
  readonly empty: number;
  /** Label Studio does not take them; the reason of each is in the job's list. */
  readonly refused: number;
  readonly version: string;
}

/** Also the second half of a sync. */
export async function pushPredictions(
  deps: Deps,
  proposals: Proposals,
  connection: Connection,
  work: JobWork,
  { owed, dryRun = false }: { owed: boolean; dryRun?: boolean },
): Promise<PushCounts> {
  const { studio } = deps.store;
  const suggester = await proposals.of(connection);
  const counts = { pushed: 0, there: 0, empty: 0, refused: 0, version: suggester.version };
  const { tasks: total } = await deps.store.projects.counts(connection.projectId);
  let done = 0;
  for (let after = 0; ; ) {
    throwIfStopped(work.signal);
    const page = await studio.page(connection.id, after, PUSH_CHUNK, { owed });
    if (page.length === 0) break;
    after = page.at(-1)!.studioId;
    const wanted = page.filter((row) => row.pushed !== suggester.version);
    counts.there += page.length - wanted.length;
    const part = await pushChunk(deps, suggester, connection, work, { wanted, dryRun });
    counts.pushed += part.pushed;
    counts.there += part.there;
    counts.empty += part.empty;
    counts.refused += part.refused;
    done += page.length;
    await work.progress({
      stage: `predictions of ${suggester.version}`,
      done,
      total: Math.max(done, owed ? 0 : total),
    });
  }
  return counts;
}

interface Chunk {
  readonly wanted: readonly StudioTask[];
  readonly dryRun: boolean;
}

async function pushChunk(
  deps: Deps,
  suggester: Suggester,
  connection: Connection,
  work: JobWork,
  { wanted, dryRun }: Chunk,
): Promise<Omit<PushCounts, 'version'>> {
  const { store } = deps;
  const { version } = suggester;
  const tasks = await Promise.all(wanted.map((row) => store.tasks.get(row.taskId!)));
  const rows = wanted.flatMap((row, i) => (tasks[i] ? [{ row, task: tasks[i] }] : []));
  const scored = await suggester.suggest(
    rows.map(({ task }) => ({ task, data: task.data })),
    { lane: 'bulk', signal: work.signal },
  );
  throwIfStopped(work.signal);
  const said = rows.flatMap(({ row }, i) => (scored[i] ? [{ row, scored: scored[i] }] : []));
  const empty = rows.length - said.length;
  if (dryRun) return { pushed: said.length, there: 0, empty, refused: 0 };
  // It takes a while to work them out: meanwhile Label Studio may have asked for some itself.
  const now = await store.studio.tasks(
    connection.id,
    said.map(({ row }) => row.studioId),
  );
  const given = new Set(now.flatMap((row) => (row.pushed === version ? [row.studioId] : [])));
  const known = said.filter(({ row }) => !given.has(row.studioId));
  const client = studioClient(deps.fetch, connection, work.signal);
  // An earlier attempt broke off between sending these and hearing that they had arrived: ask before sending again.
  const unsure = known.filter(({ row }) => row.pushing === version).map(({ row }) => row.studioId);
  const there = await patiently(work, () => havingVersion(client, unsure, version));
  const fresh = known.filter(({ row }) => !there.has(row.studioId));
  const sending = known.map(({ row }) => row.studioId);
  await store.studio.mark(connection.id, sending, { pushing: version });
  const body = fresh.map(({ row, scored: { result, score } }) => ({
    task: row.studioId,
    result,
    score,
    model_version: version,
  }));
  const refused = body.length > 0 ? await send(work, client, connection, body) : new Map<number, AppError>();
  for (const { row } of known) {
    const reason = refused.get(row.studioId);
    if (reason) await work.itemFailed(row.taskId!, reason);
  }
  const ids = sending.filter((id) => !refused.has(id));
  await store.studio.mark(connection.id, ids, { pushed: version, pushing: '', owed: false });
  const rest = wanted.filter((row) => !ids.includes(row.studioId)).map((row) => row.studioId);
  await store.studio.mark(connection.id, rest, { pushing: '', owed: false });
  return { pushed: fresh.length - refused.size, there: there.size + given.size, empty, refused: refused.size };
}

type Sent = JsonObject & { readonly task: number; readonly model_version: string };

/**
 * One that does not fit, or whose task is gone, has Label Studio refuse the whole call: then each half goes on its own.
 * Returns why those were refused that nothing could be done about, by their task.
 */
async function send(
  work: JobWork,
  client: StudioClient,
  connection: Connection,
  body: readonly Sent[],
): Promise<Map<number, AppError>> {
  try {
    await sendWhole(work, client, connection, body);
    return new Map();
  } catch (error) {
    // The address is of the project: 404 speaks of that.
    if (!isRefusedAlone(error) || refusedWith(error) === 404) throw error;
    const [one] = body;
    if (body.length === 1) return new Map([[one!.task, toAppError(error)]]);
    const half = Math.ceil(body.length / 2);
    const first = await send(work, client, connection, body.slice(0, half));
    return new Map([...first, ...(await send(work, client, connection, body.slice(half)))]);
  }
}

/** A call that was cut off may have arrived: what is there is not sent again. */
async function sendWhole(
  work: JobWork,
  client: StudioClient,
  { studioProject }: Connection,
  body: readonly Sent[],
): Promise<void> {
  let rest = body;
  let cutOff = false;
  await patiently(work, async () => {
    if (cutOff) {
      const ids = rest.map((one) => one.task);
      const there = await havingVersion(client, ids, rest[0]!.model_version);
      rest = rest.filter((one) => !there.has(one.task));
    }
    cutOff = true;
    if (rest.length > 0) await client.post(`/api/projects/${studioProject}/import/predictions`, rest);
  });
}

/** Which of these tasks have a prediction of this version over there. */
async function havingVersion(client: StudioClient, ids: readonly number[], version: string): Promise<Set<number>> {
  const there = new Set<number>();
  for (const id of ids) {
    const reply = await client.get(`/api/predictions/?task=${id}`);
    const list = Array.isArray(reply) ? (reply as readonly Json[]) : [];
    if (list.some((one) => isJsonObject(one) && one.model_version === version)) there.add(id);
  }
  return there;
}

/** Repeats while Label Studio does not answer; everything else is thrown at once. */
export async function patiently<T>(work: Pick<JobWork, 'signal'>, call: () => Promise<T>): Promise<T> {
  const until = performance.now() + AWAY_MS_MAX;
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      throwIfStopped(work.signal);
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!;
      if (!isAway(error) || performance.now() + wait > until) throw error;
      await sleep(wait, undefined, { signal: work.signal }).catch(() => throwIfStopped(work.signal));
    }
  }
}

export function isAway(error: unknown): boolean {
  const { code } = toAppError(error);
  return code === 'STUDIO_UNREACHABLE' || code === 'MEDIA_FETCH';
}

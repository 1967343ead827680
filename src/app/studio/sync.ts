/** Keeps a project in step with its Label Studio project: tasks come here, predictions go there, answers go both ways. */
import type { Connection } from '../../core/connection.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { SyncDirection } from './api.ts';
import { refusedWith, type StudioClient, studioClient, taskPage } from './client.ts';
import type { Connections } from './connections.ts';
import type { FollowConfig } from './inbox.ts';
import { annotationsIn, type Intake } from './intake.ts';
import { writeOrder } from './order.ts';
import { orderFields } from './order-fields.ts';
import type { Proposals } from './proposals.ts';
import { patiently, pushPredictions } from './push.ts';
import { pushAnswers } from './push-answers.ts';
import { idOf, listOf, readTask } from './wire.ts';

export const STUDIO_SYNC = 'studio-sync';

/** Tasks per call: with all their annotations they are large. */
const PAGE = 100;
/** Tasks that are told by name when they cannot be used. */
const PROBLEMS_LISTED = 100;

export interface SyncRequest {
  readonly dryRun: boolean;
  /** Which way answers go. Tasks and label config only come here, and only with a pull. */
  readonly direction: SyncDirection;
  readonly predictions: boolean;
  readonly order: boolean;
}

export function enqueueSync(
  { store }: Pick<Deps, 'store'>,
  connection: Connection,
  request: SyncRequest,
): Promise<Job> {
  return store.jobs.enqueue({
    kind: STUDIO_SYNC,
    projectId: connection.projectId,
    params: { connection: connection.id, ...request },
    dedupeKey: `${STUDIO_SYNC}/${connection.id}/${JSON.stringify(request)}`,
  });
}

interface Counts {
  tasks: number;
  newTasks: number;
  changedTasks: number;
  goneTasks: number;
  annotations: number;
  goneAnnotations: number;
  /** Changed on both sides: both answers are kept. */
  conflicts: number;
  problems: { task: number | null; reason: string }[];
}

export interface SyncParts {
  readonly deps: Deps;
  readonly configs: ProjectConfigs;
  readonly connections: Connections;
  readonly intake: Intake;
  readonly proposals: Proposals;
  readonly follow: FollowConfig;
}

export function createSyncHandler(parts: SyncParts) {
  return async (work: JobWork): Promise<Json> => {
    const { deps, connections, proposals } = parts;
    const { dryRun, direction, predictions, order } = work.job.params as unknown as SyncRequest;
    const connection = await connections.get(Number(work.job.params.connection));
    if (connection.studioProject === null) {
      throw new AppError('CONFLICT', 'The connection does not know the number of the Label Studio project; give it.');
    }
    const client = studioClient(deps.fetch, connection, work.signal);
    if (!dryRun && direction !== 'push') await bringConfig(parts, connection, work, client);
    const pulled = direction === 'push' ? {} : await pull(parts, connection, work, client, dryRun);
    const answers = direction === 'pull' ? null : await pushAnswers(parts, connection, work, client, dryRun);
    const pushed = predictions
      ? await pushPredictions(deps, proposals, connection, work, { owed: false, dryRun })
      : null;
    const ordered = order ? await writeOrder(parts, connection, work, client, dryRun) : 0;
    return {
      dryRun,
      direction,
      ...pulled,
      answers: answers && { ...answers },
      predictions: pushed && { ...pushed },
      ordered,
    };
  };
}

async function bringConfig(
  { follow }: SyncParts,
  connection: Connection,
  work: JobWork,
  client: StudioClient,
): Promise<void> {
  const project = await patiently(work, () => client.get(`/api/projects/${connection.studioProject}/`));
  const config = isJsonObject(project) ? project.label_config : undefined;
  if (typeof config === 'string') await follow(connection, config);
}

/** Every page of the other side. What is here, was on no page, and is not found when asked for is gone over there. */
async function pull(
  parts: SyncParts,
  connection: Connection,
  work: JobWork,
  client: StudioClient,
  dryRun: boolean,
): Promise<Counts> {
  const counts: Counts = {
    tasks: 0,
    newTasks: 0,
    changedTasks: 0,
    goneTasks: 0,
    annotations: 0,
    goneAnnotations: 0,
    conflicts: 0,
    problems: [],
  };
  const seen = new Set<number>();
  for (let page = 1; ; page++) {
    throwIfStopped(work.signal);
    const { tasks, total } = await patiently(work, () => taskPage(client, connection.studioProject!, page, PAGE));
    await takePage(parts, connection, tasks, { counts, seen, dryRun, work, client });
    await work.progress({ stage: dryRun ? 'looking at tasks' : 'tasks and annotations', done: counts.tasks, total });
    if (tasks.length === 0 || counts.tasks >= total) break;
  }
  const gone = await goneTasks(parts.deps, connection, work, client, seen);
  counts.goneTasks = dryRun || gone.length === 0 ? gone.length : await parts.intake.dropTasks(connection, gone);
  return counts;
}

/** Pages shift while people delete, and a page can come back short: what was merely missed must not lose its answers. */
async function goneTasks(
  { store }: Deps,
  connection: Connection,
  work: JobWork,
  client: StudioClient,
  seen: ReadonlySet<number>,
): Promise<number[]> {
  const gone: number[] = [];
  for (let after = 0; ; ) {
    const rows = await store.studio.page(connection.id, after, PAGE);
    if (rows.length === 0) return gone;
    after = rows.at(-1)!.studioId;
    for (const { studioId } of rows) {
      throwIfStopped(work.signal);
      if (!seen.has(studioId) && (await isGone(work, client, `/api/tasks/${studioId}/`))) gone.push(studioId);
    }
  }
}

async function isGone(work: JobWork, client: StudioClient, path: string): Promise<boolean> {
  try {
    await patiently(work, () => client.get(path));
    return false;
  } catch (error) {
    if (refusedWith(error) === 404) return true;
    if (refusedWith(error) !== undefined) return false;
    throw error;
  }
}

interface Taking {
  readonly counts: Counts;
  readonly seen: Set<number>;
  readonly dryRun: boolean;
  readonly work: JobWork;
  readonly client: StudioClient;
}

async function takePage(
  { deps, configs, intake }: SyncParts,
  connection: Connection,
  values: readonly Json[],
  { counts, seen, dryRun, work, client }: Taking,
): Promise<void> {
  const { store } = deps;
  const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
  const { parsed } = configs.of(project);
  const ours = await orderFields(store, connection);
  const problem = (task: number | null, reason: string): void => {
    if (counts.problems.length < PROBLEMS_LISTED) counts.problems.push({ task, reason });
  };
  const read = values.flatMap((value) => {
    const given = readTask(value, parsed, ours);
    if (given?.studioId == null) {
      problem(null, 'This is no task.');
      return [];
    }
    seen.add(given.studioId);
    return [{ given, value }];
  });
  counts.tasks += values.length;
  const taken = await intake.tasks(
    connection,
    read.map((one) => one.given),
    { dryRun },
  );
  for (const [i, { given, task, problem: reason, change }] of taken.entries()) {
    if (reason !== null) problem(given.studioId, reason);
    else if (change === 'new') counts.newTasks += 1;
    else if (change === 'changed') counts.changedTasks += 1;
    const { value } = read[i]!;
    const wire = isJsonObject(value) ? listOf(value.annotations).filter(isJsonObject) : [];
    const { read: annotations, problems } = annotationsIn(wire);
    for (const one of problems) problem(given.studioId, `An annotation ${one}.`);
    // Also what cannot be read is there.
    const there = wire.flatMap((one) => idOf(one.id) ?? []);
    // A reply without the field says nothing of annotations.
    const tells = isJsonObject(value) && Array.isArray(value.annotations);
    const here = task === null || !tells ? [] : await store.studio.annotationsOf(connection.id, task.id);
    const gone: number[] = [];
    for (const id of here) {
      throwIfStopped(work.signal);
      // An event may have brought it after the page was made, and what is dropped never comes back.
      if (!there.includes(id) && (await isGone(work, client, `/api/annotations/${id}/`))) gone.push(id);
    }
    counts.goneAnnotations += gone.length;
    if (dryRun) counts.annotations += there.filter((id) => !here.includes(id)).length;
    if (dryRun || task === null) continue;
    for (const one of annotations) {
      const saved = await intake.annotation(connection, one, task, given.studioId!);
      if (saved) counts.annotations += 1;
      if (saved && saved.kept !== null) counts.conflicts += 1;
    }
    if (gone.length > 0) counts.conflicts += (await intake.dropAnnotations(connection, gone)).kept;
  }
}

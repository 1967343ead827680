/** Leases: which annotator has which task, and for how long. Acquiring one is index look-ups over a few candidates. */
import { sql } from 'kysely';
import type { LeaseStore } from '../store.ts';
import type { Context } from './context.ts';
import { breather } from './engine.ts';
import { listQuery, query } from './query.ts';
import { toLease } from './rows.ts';
import type { Database } from './schema.ts';
import { standing } from './visible.ts';

/** Who asks, and what else the answer depends on. */
interface Asking {
  readonly projectId: number;
  readonly annotatorId: number;
  readonly now: number;
}

/** Who holds what: at most a row per annotator at work. */
const liveLeases = query<{ projectId: number; now: number }>()((db, p) =>
  db
    .selectFrom('leases')
    .select(['task_id', 'annotator_id'])
    .where('project_id', '=', p.projectId)
    .where('expires_at', '>', p.now),
);

/** The answers to each candidate that exists, and how many of them are this annotator's own. */
const answersTo = listQuery<{ projectId: number; annotatorId: number }>()((db, ids, p) =>
  db
    .selectFrom('tasks')
    .leftJoin('task_answers', 'task_answers.task_id', 'tasks.id')
    .where('tasks.id', 'in', ids)
    .where('tasks.project_id', '=', p.projectId)
    .where(standing('tasks.run_id'))
    .select((eb) => [
      'tasks.id',
      eb.fn.coalesce('task_answers.answers', eb.lit(0)).as('answers'),
      eb
        .selectFrom('annotations')
        .whereRef('annotations.task_id', '=', 'tasks.id')
        .where('annotations.annotator_id', '=', p.annotatorId)
        .where(standing('annotations.run_id'))
        .select(eb.fn.countAll<number>().as('n'))
        .as('own'),
    ]),
);

/** A lease that still runs keeps what was shown with it; one that had expired starts anew. */
const take = query<Asking & { taskId: number; expiresAt: number }>()((db, p) =>
  db
    .insertInto('leases')
    .values({
      task_id: p.taskId,
      annotator_id: p.annotatorId,
      project_id: p.projectId,
      expires_at: p.expiresAt,
      prediction_id: null,
      blind: 0,
    })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'annotator_id']).doUpdateSet({
        expires_at: sql<number>`excluded.expires_at`,
        prediction_id: sql<number | null>`case when leases.expires_at > ${p.now} then leases.prediction_id end`,
        blind: sql<0 | 1>`case when leases.expires_at > ${p.now} then leases.blind else 0 end`,
      }),
    ),
);

const one = query<{ taskId: number; annotatorId: number }>()((db, p) =>
  db.selectFrom('leases').selectAll().where('task_id', '=', p.taskId).where('annotator_id', '=', p.annotatorId),
);

const running = query<Asking>()((db, p) =>
  db
    .selectFrom('leases')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('annotator_id', '=', p.annotatorId)
    .where('expires_at', '>', p.now)
    .orderBy('task_id'),
);

const setExpiry = query<{ taskId: number; annotatorId: number; expiresAt: number }>()((db, p) =>
  db
    .updateTable('leases')
    .set({ expires_at: p.expiresAt })
    .where('task_id', '=', p.taskId)
    .where('annotator_id', '=', p.annotatorId),
);

const drop = query<{ taskId: number; annotatorId: number }>()((db, p) =>
  db.deleteFrom('leases').where('task_id', '=', p.taskId).where('annotator_id', '=', p.annotatorId),
);

const dropOld = query<{ before: number }>()((db, p) => db.deleteFrom('leases').where('expires_at', '<', p.before));

const answered = query<{ projectId: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('task_answers')
    .select(['task_id', 'answers'])
    .where('project_id', '=', p.projectId)
    .where('task_id', '>', p.after)
    .orderBy('task_id')
    .limit(p.limit),
);

const overlapOf = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('projects').select('settings').where('id', '=', p.projectId).where('deleted_at', 'is', null),
);

const projectOf = query<{ taskId: number }>()((db, p) =>
  db.selectFrom('tasks').select('project_id').where('id', '=', p.taskId),
);

export function leaseStore({ engine, clock }: Context): LeaseStore {
  const { reader } = engine;
  return {
    acquire: (request) => engine.write((db) => acquire(db, { ...request, now: clock.now() })),
    attach: (taskId, annotatorId, { predictionId, blind }) =>
      engine.write(async (db) => {
        await db
          .updateTable('leases')
          .set({ prediction_id: predictionId, blind: blind ? 1 : 0 })
          .where('task_id', '=', taskId)
          .where('annotator_id', '=', annotatorId)
          .execute();
      }),
    get: async (taskId, annotatorId) => {
      const row = await one.first(reader, { taskId, annotatorId });
      return row && toLease(row);
    },
    ofAnnotator: async (projectId, annotatorId) =>
      (await running.all(reader, { projectId, annotatorId, now: clock.now() })).map(toLease),
    extend: (taskId, annotatorId, expiresAt) =>
      engine.write((db) => extend(db, { taskId, annotatorId, expiresAt, now: clock.now() })),
    release: (taskId, annotatorId) =>
      engine.write(async (db) => {
        await drop.run(db, { taskId, annotatorId });
      }),
    taken: (projectId) => taken(reader, projectId, clock.now()),
    postpone: (taskId, annotatorId) => engine.write((db) => postpone(db, taskId, annotatorId, clock.now())),
    postponed: async (projectId, annotatorId) => {
      const rows = await reader
        .selectFrom('postponed')
        .select('task_id')
        .where('project_id', '=', projectId)
        .where('annotator_id', '=', annotatorId)
        .orderBy('postponed_at')
        .orderBy('task_id')
        .execute();
      return rows.map((row) => row.task_id);
    },
  };
}

/** Candidates looked at together: the first that nobody holds is free nearly always. */
const LOOKS = [8, 64, 512];

/** An expired lease is kept for a day, because it tells what was shown to an annotator who answers late. */
const KEEP_EXPIRED_MS = 86_400_000;

async function acquire(
  db: Database,
  request: Asking & { candidates: readonly number[]; overlap: number; expiresAt: number },
): Promise<number | undefined> {
  await dropOld.run(db, { before: request.now - KEEP_EXPIRED_MS });
  const taskId = await firstFree(db, request, request.candidates, request.overlap);
  if (taskId !== undefined) await take.run(db, { ...request, taskId });
  return taskId;
}

async function firstFree(
  db: Database,
  asking: Asking,
  candidates: readonly number[],
  overlap: number,
): Promise<number | undefined> {
  const held = placesHeld(await liveLeases.all(db, asking), asking.annotatorId);
  const placesOf = (id: number): number => held.get(id) ?? 0;
  const possible = candidates.filter((id) => placesOf(id) < overlap);
  for (let at = 0, look = 0; at < possible.length; look++) {
    const some = possible.slice(at, at + LOOKS[Math.min(look, LOOKS.length - 1)]!);
    const rows = await answersTo.all(db, asking, some);
    const free = new Set(
      rows.filter((row) => row.own === 0 && row.answers + placesOf(row.id) < overlap).map((row) => row.id),
    );
    const first = some.find((id) => free.has(id));
    if (first !== undefined) return first;
    at += some.length;
  }
  return undefined;
}

/** How many annotators other than this one hold each task. */
function placesHeld(
  leases: readonly { task_id: number; annotator_id: number }[],
  except: number | null,
): Map<number, number> {
  const places = new Map<number, number>();
  for (const { task_id, annotator_id } of leases) {
    if (annotator_id !== except) places.set(task_id, (places.get(task_id) ?? 0) + 1);
  }
  return places;
}

/** An expired lease can be taken up again only while the task still has room. */
async function extend(
  db: Database,
  { now, ...wanted }: { taskId: number; annotatorId: number; expiresAt: number; now: number },
): Promise<boolean> {
  const lease = await one.first(db, wanted);
  if (!lease) return false;
  if (lease.expires_at <= now) {
    const asking = { projectId: lease.project_id, annotatorId: wanted.annotatorId, now };
    const overlap = await projectOverlap(db, lease.project_id);
    if ((await firstFree(db, asking, [wanted.taskId], overlap)) === undefined) return false;
  }
  await setExpiry.run(db, wanted);
  return true;
}

async function projectOverlap(db: Database, projectId: number): Promise<number> {
  const row = await overlapOf.first(db, { projectId });
  return row ? (JSON.parse(row.settings) as { overlap: number }).overlap : 0;
}

/** Rows per statement where a row is two numbers. */
const TAKEN_ROWS = 4_096;

async function taken(db: Database, projectId: number, now: number): Promise<Set<number>> {
  const overlap = await projectOverlap(db, projectId);
  const held = placesHeld(await liveLeases.all(db, { projectId, now }), null);
  const all = new Set([...held].filter(([, places]) => places >= overlap).map(([id]) => id));
  const pause = breather();
  for (let after = 0, more = true; more; ) {
    const rows = await answered.all(db, { projectId, after, limit: TAKEN_ROWS });
    for (const row of rows) {
      if (row.answers + (held.get(row.task_id) ?? 0) >= overlap) all.add(row.task_id);
    }
    more = rows.length === TAKEN_ROWS;
    after = rows.at(-1)?.task_id ?? after;
    await pause();
  }
  return all;
}

async function postpone(db: Database, taskId: number, annotatorId: number, now: number): Promise<void> {
  const task = await projectOf.first(db, { taskId });
  if (!task) return;
  await db
    .insertInto('postponed')
    .values({ task_id: taskId, annotator_id: annotatorId, project_id: task.project_id, postponed_at: now })
    .onConflict((conflict) => conflict.columns(['task_id', 'annotator_id']).doUpdateSet({ postponed_at: now }))
    .execute();
  await drop.run(db, { taskId, annotatorId });
}

/** Leases: which annotator has which task, and for how long. Acquiring one is index look-ups over a few candidates. */
import { isoTime } from '../../core/clock.ts';
import type { Prediction } from '../../core/domain.ts';
import type { Handed, LeaseStore, Shown } from '../ports/leases.ts';
import type { Context } from './context.ts';
import { addOne, predictionById } from './predictions.ts';
import { listQuery, query } from './query.ts';
import { bit, toLease, toPrediction } from './rows.ts';
import type { Bit, Database } from './schema.ts';
import { standing } from './visible.ts';

/** Who asks, and what else the answer depends on. */
interface Asking {
  readonly projectId: number;
  readonly annotatorId: number;
  readonly now: number;
}

/** Each candidate that exists: its places taken by answers and by leases of others, and what is this annotator's own. */
const places = listQuery<Asking>()((db, ids, p) =>
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
        .selectFrom('leases')
        .whereRef('leases.task_id', '=', 'tasks.id')
        .where('leases.annotator_id', '!=', p.annotatorId)
        .where('leases.expires_at', '>', p.now)
        .select(eb.fn.countAll<number>().as('n'))
        .as('held'),
      eb
        .selectFrom('annotations')
        .whereRef('annotations.task_id', '=', 'tasks.id')
        .where('annotations.annotator_id', '=', p.annotatorId)
        .where(standing('annotations.run_id'))
        .select(eb.fn.countAll<number>().as('n'))
        .as('own'),
    ]),
);

type Taking = Asking & { taskId: number; expiresAt: number; predictionId: number | null; blind: Bit };

const take = query<Taking>()((db, p) =>
  db
    .insertInto('leases')
    .values({
      task_id: p.taskId,
      annotator_id: p.annotatorId,
      project_id: p.projectId,
      expires_at: p.expiresAt,
      prediction_id: p.predictionId,
      blind: p.blind,
    })
    .onConflict((conflict) =>
      conflict.columns(['task_id', 'annotator_id']).doUpdateSet((eb) => ({
        expires_at: eb.ref('excluded.expires_at'),
        prediction_id: eb.ref('excluded.prediction_id'),
        blind: eb.ref('excluded.blind'),
      })),
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

const runningOfAll = query<{ projectId: number; now: number }>()((db, p) =>
  db
    .selectFrom('leases')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('expires_at', '>', p.now)
    .orderBy('task_id')
    .orderBy('annotator_id'),
);

const setShown = query<{ taskId: number; annotatorId: number; predictionId: number | null; blind: Bit }>()((db, p) =>
  db
    .updateTable('leases')
    .set({ prediction_id: p.predictionId, blind: p.blind })
    .where('task_id', '=', p.taskId)
    .where('annotator_id', '=', p.annotatorId),
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

const postponedOf = query<{ projectId: number; annotatorId: number }>()((db, p) =>
  db
    .selectFrom('postponed')
    .select('task_id')
    .where('project_id', '=', p.projectId)
    .where('annotator_id', '=', p.annotatorId)
    .orderBy('postponed_at')
    .orderBy('task_id'),
);

const overlapOf = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('projects').select('settings').where('id', '=', p.projectId).where('deleted_at', 'is', null),
);

const projectOf = query<{ taskId: number }>()((db, p) =>
  db.selectFrom('tasks').select('project_id').where('id', '=', p.taskId),
);

/**
 * People wait for the next task, and a lease that the machine lost with its power costs no more than one that ran out:
 * at worst two people answer one task. The answer is what waits for the disk, and takes lease and suggestion along.
 */
const EARLY = { early: true };

export function leaseStore({ engine, clock }: Context): LeaseStore {
  const { reader } = engine;
  let sweptAt = 0;
  const sweep = async (db: Database, now: number): Promise<void> => {
    if (now - sweptAt < SWEEP_MS) return;
    sweptAt = now;
    await dropOld.run(db, { before: now - KEEP_EXPIRED_MS });
  };
  return {
    acquire: (request) =>
      engine.write(async (db) => {
        await sweep(db, clock.now());
        return acquire(db, { ...request, now: clock.now() }, isoTime(clock));
      }, EARLY),
    show: (taskId, annotatorId, { prediction, blind }) =>
      engine.write(async (db) => {
        const kept = await keep(db, prediction, isoTime(clock));
        await setShown.run(db, { taskId, annotatorId, predictionId: kept?.id ?? null, blind: bit(blind) });
        return kept;
      }, EARLY),
    get: async (taskId, annotatorId) => {
      const row = await one.first(reader, { taskId, annotatorId });
      return row && toLease(row);
    },
    ofAnnotator: async (projectId, annotatorId) =>
      (await running.all(reader, { projectId, annotatorId, now: clock.now() })).map(toLease),
    ofProject: async (projectId) => (await runningOfAll.all(reader, { projectId, now: clock.now() })).map(toLease),
    extend: (taskId, annotatorId, expiresAt) =>
      engine.write((db) => extend(db, { taskId, annotatorId, expiresAt, now: clock.now() }), EARLY),
    release: (taskId, annotatorId) =>
      engine.write(async (db) => {
        await drop.run(db, { taskId, annotatorId });
      }, EARLY),
    postpone: (taskId, annotatorId) => engine.write((db) => postpone(db, taskId, annotatorId, clock.now())),
    postponed: async (projectId, annotatorId) =>
      (await postponedOf.all(reader, { projectId, annotatorId })).map((row) => row.task_id),
  };
}

/** Candidates looked at together: the first is free nearly always. */
const LOOKS = [1, 8, 64, 512];

/** An expired lease is kept for a day, because it tells what was shown to an annotator who answers late. */
const KEEP_EXPIRED_MS = 86_400_000;
/** Between two looks for leases that are older still. */
const SWEEP_MS = 60_000;

async function acquire(
  db: Database,
  { candidates, overlap, expiresAt, show, ...asking }: Parameters<LeaseStore['acquire']>[0] & Asking,
  createdAt: string,
): Promise<Handed | undefined> {
  const taskId = await firstFree(db, asking, candidates, overlap);
  if (taskId === undefined) return undefined;
  const lease = await one.first(db, { taskId, annotatorId: asking.annotatorId });
  if (lease && lease.expires_at > asking.now) {
    await setExpiry.run(db, { taskId, annotatorId: asking.annotatorId, expiresAt });
    const kept = lease.prediction_id === null ? undefined : await predictionById.first(db, { id: lease.prediction_id });
    return { taskId, prediction: kept ? toPrediction(kept) : null, blind: lease.blind === 1 };
  }
  const shown = show?.taskId === taskId ? show : { prediction: null, blind: false };
  const prediction = await keep(db, shown.prediction, createdAt);
  await take.run(db, { ...asking, taskId, expiresAt, predictionId: prediction?.id ?? null, blind: bit(shown.blind) });
  return { taskId, prediction, blind: shown.blind };
}

/** The stored suggestion; a new one is stored. */
async function keep(db: Database, prediction: Shown['prediction'], createdAt: string): Promise<Prediction | null> {
  return prediction === null || 'id' in prediction ? prediction : addOne(db, prediction, createdAt);
}

async function firstFree(
  db: Database,
  asking: Asking,
  candidates: readonly number[],
  overlap: number,
): Promise<number | undefined> {
  for (let at = 0, look = 0; at < candidates.length; look++) {
    const some = candidates.slice(at, at + LOOKS[Math.min(look, LOOKS.length - 1)]!);
    const rows = await places.all(db, asking, some);
    const free = new Set(rows.filter((row) => row.own === 0 && row.answers + row.held! < overlap).map((row) => row.id));
    const first = some.find((id) => free.has(id));
    if (first !== undefined) return first;
    at += some.length;
  }
  return undefined;
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

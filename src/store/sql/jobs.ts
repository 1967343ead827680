/**
 * The job queue as a table. Each lease counts an attempt, and every report of a worker names the attempt it belongs to:
 * one that has lost its lease to another is refused, whatever the clocks say.
 */
import { isoTime } from '../../core/clock.ts';
import type { Job } from '../../core/domain.ts';
import { AppError, type PlainError } from '../../core/errors.ts';
import type { JobFailure, JobLease, JobQueue, NewJob } from '../ports/jobs.ts';
import { type Context, found } from './context.ts';
import { query } from './query.ts';
import { toJob } from './rows.ts';
import type { Database, JobTable, Row } from './schema.ts';

type JobRow = Row<'jobs'>;
type Change = Partial<Omit<JobRow, 'id' | 'revision' | 'updated_at'>>;

const byId = query<{ id: number }>()((db, p) => db.selectFrom('jobs').selectAll().where('id', '=', p.id));

const nextRevision = query<object>()((db) =>
  db
    .updateTable('counters')
    .set((eb) => ({ value: eb('value', '+', 1) }))
    .where('name', '=', 'job_revision')
    .returning('value'),
);

const save = query<Omit<JobRow, 'created_at' | 'params' | 'kind' | 'project_id' | 'dedupe_key'>>()((db, p) =>
  db
    .updateTable('jobs')
    .set({
      state: p.state,
      stage: p.stage,
      done: p.done,
      total: p.total,
      failed: p.failed,
      attempts: p.attempts,
      cancel_requested: p.cancel_requested,
      pause_requested: p.pause_requested,
      rate: p.rate,
      retries_to: p.retries_to,
      error: p.error,
      output: p.output,
      revision: p.revision,
      owner: p.owner,
      lease_expires_at: p.lease_expires_at,
      updated_at: p.updated_at,
    })
    .where('id', '=', p.id),
);

const since = query<{ revision: number; limit: number }>()((db, p) =>
  db.selectFrom('jobs').selectAll().where('revision', '>', p.revision).orderBy('revision').limit(p.limit),
);

/** Nobody works on them any more who could pause as asked. Those to be cancelled have something to clear up first. */
const abandoned = query<{ now: number }>()((db, p) =>
  db
    .selectFrom('jobs')
    .selectAll()
    .where('state', '=', 'running')
    .where('pause_requested', '=', 1)
    .where('cancel_requested', '=', 0)
    .where('lease_expires_at', '<=', p.now),
);

/** Makes a write, and enqueues the job that it returns in the same one: both or none. Null when there was none. */
export type EnqueueWith = (write: (db: Database) => Promise<NewJob | null>) => Promise<Job | null>;

/** Sees to it that each change of a job is numbered, and told to listeners once it is committed. */
export function jobQueue({ engine, clock }: Context): JobQueue & { readonly enqueueWith: EnqueueWith } {
  const listeners = new Set<(job: Job) => void>();
  const tell = (jobs: readonly Job[]): void => {
    for (const job of jobs) for (const listener of listeners) listener(job);
  };

  const apply = async (db: Database, row: JobRow, change: Change): Promise<JobRow> => {
    const revision = (await nextRevision.first(db, {}))!.value;
    const next = { ...row, ...change, revision, updated_at: isoTime(clock) };
    await save.run(db, next);
    return next;
  };

  /** Applies what `decide` makes of the job; `null` leaves it as it is. */
  const change = async (id: number, decide: (row: JobRow, db: Database) => Change | null | Promise<Change | null>) => {
    const { job, changed } = await engine.write(async (db) => {
      const row = found(await byId.first(db, { id }), 'job', id);
      const wanted = await decide(row, db);
      return { job: toJob(wanted ? await apply(db, row, wanted) : row), changed: wanted !== null };
    });
    if (changed) tell([job]);
    return job;
  };

  /** The same for the worker that holds the lease, and for nobody else. */
  const changeLeased = (lease: JobLease, decide: (row: JobRow, db: Database) => Change | Promise<Change>) =>
    change(lease.job.id, (row, db) => {
      if (row.state !== 'running' || row.attempts !== lease.attempt) {
        throw new AppError('CONFLICT', `The lease of job ${row.id} is lost.`, {
          details: { job: row.id, attempt: lease.attempt },
        });
      }
      return decide(row, db);
    });

  /** Nobody works on it from now on. */
  const left = (state: Job['state'], rest: Change = {}): Change => ({
    state,
    owner: null,
    lease_expires_at: null,
    pause_requested: 0,
    rate: null,
    ...rest,
  });
  const enqueueWith: EnqueueWith = async (write) => {
    const added = await engine.write(async (db) => {
      const job = await write(db);
      return job && enqueue(db, job, isoTime(clock));
    });
    if (added?.created) tell([toJob(added.row)]);
    return added && toJob(added.row);
  };
  const isAlive = (row: JobRow): boolean => row.state === 'running' && (row.lease_expires_at ?? 0) > clock.now();

  return {
    enqueue: async (job) => (await enqueueWith(async () => job))!,
    enqueueWith,
    lease: async ({ kinds, owner, leaseMs }) => {
      const now = clock.now();
      const { job, paused } = await engine.write(async (db) => {
        const paused: JobRow[] = [];
        for (const row of await abandoned.all(db, { now })) {
          paused.push(await apply(db, row, left('paused')));
        }
        const row = await nextReady(db, kinds, now);
        const lease = { state: 'running', owner, lease_expires_at: now + leaseMs };
        return { paused, job: row && (await apply(db, row, { ...lease, attempts: row.attempts + 1 })) };
      });
      tell([...paused, ...(job ? [job] : [])].map(toJob));
      return job && { job: toJob(job), attempt: job.attempts };
    },
    progress: (lease, progress, leaseMs) =>
      changeLeased(lease, () => ({ ...progress, lease_expires_at: clock.now() + leaseMs })),
    complete: (lease, output) =>
      changeLeased(lease, async (row, db) => {
        const failed = row.retries_to === null ? row.failed : await forgetMended(db, row.id, row.retries_to);
        return left('done', { output: JSON.stringify(output), error: null, failed, retries_to: null });
      }),
    fail: (lease, error) => changeLeased(lease, () => left('failed', { error: JSON.stringify(error) })),
    cancelled: (lease) => changeLeased(lease, () => left('cancelled')),
    release: async (lease) => {
      // One that is to be cancelled as well is leased once more, so that its worker can clear up.
      await changeLeased(lease, (row) =>
        left(row.pause_requested === 1 && row.cancel_requested === 0 ? 'paused' : 'queued'),
      );
    },
    requestCancel: (id) =>
      change(id, (row) => {
        if (isAlive(row)) return row.cancel_requested === 1 ? null : { cancel_requested: 1 };
        return hasEnded(row) ? null : left('cancelled', { cancel_requested: 1 });
      }),
    leaseToCancel: async (id, { owner, leaseMs }) => {
      let isOurs = false;
      const job = await change(id, (row) => {
        if (hasEnded(row)) return null;
        if (isAlive(row)) return row.cancel_requested === 1 ? null : { cancel_requested: 1 };
        isOurs = true;
        const lease = { owner, lease_expires_at: clock.now() + leaseMs, attempts: row.attempts + 1 };
        return { state: 'running', cancel_requested: 1, pause_requested: 0, ...lease };
      });
      return { job, lease: isOurs ? { job, attempt: job.attempts } : null };
    },
    requestPause: (id) =>
      change(id, (row) => {
        if (hasEnded(row)) throw new AppError('CONFLICT', `Job ${id} is ${row.state}; there is nothing to pause.`);
        if (isAlive(row)) return row.pause_requested === 1 ? null : { pause_requested: 1 };
        return row.state === 'paused' ? null : left('paused');
      }),
    resume: (id) =>
      change(id, (row) => {
        if (row.state === 'paused') return left('queued');
        if (row.pause_requested === 1) return { pause_requested: 0 };
        throw new AppError('CONFLICT', `Job ${id} is ${row.state}; only a paused one is resumed.`);
      }),
    retry: (id) =>
      change(id, async (row, db) => {
        if (!hasEnded(row)) {
          throw new AppError('CONFLICT', `Job ${id} is ${row.state}; only one that has ended runs again.`);
        }
        const again = left('queued', { cancel_requested: 0, error: null });
        if (row.state === 'done') {
          if (row.failed === 0) throw new AppError('CONFLICT', `Job ${id} is done and nothing of it failed.`);
          return { ...again, retries_to: row.attempts, done: 0, total: row.failed };
        }
        if (row.retries_to !== null) return again;
        await db.deleteFrom('job_failures').where('job_id', '=', id).execute();
        return { ...again, failed: 0 };
      }),
    toRetry: async ({ job: { id } }) => {
      const row = found(await byId.first(engine.reader, { id }), 'job', id);
      if (row.retries_to === null) return undefined;
      const failures = await engine.reader
        .selectFrom('job_failures')
        .select('task_id')
        .where('job_id', '=', id)
        .where('attempt', '<=', row.retries_to)
        .orderBy('task_id')
        .execute();
      return failures.map((one) => one.task_id);
    },
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toJob(row);
    },
    list: async ({ projectId, limit }) => {
      let rows = engine.reader.selectFrom('jobs').selectAll().orderBy('id', 'desc').limit(limit);
      if (projectId !== undefined) rows = rows.where('project_id', '=', projectId);
      return (await rows.execute()).map(toJob);
    },
    changedSince: async (revision, limit) => (await since.all(engine.reader, { revision, limit })).map(toJob),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    addFailure: async (lease, failure) => {
      await changeLeased(lease, async (row, db) => ({ failed: row.failed + (await addFailure(db, row, failure)) }));
    },
    failures: async (jobId, { after, limit }) => {
      const rows = await engine.reader
        .selectFrom('job_failures')
        .selectAll()
        .where('job_id', '=', jobId)
        .where('task_id', '>', after)
        .orderBy('task_id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({ taskId: row.task_id, error: JSON.parse(row.error) as PlainError }));
    },
  };
}

async function enqueue(db: Database, job: NewJob, now: string): Promise<{ row: JobRow; created: boolean }> {
  if (job.dedupeKey !== undefined) {
    const there = await db
      .selectFrom('jobs')
      .selectAll()
      .where('state', 'in', ['queued', 'paused'])
      .where('kind', '=', job.kind)
      .where('project_id', 'is not distinct from', job.projectId)
      .where('dedupe_key', '=', job.dedupeKey)
      .where('cancel_requested', '=', 0)
      // Of one that was paused while it ran and one that waits behind it, the later.
      .orderBy('id', 'desc')
      .executeTakeFirst();
    if (there) return { row: there, created: false };
  }
  const values: Omit<JobTable, 'id'> = {
    project_id: job.projectId,
    kind: job.kind,
    params: JSON.stringify(job.params),
    state: job.paused ? 'paused' : 'queued',
    stage: '',
    done: 0,
    total: 0,
    failed: 0,
    attempts: 0,
    cancel_requested: 0,
    pause_requested: 0,
    rate: null,
    retries_to: null,
    error: null,
    output: 'null',
    revision: (await nextRevision.first(db, {}))!.value,
    dedupe_key: job.dedupeKey ?? null,
    owner: null,
    lease_expires_at: null,
    created_at: now,
    updated_at: now,
  };
  const row = await db.insertInto('jobs').values(values).returningAll().executeTakeFirstOrThrow();
  return { row, created: true };
}

/** The oldest that waits or was lost, of a project and kind that nobody works on, and behind no paused one of its key. */
async function nextReady(db: Database, kinds: readonly string[], now: number): Promise<JobRow | undefined> {
  if (kinds.length === 0) return undefined;
  return db
    .selectFrom('jobs')
    .selectAll()
    .where('kind', 'in', kinds)
    .where((eb) =>
      eb.or([eb('state', '=', 'queued'), eb.and([eb('state', '=', 'running'), eb('lease_expires_at', '<=', now)])]),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('jobs as other')
            .select('other.id')
            .whereRef('other.kind', '=', 'jobs.kind')
            .whereRef('other.project_id', 'is not distinct from', 'jobs.project_id')
            .where((of) =>
              of.or([
                of.and([of('other.state', '=', 'running'), of('other.lease_expires_at', '>', now)]),
                of.and([of('other.state', '=', 'paused'), of('other.dedupe_key', '=', of.ref('jobs.dedupe_key'))]),
              ]),
            ),
        ),
      ),
    )
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

/** Returns 1 when this task had not failed before in this job. */
async function addFailure(
  db: Database,
  { id: jobId, attempts: attempt }: JobRow,
  { taskId, error }: JobFailure,
): Promise<number> {
  const known = await db
    .selectFrom('job_failures')
    .select('task_id')
    .where('job_id', '=', jobId)
    .where('task_id', '=', taskId)
    .executeTakeFirst();
  const text = JSON.stringify(error);
  await db
    .insertInto('job_failures')
    .values({ job_id: jobId, task_id: taskId, error: text, attempt })
    .onConflict((conflict) => conflict.columns(['job_id', 'task_id']).doUpdateSet({ error: text, attempt }))
    .execute();
  return known ? 0 : 1;
}

/** What did not fail again since leaves the list. Returns how many are left. */
async function forgetMended(db: Database, jobId: number, retriesTo: number): Promise<number> {
  await db.deleteFrom('job_failures').where('job_id', '=', jobId).where('attempt', '<=', retriesTo).execute();
  const left = db.selectFrom('job_failures').where('job_id', '=', jobId);
  const { count } = await left.select((eb) => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  return Number(count);
}

function hasEnded({ state }: JobRow): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** For an engine that only one process can open: whoever held a lease before is gone, so nobody waits for it to run out. */
export async function expireAllLeases({ engine }: Pick<Context, 'engine'>): Promise<void> {
  await engine.write(async (db) => {
    await db.updateTable('jobs').set({ lease_expires_at: 0 }).where('state', '=', 'running').execute();
  });
}

/** Connections to Label Studio, their inbox, and trainers elsewhere. What is which: studio-ids.ts and studio-answers.ts. */
import { sql } from 'kysely';
import { isoTime } from '../../core/clock.ts';
import type { Connection, ConnectionSettings, InboxRow, Trainer } from '../../core/connection.ts';
import type { StudioStore } from '../ports/studio.ts';
import { type Context, found } from './context.ts';
import type { EnqueueWith } from './jobs.ts';
import { requireProject } from './projects.ts';
import { query } from './query.ts';
import type { Database, Row } from './schema.ts';
import { studioAnswers } from './studio-answers.ts';
import { studioTasks } from './studio-ids.ts';

const byId = query<{ id: number }>()((db, p) => db.selectFrom('connections').selectAll().where('id', '=', p.id));

const byHash = query<{ hash: string }>()((db, p) =>
  db.selectFrom('connections').selectAll().where('secret_hash', '=', p.hash),
);

const insertEvent = query<{ connectionId: number; digest: string; body: string; now: string }>()((db, p) =>
  db
    .insertInto('studio_inbox')
    .values({ connection_id: p.connectionId, digest: p.digest, body: p.body, error: null, received_at: p.now })
    // Sent again after it had failed for good: another chance.
    .onConflict((conflict) => conflict.columns(['connection_id', 'digest']).doUpdateSet({ attempts: 0, error: null })),
);

const oldest = query<{ connectionId: number; after: number; limit: number; attemptsMax: number }>()((db, p) =>
  db
    .selectFrom('studio_inbox')
    .selectAll()
    // A term and no column: by its index a backlog would be read and sorted whole for each batch.
    .where(sql`+connection_id`, '=', p.connectionId)
    .where('id', '>', p.after)
    .where('attempts', '<', p.attemptsMax)
    .orderBy('id')
    .limit(p.limit),
);

const newest = query<object>()((db) => db.selectFrom('studio_inbox').select('id').orderBy('id', 'desc').limit(1));

type Connections = Pick<StudioStore, 'add' | 'get' | 'find' | 'list' | 'update' | 'remove'>;
type Inbox = Pick<StudioStore, 'receive' | 'inbox' | 'newestEvent' | 'settle' | 'failed' | 'waiting'>;
type Trainers = Pick<StudioStore, 'trainer' | 'setTrainer' | 'claimCall' | 'recount' | 'removeTrainer'>;

export function studioStore(context: Context, enqueueWith: EnqueueWith): StudioStore {
  return {
    ...connections(context),
    ...studioTasks(context),
    ...studioAnswers(context),
    ...inbox(context),
    ...trainers(context, enqueueWith),
  };
}

function connections({ engine, clock }: Context): Connections {
  const { reader } = engine;
  return {
    add: (connection) =>
      engine.write(async (db) => {
        await requireProject(db, connection.projectId);
        const row = await db
          .insertInto('connections')
          .values({ ...toRow(connection), created_at: isoTime(clock) })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toConnection(row);
      }),
    get: async (id) => {
      const row = await byId.first(reader, { id });
      return row && toConnection(row);
    },
    find: async (hash) => {
      const row = await byHash.first(reader, { hash });
      return row && toConnection(row);
    },
    list: async (projectId) => {
      let rows = reader.selectFrom('connections').selectAll().orderBy('id');
      if (projectId !== undefined) rows = rows.where('project_id', '=', projectId);
      return (await rows.execute()).map(toConnection);
    },
    update: (id, change) =>
      engine.write(async (db) => {
        const next = { ...toConnection(found(await byId.first(db, { id }), 'connection', id)), ...change };
        await db.updateTable('connections').set(toRow(next)).where('id', '=', id).execute();
        return next;
      }),
    remove: (id) =>
      engine.write(async (db) => {
        found(await byId.first(db, { id }), 'connection', id);
        await db.deleteFrom('connections').where('id', '=', id).execute();
      }),
  };
}

function inbox({ engine, clock }: Context): Inbox {
  return {
    receive: (connectionId, digest, body) =>
      engine.write(async (db) => {
        await insertEvent.run(db, { connectionId, digest, body, now: isoTime(clock) });
      }),
    inbox: async (connectionId, page, attemptsMax) =>
      (await oldest.all(engine.reader, { connectionId, ...page, attemptsMax })).map(toInboxRow),
    newestEvent: async () => (await newest.first(engine.reader, {}))?.id ?? 0,
    settle: (id) =>
      engine.write(async (db) => {
        await db.deleteFrom('studio_inbox').where('id', '=', id).execute();
      }),
    failed: (id, error) =>
      engine.write(async (db) => {
        await db
          .updateTable('studio_inbox')
          .set((eb) => ({ attempts: eb('attempts', '+', 1), error }))
          .where('id', '=', id)
          .execute();
      }),
    waiting: async (connectionId) => (await waiting(engine.reader, connectionId)).map(toInboxRow),
  };
}

/** More are not looked at by anybody. */
const WAITING_LISTED = 1_000;

function waiting(db: Database, connectionId: number) {
  return db
    .selectFrom('studio_inbox')
    .selectAll()
    .where('connection_id', '=', connectionId)
    .orderBy('id')
    .limit(WAITING_LISTED)
    .execute();
}

function trainers({ engine }: Context, enqueueWith: EnqueueWith): Trainers {
  return {
    trainer: async (projectId) => {
      const row = await engine.reader
        .selectFrom('trainers')
        .selectAll()
        .where('project_id', '=', projectId)
        .executeTakeFirst();
      return row && toTrainer(row);
    },
    setTrainer: (trainer) =>
      engine.write(async (db) => {
        await requireProject(db, trainer.projectId);
        const { projectId, calledAt, ...rest } = trainer;
        const values = { ...rest, called_at: calledAt };
        await db
          .insertInto('trainers')
          .values({ project_id: projectId, ...values })
          .onConflict((conflict) => conflict.column('project_id').doUpdateSet(values))
          .execute();
      }),
    claimCall: async (trainer, count, call) => {
      const job = await enqueueWith(async (db) => ((await moveCount(db, trainer, count)) ? call : null));
      return job !== null;
    },
    recount: async (trainer, count) => {
      await engine.write((db) => moveCount(db, trainer, count));
    },
    removeTrainer: (projectId) =>
      engine.write(async (db) => {
        await db.deleteFrom('trainers').where('project_id', '=', projectId).execute();
      }),
  };
}

/** False when somebody else was quicker, or the trainer is another one now. */
async function moveCount(db: Database, { projectId, secret, calledAt }: Trainer, count: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('trainers')
    .set({ called_at: count })
    .where('project_id', '=', projectId)
    // Each setting has a secret of its own.
    .where('secret', '=', secret)
    .where('called_at', '=', calledAt)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

function toRow(connection: Omit<Connection, 'id' | 'createdAt'>) {
  return {
    project_id: connection.projectId,
    secret_hash: connection.secretHash,
    url: connection.url,
    studio_project: connection.studioProject,
    token: connection.token,
    offered_url: connection.offeredUrl,
    offered_token: connection.offeredToken,
    settings: JSON.stringify(connection.settings),
    run_id: connection.runId,
  };
}

function toConnection(row: Row<'connections'>): Connection {
  return {
    id: row.id,
    projectId: row.project_id,
    secretHash: row.secret_hash,
    url: row.url,
    studioProject: row.studio_project,
    token: row.token,
    offeredUrl: row.offered_url,
    offeredToken: row.offered_token,
    settings: JSON.parse(row.settings) as ConnectionSettings,
    runId: row.run_id,
    createdAt: row.created_at,
  };
}

function toInboxRow(row: Row<'studio_inbox'>): InboxRow {
  return {
    id: row.id,
    connectionId: row.connection_id,
    body: row.body,
    attempts: row.attempts,
    error: row.error,
    receivedAt: row.received_at,
  };
}

function toTrainer(row: Row<'trainers'>): Trainer {
  return {
    projectId: row.project_id,
    url: row.url,
    secret: row.secret,
    every: row.every,
    counts: row.counts as Trainer['counts'],
    calledAt: row.called_at,
  };
}

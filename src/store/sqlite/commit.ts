/**
 * Group commit: writes asked for in one turn of the event loop share a transaction, and transactions share the fsync of
 * the log, which is what a durable write costs. Nobody waits for a disk on this thread: while one fsync is under way,
 * the next transactions run, and the next fsync is for all of them. A write is settled when the fsync that came after
 * its commit is through. Each runs inside its own savepoint, so a failing one leaves its neighbours alone.
 */
import { AppError } from '../../core/errors.ts';
import type { Engine, WriteOptions } from '../sql/engine.ts';
import type { Database } from '../sql/schema.ts';
import type { Connection } from './open.ts';

interface Failure {
  readonly error: unknown;
}

interface Write {
  readonly bulk: boolean;
  readonly early: boolean;
  /** Runs the work and keeps its outcome until the commit is through. */
  run(db: Database): Promise<void>;
  /** What the work threw, if it did. */
  failure(): Failure | undefined;
  /** Settles the caller's promise: with what the work threw, else with the failure of the commit, else with success. */
  settle(failed: Failure | undefined): void;
}

/** Changed rows between two checkpoints: some megabytes of log. */
const CHECKPOINT_ROWS = 4_000;
/** Changed rows after which the log has to start anew: ten times that. */
const RESTART_ROWS = 40_000;

/** A shared transaction ends when it has held the thread this long; the rest of the queue gets the next one. */
const SHARED_MS = 5;

export class CommitQueue {
  readonly #connection: Connection;
  readonly #db: Database;
  #waiting: Write[] = [];
  #draining: Promise<void> | undefined;
  /** Committed, but perhaps not on the disk yet. */
  #committed: Write[] = [];
  #syncing: Promise<void> | undefined;
  /** After a failed fsync nobody knows what is on the disk: nothing more is taken. */
  #broken: AppError | undefined;
  readonly #checkpoint: () => Promise<void>;
  #checkpointing: Promise<void> | undefined;
  #changesAtCheckpoint = 0;
  #changesAtRestart = 0;
  /** While the rest of a checkpoint is awaited, nothing is appended to the log. */
  #gate: Promise<void> | undefined;
  #closed = false;

  /** `checkpoint` moves what is committed out of the log; without one SQLite does, at some commit, on this thread. */
  constructor(connection: Connection, db: Database, checkpoint?: () => Promise<void>) {
    this.#connection = connection;
    this.#db = db;
    this.#checkpoint = checkpoint ?? (async () => {});
    // A commit only appends to the log. The log is synced below, and by SQLite itself before it moves pages out of it.
    connection.exec('pragma synchronous = normal');
    if (checkpoint) connection.exec('pragma wal_autocheckpoint = 0');
  }

  readonly write: Engine['write'] = (work, options = {}) =>
    new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('the store is closed');
      if (this.#broken) throw this.#broken;
      this.#waiting.push(pendingWrite(work, options, resolve, reject));
      this.#draining ??= this.#drain();
    });

  /** Resolves when everything asked for so far is settled; nothing more is taken. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#syncing;
    await this.#checkpointing;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#gate?.catch(() => undefined);
      const taken: Write[] = [];
      const failure = await this.#transaction(() => this.#runMany(taken));
      if (!failure) this.#settleWhenDurable(taken);
      else if (taken.length > 1) await this.#retryAlone(taken);
      else for (const write of taken.length === 0 ? this.#waiting.splice(0) : taken) write.settle(failure);
    }
    this.#draining = undefined;
  }

  #settleWhenDurable(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.early) write.settle(undefined);
      this.#committed.push(write);
    }
    this.#syncing ??= this.#sync();
    if (this.#connection.changes - this.#changesAtCheckpoint >= CHECKPOINT_ROWS) {
      this.#checkpointing ??= this.#runCheckpoint();
    }
  }

  /**
   * The log starts anew only when all of it has been moved, and under steady writing a checkpoint never catches up. So
   * most is moved beside the writes, and now and then they are held back for the rest, which is little.
   */
  async #runCheckpoint(): Promise<void> {
    this.#changesAtCheckpoint = this.#connection.changes;
    try {
      await this.#checkpoint();
      if (this.#changesAtCheckpoint - this.#changesAtRestart >= RESTART_ROWS) {
        this.#gate = this.#checkpoint();
        await this.#gate;
        this.#changesAtRestart = this.#changesAtCheckpoint;
      }
    } catch {
      // A full disk, most likely: the log keeps everything, and the next checkpoint tries again.
    }
    this.#gate = undefined;
    this.#checkpointing = undefined;
  }

  async #sync(): Promise<void> {
    while (this.#committed.length > 0) {
      const writes = this.#committed.splice(0);
      try {
        if (this.#broken) throw this.#broken;
        await this.#connection.sync();
        for (const write of writes) write.settle(undefined);
      } catch (error) {
        this.#broken ??= unsynced(error);
        for (const write of writes) write.settle({ error: this.#broken });
      }
    }
    this.#syncing = undefined;
  }

  /** Commits what `work` wrote. After a failure nothing of it has happened. */
  async #transaction(work: () => Promise<void>): Promise<Failure | undefined> {
    try {
      this.#connection.exec('begin immediate');
      await work();
      this.#connection.exec('commit');
      return undefined;
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec('rollback');
      return { error };
    }
  }

  /** Moves as many of the waiting writes as fit into this transaction to `taken`, one at the least. */
  async #runMany(taken: Write[]): Promise<void> {
    const until = performance.now() + SHARED_MS;
    const fits = (): boolean => taken.length === 0 || performance.now() < until;
    for (let next = this.#waiting[0]; next && fits(); next = this.#waiting[0]) {
      if (next.bulk && taken.length > 0) return;
      this.#waiting.shift();
      taken.push(next);
      await this.#runInSavepoint(next);
      if (next.bulk) return;
    }
  }

  async #runInSavepoint(write: Write): Promise<void> {
    this.#connection.exec('savepoint one');
    await write.run(this.#db);
    const failure = write.failure();
    // A full disk makes SQLite roll back the whole transaction in the middle of a statement.
    if (failure && !this.#connection.inTransaction) throw failure.error;
    if (failure) this.#connection.exec('rollback to one');
    this.#connection.exec('release one');
  }

  /** One write has spoiled the commit of all: each gets a transaction of its own, so that only the culprit fails. */
  async #retryAlone(writes: readonly Write[]): Promise<void> {
    for (const write of writes) {
      const failure = await this.#transaction(() => this.#runInSavepoint(write));
      if (failure) write.settle(failure);
      else this.#settleWhenDurable([write]);
    }
  }
}

function unsynced(cause: unknown): AppError {
  const message = 'The disk failed while the store was written; look after the disk, then start the server again.';
  return new AppError('STORE_CORRUPT', message, { cause });
}

function pendingWrite<T>(
  work: (db: Database) => Promise<T>,
  { bulk = false, early = false }: WriteOptions,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Write {
  let outcome: { value: T } | undefined;
  let failed: Failure | undefined;
  return {
    bulk,
    early,
    run: async (db) => {
      failed = undefined;
      outcome = undefined;
      try {
        outcome = { value: await work(db) };
      } catch (error) {
        failed = { error };
      }
    },
    failure: () => failed,
    settle: (commit) => {
      const failure = failed ?? commit;
      if (failure || !outcome) reject(failure?.error);
      else resolve(outcome.value);
    },
  };
}

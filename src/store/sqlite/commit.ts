/**
 * Group commit: writes asked for in one turn of the event loop share a transaction and therefore one fsync, which is
 * what a durable write costs. Each runs inside its own savepoint, so a failing one leaves its neighbours alone.
 */
import type { Engine } from '../sql/engine.ts';
import type { Database } from '../sql/schema.ts';
import type { Connection } from './open.ts';

interface Failure {
  readonly error: unknown;
}

interface Write {
  readonly bulk: boolean;
  /** Runs the work and keeps its outcome until the commit is through. */
  run(db: Database): Promise<void>;
  /** What the work threw, if it did. */
  failure(): Failure | undefined;
  /** Settles the caller's promise: with what the work threw, else with the failure of the commit, else with success. */
  settle(failed: Failure | undefined): void;
}

/** A shared transaction ends when it has held the thread this long; the rest of the queue gets the next one. */
const SHARED_MS = 5;

export class CommitQueue {
  readonly #connection: Connection;
  readonly #db: Database;
  #waiting: Write[] = [];
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(connection: Connection, db: Database) {
    this.#connection = connection;
    this.#db = db;
  }

  readonly write: Engine['write'] = (work, options = {}) =>
    new Promise((resolve, reject) => {
      if (this.#closed) throw new Error('the store is closed');
      this.#waiting.push(pendingWrite(work, options.bulk ?? false, resolve, reject));
      this.#draining ??= this.#drain();
    });

  /** Resolves when everything asked for so far is settled; nothing more is taken. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const taken: Write[] = [];
      const failure = await this.#transaction(() => this.#runMany(taken));
      if (failure && taken.length > 1) await this.#retryAlone(taken);
      else for (const write of failure && taken.length === 0 ? this.#waiting.splice(0) : taken) write.settle(failure);
    }
    this.#draining = undefined;
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
    for (const write of writes) write.settle(await this.#transaction(() => this.#runInSavepoint(write)));
  }
}

function pendingWrite<T>(
  work: (db: Database) => Promise<T>,
  bulk: boolean,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Write {
  let outcome: { value: T } | undefined;
  let failed: Failure | undefined;
  return {
    bulk,
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

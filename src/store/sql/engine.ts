/** What the query code needs of a database engine: reading what is committed, and writing in one transaction. */
import type { Database } from './schema.ts';

export interface WriteOptions {
  readonly bulk?: boolean;
  readonly early?: boolean;
}

export interface Engine {
  /** Sees committed rows only, also while a write is under way; the newest may still be on their way to the disk. */
  readonly reader: Database;
  /**
   * Runs `work` in a transaction and resolves once it is durable; if `work` throws, nothing of it has happened.
   * Writes asked for in one turn of the event loop may share a commit, and `work` may be run again from the start
   * when a neighbour spoils that commit, so it must do nothing but talk to `db`.
   * `bulk` gives it a commit of its own; it may then wait for `breathe()` between its statements.
   * `early` resolves at the commit: the write survives a crash of this process from then on, and one of the machine only
   * when the disk has it, some milliseconds later. For what may be lost like that; nobody's answers are.
   */
  write<T>(work: (db: Database) => Promise<T>, options?: WriteOptions): Promise<T>;
}

/** How long a loop over many rows may hold the thread. */
const HOLD_MS = 5;

/** Returns a function that gives the event loop a turn whenever the loop that calls it has run for some milliseconds. */
export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < HOLD_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}

/** Consecutive pieces of at most `size` items. */
export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}

/** The only file that knows the SQLite package: opens a database and keeps its prepared statements. */
import { chmodSync, closeSync, fdatasync, openSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { toStoreError } from './errors.ts';

/** One connection. Every method throws AppErrors of the STORE family where the engine is the cause. */
export interface Connection {
  /** Runs statements that return nothing. */
  exec(sql: string): void;
  /** Runs one statement with its values; `changed` counts the rows that it wrote. */
  run(sql: string, values: readonly unknown[]): { rows: unknown[]; changed: number };
  /** Resolves when everything committed so far is on the disk; the wait is in a thread of the pool, not in this one. */
  sync(): Promise<void>;
  /** Rows written since the connection was opened. */
  readonly changes: number;
  /** False as soon as a failed statement has rolled the whole transaction back. */
  readonly inTransaction: boolean;
  close(): void;
}

interface Prepared {
  readonly statement: StatementSyncInstance;
  readonly returnsRows: boolean;
}

/** More than the statements of this program; a bound only against a leak. */
const STATEMENTS_MAX = 1_000;
const PAGE_CACHE_KIB = 64 * 1024;
const FILE_MODE = 0o600;
/** Long enough to outlast a local command that looks whether a server runs. */
const LOCK_WAIT_MS = 300;

/**
 * Opens a database of the store: write-ahead log, an fsync at each commit, foreign keys on. `readOnly` connections
 * see only what is committed.
 */
export function openDatabase(file: string, options: { readOnly?: boolean } = {}): Connection {
  return guarded(() => {
    const db = openPrivate(file, 5_000);
    db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;
      pragma cache_size = -${PAGE_CACHE_KIB}; pragma temp_store = memory;`);
    if (options.readOnly) db.exec('pragma query_only = on');
    return connection(db, file);
  });
}

/**
 * Takes the exclusive lock of a file that exists for nothing else. The operating system drops it when the process
 * dies, however it dies. Throws STORE_BUSY while another process has it. Returns the release function.
 */
export function lockFile(file: string): () => void {
  return guarded(() => {
    const db = openPrivate(file, LOCK_WAIT_MS);
    try {
      db.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
    } catch (error) {
      db.close();
      throw error;
    }
    return () => db.close();
  });
}

/** The file is made private before SQLite writes to it; its side files get the same mode. */
function openPrivate(file: string, timeoutMs: number): DatabaseSyncInstance {
  closeSync(openSync(file, 'a', FILE_MODE));
  chmodSync(file, FILE_MODE);
  return new DatabaseSync(file, { timeout: timeoutMs });
}

function connection(db: DatabaseSyncInstance, file: string): Connection {
  let log: number | undefined;
  const cache = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = cache.get(sql);
    if (known) return known;
    const statement = db.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (cache.size >= STATEMENTS_MAX) cache.clear();
    cache.set(sql, prepared);
    return prepared;
  };
  return {
    exec: (sql) => guarded(() => db.exec(sql)),
    run: (sql, values) =>
      guarded(() => {
        const { statement, returnsRows } = prepare(sql);
        if (!returnsRows) return { rows: [], changed: statement.run(...values).changes };
        const rows = statement.all(...values);
        return { rows, changed: rows.length };
      }),
    sync: () =>
      new Promise((resolve, reject) => {
        log ??= openSync(`${file}-wal`, 'r+');
        fdatasync(log, (error) => (error ? reject(error) : resolve()));
      }),
    get changes() {
      return (prepare('select total_changes() as changes').statement.get() as { changes: number }).changes;
    },
    get inTransaction() {
      return db.isTransaction;
    },
    close: () => {
      moveLogIntoDatabase(db);
      cache.clear();
      if (log !== undefined) closeSync(log);
      db.close();
    },
  };
}

/**
 * The package closes a connection for good only when its statements are garbage, so SQLite's own tidying up at the last
 * close may never come, and the log would stay beside the database, large. Should that fail, nothing is lost: the log
 * is complete and is read at the next start.
 */
function moveLogIntoDatabase(db: DatabaseSyncInstance): void {
  try {
    db.exec('pragma wal_checkpoint(truncate)');
  } catch {}
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(error);
  }
}

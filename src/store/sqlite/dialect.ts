/** Kysely over one SQLite connection. Transactions are not its business: `commit.ts` begins and ends them. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Database, Schema } from '../sql/schema.ts';
import type { Connection } from './open.ts';

/** The query builder whose queries run on this connection. */
export function database(connection: Connection): Database {
  const dialect: Dialect = {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver(connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
  return new Kysely<Schema>({ dialect });
}

function driver(connection: Connection): Driver {
  const one: DatabaseConnection = {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, changed } = connection.run(sql, parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(changed) };
    },
    // biome-ignore lint/correctness/useYield: the driver interface asks for a generator; nothing here streams.
    async *streamQuery() {
      throw new Error('assertion failed: the store pages, it does not stream');
    },
  };
  const notHere = async () => {
    throw new Error('assertion failed: transactions go through Engine.write');
  };
  return {
    init: async () => {},
    acquireConnection: async () => one,
    releaseConnection: async () => {},
    beginTransaction: notHere,
    commitTransaction: notHere,
    rollbackTransaction: notHere,
    destroy: async () => connection.close(),
  };
}

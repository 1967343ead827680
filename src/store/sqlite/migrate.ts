/** Brings a database to the schema of this version, one transaction per step. */
import { AppError } from '../../core/errors.ts';
import { MIGRATIONS, SCHEMA_VERSION } from './migrations/index.ts';
import type { Connection } from './open.ts';

/** Throws STORE_NEWER when the database was written by a later version. */
export function migrate(connection: Connection): void {
  const version = schemaVersion(connection);
  if (version > SCHEMA_VERSION) {
    throw new AppError('STORE_NEWER', `The database has schema ${version}; this version knows ${SCHEMA_VERSION}.`, {
      details: { found: version, known: SCHEMA_VERSION },
    });
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    connection.exec(`begin immediate; ${sql}; pragma user_version = ${index + 1}; commit`);
  }
}

function schemaVersion(connection: Connection): number {
  const [row] = connection.run('pragma user_version', []).rows as { user_version: number }[];
  return row?.user_version ?? 0;
}

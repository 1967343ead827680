/** Labelers: everything that votes. */
import type { Labeler } from '../../core/domain.ts';
import type { LabelerStore } from '../store.ts';
import type { Context } from './context.ts';
import { query } from './query.ts';
import { toLabeler } from './rows.ts';
import type { Database } from './schema.ts';

type Key = Omit<Labeler, 'id'>;

const byKey = query<Key>()((db, p) =>
  db
    .selectFrom('labelers')
    .selectAll()
    .where('kind', '=', p.kind)
    .where('name', '=', p.name)
    .where('version', '=', p.version),
);
const byId = query<{ id: number }>()((db, p) => db.selectFrom('labelers').selectAll().where('id', '=', p.id));

export function labelerStore({ engine }: Context): LabelerStore {
  const find = async (db: Database, key: Key): Promise<Labeler | undefined> => {
    const row = await byKey.first(db, key);
    return row && toLabeler(row);
  };
  return {
    ensure: async (kind, name, version) => {
      const key = { kind, name, version };
      const known = await find(engine.reader, key);
      return known ?? engine.write(async (db) => (await find(db, key)) ?? add(db, key));
    },
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toLabeler(row);
    },
    list: async () => (await engine.reader.selectFrom('labelers').selectAll().orderBy('id').execute()).map(toLabeler),
  };
}

async function add(db: Database, key: Key): Promise<Labeler> {
  return toLabeler(await db.insertInto('labelers').values(key).returningAll().executeTakeFirstOrThrow());
}

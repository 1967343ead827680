/** Labelers: everything that votes. */
import type { Labeler } from '../../core/domain.ts';
import type { LabelerStore } from '../ports/labelers.ts';
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

/** Far more than take part at once; a bound only against a leak. */
const KNOWN_MAX = 10_000;

/** Labelers never change and never go, and nearly every request names one, so those seen are remembered. */
export function labelerStore({ engine }: Context): LabelerStore {
  const known = new Map<string | number, Labeler>();
  const remember = (labeler: Labeler): Labeler => {
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(labeler.id, labeler).set(textOf(labeler), labeler);
    return labeler;
  };
  const find = async (db: Database, key: Key): Promise<Labeler | undefined> => {
    const row = await byKey.first(db, key);
    return row && toLabeler(row);
  };
  return {
    ensure: async (kind, name, version) => {
      const key = { kind, name, version };
      const there = known.get(textOf(key));
      if (there) return there;
      const stored = await find(engine.reader, key);
      // Early: whatever names the labeler comes after it in the log.
      return remember(
        stored ?? (await engine.write(async (db) => (await find(db, key)) ?? add(db, key), { early: true })),
      );
    },
    get: async (id) => {
      const there = known.get(id);
      if (there) return there;
      const row = await byId.first(engine.reader, { id });
      return row && remember(toLabeler(row));
    },
    list: async () => (await engine.reader.selectFrom('labelers').selectAll().orderBy('id').execute()).map(toLabeler),
  };
}

function textOf({ kind, name, version }: Key): string {
  return JSON.stringify([kind, name, version]);
}

async function add(db: Database, key: Key): Promise<Labeler> {
  return toLabeler(await db.insertInto('labelers').values(key).returningAll().executeTakeFirstOrThrow());
}

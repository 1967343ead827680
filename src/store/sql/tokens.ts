/** Tokens: who may ask. Only hashes are kept. */
import { isoTime } from '../../core/clock.ts';
import type { TokenStore } from '../ports/labelers.ts';
import { type Context, found } from './context.ts';
import { query } from './query.ts';
import { toToken } from './rows.ts';

/** A revoked token is as good as unknown. */
const byHash = query<{ hash: string }>()((db, p) =>
  db.selectFrom('tokens').selectAll().where('hash', '=', p.hash).where('revoked_at', 'is', null),
);

export function tokenStore({ engine, clock }: Context): TokenStore {
  return {
    add: (token) =>
      engine.write(async (db) => {
        const row = await db
          .insertInto('tokens')
          .values({
            hash: token.hash,
            annotator_id: token.annotatorId,
            role: token.role,
            project_id: token.projectId,
            label: token.label,
            created_at: isoTime(clock),
            revoked_at: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return toToken(row);
      }),
    find: async (hash) => {
      const row = await byHash.first(engine.reader, { hash });
      return row && toToken(row);
    },
    list: async () => (await engine.reader.selectFrom('tokens').selectAll().orderBy('id').execute()).map(toToken),
    revoke: (id) =>
      engine.write(async (db) => {
        const row = await db.selectFrom('tokens').select('revoked_at').where('id', '=', id).executeTakeFirst();
        if (found(row, 'token', id).revoked_at !== null) return;
        await db
          .updateTable('tokens')
          .set({ revoked_at: isoTime(clock) })
          .where('id', '=', id)
          .execute();
      }),
  };
}

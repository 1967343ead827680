/** Group commit on a disk that is full for one write and not for its neighbours. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breather } from '../../src/store/sql/engine.ts';
import type { Database } from '../../src/store/sql/schema.ts';
import { CommitQueue } from '../../src/store/sqlite/commit.ts';
import { database } from '../../src/store/sqlite/dialect.ts';
import { migrate } from '../../src/store/sqlite/migrate.ts';
import { type Connection, openDatabase } from '../../src/store/sqlite/open.ts';
import { code } from '../contract/world.ts';
import { temporaryFolder } from './open-temp.ts';

interface Bench {
  readonly connection: Connection;
  readonly queue: CommitQueue;
  names(): Promise<string[]>;
}

async function withQueue(test: (bench: Bench) => Promise<void>): Promise<void> {
  const { folder, remove } = temporaryFolder();
  const connection = openDatabase(join(folder, 'store.sqlite'));
  migrate(connection);
  const db = database(connection);
  const names = async (): Promise<string[]> =>
    (await db.selectFrom('labelers').select('name').orderBy('id').execute()).map((row) => row.name);
  try {
    await test({ connection, queue: new CommitQueue(connection, db), names });
  } finally {
    connection.close();
    remove();
  }
}

const add =
  (name: string, copies = 1) =>
  async (db: Database): Promise<string> => {
    for (let i = 0; i < copies; i++) {
      await db
        .insertInto('labelers')
        .values({ kind: 'rule', name, version: `${i}` })
        .execute();
    }
    return name;
  };

describe('group commit', () => {
  it('fails the write that fills the disk and keeps the ones around it', () =>
    withQueue(async ({ connection, queue, names }) => {
      const [pages] = connection.run('pragma page_count', []).rows as { page_count: number }[];
      connection.exec(`pragma max_page_count = ${pages!.page_count + 4}`);
      const outcomes = await Promise.allSettled([
        queue.write(add('before')),
        queue.write(add('x'.repeat(1_000), 500)),
        queue.write(add('after')),
      ]);
      expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject(code('STORE_FULL'));
      expect(await names()).toEqual(['before', 'after']);
      connection.exec('pragma max_page_count = 1000000');
      await queue.write(add('later'));
      expect(await names()).toEqual(['before', 'after', 'later']);
    }));

  it('runs writes in the order in which they came, large ones in a commit of their own', () =>
    withQueue(async ({ queue, names }) => {
      const pause = breather();
      const large = async (db: Database): Promise<string> => {
        for (let i = 0; i < 50; i++) {
          await add(`large ${i}`)(db);
          await pause();
        }
        return 'large';
      };
      const order: string[] = [];
      await Promise.all(
        [queue.write(add('a')), queue.write(large, { bulk: true }), queue.write(add('b')), queue.write(add('c'))].map(
          (one) => one.then((name) => order.push(name)),
        ),
      );
      expect(order).toEqual(['a', 'large', 'b', 'c']);
      expect((await names()).filter((name) => !name.startsWith('large'))).toEqual(['a', 'b', 'c']);
    }));

  it('rolls back what a failing write had done, whatever it throws', () =>
    withQueue(async ({ queue, names }) => {
      const failing = async (db: Database): Promise<void> => {
        await add('ghost')(db);
        throw new Error('changed my mind');
      };
      const outcomes = await Promise.allSettled([queue.write(failing), queue.write(add('a')), queue.write(failing)]);
      expect(outcomes.map((one) => one.status)).toEqual(['rejected', 'fulfilled', 'rejected']);
      expect(await names()).toEqual(['a']);
      await expect(queue.write(failing)).rejects.toThrow('changed my mind');
      await queue.close();
      await expect(queue.write(add('b'))).rejects.toThrow('closed');
    }));
});

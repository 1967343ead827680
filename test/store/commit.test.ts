/** Group commit on a disk that is full for one write and not for its neighbours. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breather } from '../../src/store/sql/engine.ts';
import type { Database } from '../../src/store/sql/schema.ts';
import { openCheckpoints } from '../../src/store/sqlite/checkpoints.ts';
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

async function withQueue(test: (bench: Bench) => Promise<void>, sync?: () => Promise<void>): Promise<void> {
  const { folder, remove } = temporaryFolder();
  const connection = openDatabase(join(folder, 'store.sqlite'));
  migrate(connection);
  const db = database(connection);
  const names = async (): Promise<string[]> =>
    (await db.selectFrom('labelers').select('name').orderBy('id').execute()).map((row) => row.name);
  try {
    const synced: Connection = sync ? Object.create(connection, { sync: { value: sync } }) : connection;
    await test({ connection, queue: new CommitQueue(synced, db), names });
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

  it('settles no write before its bytes are on the disk, and lets later ones run meanwhile', () => {
    const disk: (() => void)[] = [];
    const settled: string[] = [];
    return withQueue(
      async ({ queue, names }) => {
        const write = (name: string): Promise<unknown> => queue.write(add(name)).then(() => settled.push(name));
        const all = [write('a')];
        await expect.poll(() => disk.length).toBe(1);
        all.push(write('b'), write('c'));
        await expect.poll(names).toEqual(['a', 'b', 'c']);
        all.push(write('d'));
        await expect.poll(names).toEqual(['a', 'b', 'c', 'd']);
        expect([settled, disk.length]).toEqual([[], 1]);
        disk[0]!();
        // What came after the first fsync had begun shares the second.
        await expect.poll(() => disk.length).toBe(2);
        expect(settled).toEqual(['a']);
        disk[1]!();
        await Promise.all(all);
        expect([settled, disk.length]).toEqual([['a', 'b', 'c', 'd'], 2]);
      },
      () => new Promise((resolve) => disk.push(resolve)),
    );
  });

  it('settles early writes at their commit, and sends them to the disk all the same', () => {
    let syncs = 0;
    return withQueue(
      async ({ queue, names }) => {
        await queue.write(add('early'), { early: true });
        expect(await names()).toEqual(['early']);
        await expect(queue.write(() => Promise.reject(new Error('no')), { early: true })).rejects.toThrow('no');
        expect(syncs).toBeGreaterThanOrEqual(1);
      },
      async () => {
        syncs += 1;
        await new Promise(() => {});
      },
    );
  });

  it('acknowledges nothing after the disk has failed once', () =>
    withQueue(
      async ({ queue }) => {
        await expect(queue.write(add('a'))).rejects.toMatchObject(code('STORE_CORRUPT'));
        await expect(queue.write(add('b'))).rejects.toMatchObject(code('STORE_CORRUPT'));
        await queue.close();
      },
      () => Promise.reject(new Error('EIO')),
    ));

  it('starts the log anew under steady writing, by checkpoints in a thread of their own', async () => {
    const { folder, remove } = temporaryFolder();
    const file = join(folder, 'store.sqlite');
    const connection = openDatabase(file);
    migrate(connection);
    const db = database(connection);
    const checkpoints = openCheckpoints(file);
    let runs = 0;
    const queue = new CommitQueue(connection, db, async () => {
      await checkpoints.run();
      runs += 1;
    });
    const person = async (who: number): Promise<void> => {
      for (let i = 0; i < 20; i++) await queue.write(async () => addMany(connection, `${who} ${i}`));
    };
    await Promise.all(Array.from({ length: 10 }, (_, who) => person(who)));
    await queue.close();
    await checkpoints.close();
    expect(runs).toBeGreaterThanOrEqual(4);
    const rows = await db.selectFrom('labelers').select(db.fn.countAll<number>().as('n')).execute();
    expect(rows).toEqual([{ n: 200 * MANY }]);
    expect(statSync(`${file}-wal`).size).toBeLessThan(0.75 * (await logWithoutCheckpoints(200)));
    connection.close();
    remove();
  }, 60_000);
});

const MANY = 1_000;

function addMany(connection: Connection, name: string): void {
  connection.exec(`insert into labelers (kind, name, version)
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${MANY}) select 'rule', '${name}', i from n`);
}

/** Bytes of a log that nothing is moved out of. */
async function logWithoutCheckpoints(writes: number): Promise<number> {
  const { folder, remove } = temporaryFolder();
  const file = join(folder, 'store.sqlite');
  const connection = openDatabase(file);
  migrate(connection);
  const queue = new CommitQueue(connection, database(connection), () => new Promise(() => {}));
  for (let i = 0; i < writes; i++) await queue.write(async () => addMany(connection, `${i}`));
  const { size } = statSync(`${file}-wal`);
  connection.close();
  remove();
  return size;
}

/** The data folder as its users meet it: one process, private files, versions, damage, a full disk, sudden death. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { type OpenStore, openStore, runningServer } from '../../src/store/open-store.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import { code, handClock, makeWorld } from '../contract/world.ts';
import { startWriter, type Writer } from './child.ts';
import { temporaryFolder } from './open-temp.ts';

const clock = handClock();

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const { folder, remove } = temporaryFolder();
  try {
    await test(folder);
  } finally {
    remove();
  }
}

async function withStore(folder: string, test: (opened: OpenStore) => Promise<void>): Promise<void> {
  const opened = await openStore({ folder, clock });
  try {
    await test(opened);
  } finally {
    await opened.close();
  }
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
}

describe('a data folder', () => {
  it('keeps everything when it is closed and opened again, and takes nothing after closing', () =>
    inFolder(async (folder) => {
      const opened = await openStore({ folder, clock });
      const { project } = await makeWorld(opened.store, clock, 1);
      const pending = opened.store.projects.update(project.id, { title: 'last word' });
      await opened.close();
      await expect(pending).resolves.toMatchObject({ title: 'last word' });
      await expect(opened.store.projects.update(project.id, { title: 'too late' })).rejects.toThrow('closed');
      await withStore(folder, async ({ store }) => {
        expect(await store.projects.get(project.id)).toMatchObject({ title: 'last word' });
      });
    }));

  it('is readable by its owner only', () =>
    inFolder(async (parent) => {
      const folder = join(parent, 'deep', 'data');
      await withStore(folder, async ({ store, tensors }) => {
        await makeWorld(store, clock, 1);
        const { tensor } = await tensors.open({ projectId: 1, kind: 'embedding', version: 'v' }, 2);
        await tensor.write(Uint32Array.of(0), Float32Array.of(1, 2));
        expect(statSync(folder).mode & 0o777).toBe(0o700);
        const names = filesOf(folder);
        expect(names).toContain(join(folder, 'store.sqlite-wal'));
        for (const name of names) {
          const stat = statSync(name);
          expect((stat.mode & 0o777).toString(8), name).toBe(stat.isDirectory() ? '700' : '600');
        }
      });
      expect(existsSync(join(folder, 'server.json'))).toBe(false);
    }));

  it('of a newer version is refused and left as it is', () =>
    inFolder(async (folder) => {
      await withStore(folder, async () => {});
      writeFileSync(join(folder, 'folder.json'), '{"application":"headstart","schema":999}');
      const state = () => filesOf(folder).map((name) => [name, statSync(name).mtimeMs, readFileSync(name, 'hex')]);
      const before = state();
      await expect(openStore({ folder, clock })).rejects.toMatchObject({
        code: 'STORE_NEWER',
        details: { folder, found: 999 },
      });
      expect(state()).toEqual(before);
    }));

  it('whose database alone is newer is refused too', () =>
    inFolder(async (folder) => {
      await withStore(folder, async () => {});
      const database = openDatabase(join(folder, 'store.sqlite'));
      database.exec('pragma user_version = 999');
      database.close();
      await expect(openStore({ folder, clock })).rejects.toMatchObject(code('STORE_NEWER'));
    }));

  it('opens for one process at a time, also within this one', () =>
    inFolder(async (folder) => {
      await withStore(folder, async ({ announce, secret }) => {
        announce('http://127.0.0.1:8080');
        await expect(openStore({ folder, clock })).rejects.toMatchObject({
          code: 'STORE_BUSY',
          details: { pid: process.pid, address: 'http://127.0.0.1:8080' },
        });
        expect(secret).toMatch(/^[0-9a-f]{64}$/);
      });
      await withStore(folder, async () => {});
    }));

  it('names the process that holds it, and is free as soon as that one is dead', () =>
    inFolder(async (folder) => {
      expect(runningServer(folder)).toBeUndefined();
      const writer = startWriter(folder, 'hold');
      await writer.printed(1);
      const pid = Number(writer.lines[0]!.split(' ')[1]);
      const address = 'http://127.0.0.1:4242';
      expect(runningServer(folder)).toEqual({ pid, address, secret: expect.stringMatching(/^[0-9a-f]{64}$/) });
      await expect(openStore({ folder, clock })).rejects.toMatchObject({
        code: 'STORE_BUSY',
        message: `The data folder is in use by process ${pid} at ${address}.`,
        details: { folder, pid, address },
      });
      await writer.kill();
      expect(existsSync(join(folder, 'server.json'))).toBe(true);
      expect(runningServer(folder)).toBeUndefined();
      await withStore(folder, async () => {});
    }));

  it('says when its database is no database, and opens when it is one again', () =>
    inFolder(async (folder) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'store.sqlite'), 'Dear diary, '.repeat(1_000));
      await expect(openStore({ folder, clock })).rejects.toMatchObject(code('STORE_CORRUPT'));
      rmSync(join(folder, 'store.sqlite'));
      await withStore(folder, async () => {});
    }));

  it('that is a file, or not writable, is refused with the reason', () =>
    inFolder(async (folder) => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      await expect(openStore({ folder: file, clock })).rejects.toMatchObject(code('CONFIG_BAD_VALUE'));
      await expect(openStore({ folder: join(file, 'below'), clock })).rejects.toMatchObject(code('CONFIG_BAD_VALUE'));
    }));

  it('tells damage inside its database from health', () =>
    inFolder(async (folder) => {
      await withStore(folder, async ({ store }) => {
        const world = await makeWorld(store, clock, 1);
        // So many that the middle of the file holds rows of them, not the tables' own descriptions.
        await world.tasks(6_000);
        expect(await store.integrityProblems()).toEqual([]);
      });
      const file = join(folder, 'store.sqlite');
      const bytes = readFileSync(file);
      bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 40_000);
      writeFileSync(file, bytes);
      await withStore(folder, async ({ store }) => {
        const [project] = await store.projects.list();
        const reading = async (): Promise<unknown> => {
          const all: unknown[] = [];
          for (let after = 0; after < 6_000; after += 100)
            all.push(await store.tasks.list(project!.id, { after, limit: 100 }));
          return all;
        };
        await expect(reading()).rejects.toMatchObject(code('STORE_CORRUPT'));
        expect(await store.integrityProblems()).not.toEqual([]);
      });
    }));

  it('hands out running jobs again at once after a restart, because their worker is gone', () =>
    inFolder(async (folder) => {
      const lease = (store: OpenStore['store']) => store.jobs.lease({ kinds: ['k'], owner: 'w', leaseMs: 3_600_000 });
      await withStore(folder, async ({ store }) => {
        await store.jobs.enqueue({ kind: 'k', projectId: null, params: {} });
        await store.jobs.progress((await lease(store))!, { done: 5 }, 3_600_000);
      });
      await withStore(folder, async ({ store }) => {
        expect(await lease(store)).toMatchObject({ attempt: 2, job: { done: 5 } });
      });
    }));

  it('finishes the deletion of a project that a crash has interrupted', () =>
    inFolder(async (folder) => {
      await withStore(folder, async ({ store }) => {
        const world = await makeWorld(store, clock, 1);
        await world.tasks(300);
      });
      const database = openDatabase(join(folder, 'store.sqlite'));
      database.exec(`update projects set deleted_at = 'now'; delete from tasks where id < 100`);
      database.close();
      await withStore(folder, async ({ store }) => {
        expect(await store.projects.list()).toEqual([]);
        expect(await store.tasks.get(200)).toBeUndefined();
        expect(await store.integrityProblems()).toEqual([]);
      });
    }));
});

/** Everything that the process said was done must be there. */
async function expectAcknowledged({ store, tensors }: OpenStore, lines: readonly string[]): Promise<void> {
  const last = (kind: string): number[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => Number(line.split(' ')[1]));
  for (const id of last('annotation')) expect(await store.annotations.get(id)).toBeDefined();
  for (const id of last('task')) expect(await store.tasks.get(id)).toBeDefined();
  for (const id of last('job')) expect(await store.jobs.get(id)).toMatchObject({ state: 'done' });
  for (const id of last('run')) expect(await store.votes.ofRun(id, { after: 0, limit: 1_000 })).toHaveLength(100);
  const { tensor, damagedRows } = await tensors.open({ projectId: 1, kind: 'embedding', version: 'v' }, 16);
  const into = new Float32Array(tensor.rows * 16);
  await tensor.read(0, tensor.rows, into);
  for (const row of last('row')) expect([tensor.has(row), into[row * 16]]).toEqual([true, row * 16]);
  expect(damagedRows).toBeLessThanOrEqual(64);
  expect(await store.integrityProblems()).toEqual([]);
}

/** The running totals must equal what is there. */
async function expectCounts({ store }: OpenStore): Promise<void> {
  for (const { id } of await store.projects.list()) {
    const counts = await store.projects.counts(id);
    const annotations = await store.annotations.list(id, { after: 0, limit: 1_000_000 });
    expect(counts.annotations).toBe(annotations.length);
    expect(counts.labeledTasks).toBe(new Set(annotations.map((one) => one.taskId)).size);
    expect(counts.tasks).toBe((await store.tasks.ordinals(id, 0, 1_000_000)).ids.length);
  }
}

describe('a process that is killed in the middle of everything', () => {
  it('loses nothing that it has acknowledged', () =>
    inFolder(async (folder) => {
      const random = seededRandom('kill', 1);
      const acknowledged: string[] = [];
      for (let round = 0; round < 4; round++) {
        const writer = startWriter(folder, 'write');
        await writer.printed(30 + random.int(300));
        await writer.kill();
        acknowledged.push(...writer.lines);
        await withStore(folder, async (opened) => {
          await expectAcknowledged(opened, acknowledged);
          await expectCounts(opened);
        });
      }
      expect(acknowledged.filter((line) => line.startsWith('annotation')).length).toBeGreaterThan(20);
    }));
});

describe('a full disk', () => {
  it('is reported as such, with everything acknowledged still there and writing possible after room is made', () =>
    inFolder(async (folder) => {
      const writer: Writer = startWriter(folder, 'write', 1_500_000);
      await writer.printed(Number.POSITIVE_INFINITY);
      expect(writer.lines.at(-1)).toBe('error STORE_FULL');
      await withStore(folder, async (opened) => {
        await expectAcknowledged(opened, writer.lines);
        await expectCounts(opened);
        await makeWorld(opened.store, clock, 1).then((world) => world.tasks(1_000));
      });
    }));
});

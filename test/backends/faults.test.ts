import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { entryFile } from '../../src/core/entry.ts';
import { seededRandom } from '../../src/core/random.ts';
import { killProcess } from '../helpers/process.ts';
import { fakeModel, fakePool, isAlive, texts, until } from './fake.ts';

const BULK = { lane: 'bulk' } as const;
const good = (count: number): string[] => Array.from({ length: count }, (_, i) => 'x'.repeat(1 + (i % 7)));

describe('a poison item', () => {
  for (const [command, code] of [
    ['crash', 'BACKEND_CRASHED'],
    ['exit', 'BACKEND_CRASHED'],
    ['throw', 'BACKEND_BAD_ITEM'],
    ['short', 'BACKEND_BAD_OUTPUT'],
  ] as const) {
    it(`'${command}' is found alone and the rest is answered`, async () => {
      const pool = fakePool();
      const all = [...good(10), command, ...good(5)];
      const { rows, failed } = await pool.embed('fake', texts(...all), BULK);
      expect(failed.map((one) => [one.index, one.error.code])).toEqual([[10, code]]);
      expect(all.filter((text, i) => rows[i * 4] !== (text === command ? 0 : text.length))).toEqual([]);
      expect(pool.deaths.length).toBeLessThanOrEqual(Math.log2(16) + 1);
      if (code !== 'BACKEND_CRASHED') expect(pool.deaths).toEqual([]);
    });
  }

  it("'hang' is ended at the deadline and the rest is answered", async () => {
    const pool = fakePool({ batchDeadlineMs: 400 });
    const { failed } = await pool.embed('fake', texts(...good(6), 'hang', 'a'), BULK);
    expect(failed.map((one) => [one.index, one.error.code])).toEqual([[6, 'BACKEND_TIMEOUT']]);
    expect(pool.deaths.length).toBeLessThanOrEqual(4);
  });

  it('does not stop a model however many there are', async () => {
    const pool = fakePool({ hostsMax: 2 });
    const all = Array.from({ length: 40 }, (_, i) => (i % 13 === 5 ? 'exit' : 'ok'));
    const { failed } = await pool.embed('fake', texts(...all), BULK);
    expect(failed.map((one) => one.index)).toEqual([5, 18, 31]);
  });
});

describe('a host killed from outside', () => {
  it('loses nothing: the same batch runs again', async () => {
    const random = seededRandom('kills');
    const models = [fakeModel({ batch: { costMax: 1_000, itemsMax: 4 } })];
    const pool = fakePool({ hostsMax: 2, models });
    const all = Array.from({ length: 200 }, () => 'sleep:5');
    const call = pool.embed('fake', texts(...all), BULK);
    for (let kill = 0; kill < 6; kill++) {
      const before = pool.status().models[0]!.itemsDone;
      await until(() => pool.status().models[0]!.itemsDone > before && pool.status().hosts.length > 0);
      const { hosts } = pool.status();
      killProcess(hosts[random.int(hosts.length)]!.pid);
    }
    const { rows, failed } = await call;
    expect(failed).toEqual([]);
    expect(rows.every((value) => value === 7)).toBe(true);
    expect(pool.status().restarts).toBeGreaterThanOrEqual(1);
  });
});

describe('memory', () => {
  it('an item that needs more than a host may have is found alone', async () => {
    const pool = fakePool({ hostBytesMax: 400_000_000 });
    const { failed } = await pool.embed('fake', texts('a', 'b', 'burst:500', 'c'), BULK);
    expect(failed.map((one) => [one.index, one.error.code])).toEqual([[2, 'BACKEND_CRASHED']]);
    expect(failed[0]!.error.message).toContain('more memory than a host may have');
  });

  it('a host that grew is replaced without anything being lost', async () => {
    const models = [fakeModel({ batch: { costMax: 1_000, itemsMax: 1 } })];
    const pool = fakePool({ hostBytesMax: 400_000_000, models });
    const all = Array.from({ length: 30 }, () => 'grow:20');
    const { failed } = await pool.embed('fake', texts(...all), BULK);
    expect(failed).toEqual([]);
    expect(pool.deaths).toEqual([]);
    await until(() => pool.status().hosts.every((host) => host.residentBytes < 350_000_000));
  });
});

describe('a model that does not load', () => {
  it('rejects its calls with the reason and leaves other models alone', async () => {
    const cursed = fakeModel({ name: 'cursed', processing: { failLoad: true } });
    const pool = fakePool({ models: [cursed, fakeModel()] });
    const error = await pool.embed('cursed', texts('a'), BULK).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BACKEND_LOAD', message: expect.stringContaining('weights are cursed') });
    await expect(pool.embed('cursed', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_LOAD' });
    expect(pool.status().models[0]!.broken).toMatchObject({ code: 'BACKEND_LOAD' });
    expect((await pool.embed('fake', texts('abc'), BULK)).rows[0]).toBe(3);
  });

  it('is given up after a few deaths, and tried again after a rest', async () => {
    let now = 0;
    const crashing = fakeModel({ processing: { crashOnLoad: true } });
    const pool = fakePool({ models: [crashing], clock: { now: () => now }, backOffMs: { first: 1, max: 2 } });
    await expect(pool.embed('fake', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
    expect(pool.deaths).toHaveLength(5);
    await expect(pool.embed('fake', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
    expect(pool.deaths).toHaveLength(5);
    now += 60_000;
    await expect(pool.embed('fake', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
    expect(pool.deaths).toHaveLength(10);
  });
});

describe('a host that the system refuses to start', () => {
  const node = process.execPath;
  afterEach(() => {
    process.execPath = node;
  });

  // Too long a path is refused by a throw, as is a lack of memory; a missing file by an event, as is a lack of processes.
  it.each([`/${'x'.repeat(5_000)}`, '/nowhere'])(
    'fails its calls clearly after some attempts, and only then',
    async (path) => {
      process.execPath = path;
      let now = 0;
      const pool = fakePool({ clock: { now: () => now }, backOffMs: { first: 1, max: 2 } });
      await expect(pool.embed('fake', texts('a'), BULK)).rejects.toMatchObject({
        code: 'BACKEND_CRASHED',
        message: expect.stringMatching(/could not be started: .*spawn/),
      });
      expect(pool.deaths).toHaveLength(5);
      expect(pool.status().hosts).toEqual([]);
      process.execPath = node;
      now += 60_000;
      expect((await pool.embed('fake', texts('abc'), BULK)).rows[0]).toBe(3);
    },
  );

  it('is waited for when it can be started again', async () => {
    process.execPath = `/${'x'.repeat(5_000)}`;
    const pool = fakePool({
      backOffMs: { first: 1, max: 2 },
      onRestart: () => {
        process.execPath = node;
      },
    });
    expect((await pool.embed('fake', texts('abc'), BULK)).rows[0]).toBe(3);
  });
});

describe('the parent', () => {
  it('takes its hosts along when it is killed, also those that hang', async () => {
    const script = `
      const { createInferencePool } = await import(process.argv[1]);
      const model = JSON.parse(process.argv[2]);
      const pool = createInferencePool({ models: [model], runtimes: { fake: process.argv[3] }, hostsMax: 2 });
      pool.embed('fake', [{ text: 'hang' }], { lane: 'bulk' });
      setTimeout(() => pool.embed('fake', [{ text: 'a' }], { lane: 'bulk' }), 20);
      setInterval(() => console.log(pool.status().hosts.map((host) => host.pid).join(' ')), 50);
    `;
    const poolFile = entryFile(import.meta.url.replace('/test/', '/src/'), './pool.ts');
    const args = [poolFile, JSON.stringify(fakeModel()), join(import.meta.dirname, 'fake-runtime.mjs')];
    const parent: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script, ...args]);
    let pids: number[] = [];
    parent.stdout!.setEncoding('utf8').on('data', (lines: string) => {
      pids = lines.trim().split('\n').at(-1)!.split(' ').map(Number);
    });
    await until(() => pids.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    parent.kill('SIGKILL');
    await until(() => !pids.some(isAlive));
  });
});

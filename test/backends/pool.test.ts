import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../src/backends/observer.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { fakeModel, fakePool, isAlive, texts, until } from './fake.ts';

const BULK = { lane: 'bulk' } as const;
const ONLINE = { lane: 'online' } as const;

function logFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'headstart-pool-')), 'runs.log');
}

function loggedRuns(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n');
}

describe('inference pool', () => {
  it('answers every item in the order of the call, whatever the batches were', async () => {
    const pool = fakePool({ hostsMax: 2 });
    const items = texts(...Array.from({ length: 100 }, (_, i) => 'x'.repeat((i * 37) % 50)));
    const { rows, dim, failed } = await pool.embed('fake', items, BULK);
    expect(failed).toEqual([]);
    expect(Array.from({ length: 100 }, (_, i) => rows[i * dim])).toEqual(
      items.map((item) => 'text' in item && item.text.length),
    );
  });

  it('gathers ragged outputs with an offset table', async () => {
    const pool = fakePool();
    const { outputs } = await pool.run('fake', texts('one two', '', 'three'), BULK);
    const { data, width, offsets } = outputs.spans!;
    expect(width).toBe(3);
    expect([...offsets!]).toEqual([0, 2, 2, 3]);
    expect([...data]).toEqual([0, 1, 3, 1, 2, 3, 0, 1, 5]);
  });

  it('answers an empty call without a host', async () => {
    const pool = fakePool();
    expect((await pool.embed('fake', [], BULK)).rows).toHaveLength(0);
    expect(pool.status().hosts).toEqual([]);
  });

  it('refuses an unknown model by name, and items of another kind', async () => {
    const pool = fakePool();
    await expect(pool.embed('nope', texts('a'), BULK)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const image = [{ bytes: new Uint8Array(3) }];
    await expect(pool.embed('fake', image, BULK)).rejects.toMatchObject({
      code: 'INPUT_BAD_FIELD',
      details: { index: 0 },
    });
  });

  it('lets an online call wait for one bulk batch at most', async () => {
    const log = logFile();
    const pool = fakePool({ models: [fakeModel({ processing: { log }, batch: { costMax: 1_000, itemsMax: 1 } })] });
    const bulk = pool.embed('fake', texts(...Array.from({ length: 6 }, () => 'sleep:100')), BULK);
    await until(() => pool.status().models[0]!.itemsDone >= 1);
    const begun = loggedRuns(log).length;
    await pool.embed('fake', texts('urgent'), ONLINE);
    await bulk;
    // The batch that runs already, and one that may begin while the call travels.
    expect(loggedRuns(log).indexOf('urgent')).toBeLessThanOrEqual(begun + 1);
  });

  it('gathers a crowd that asks again after every answer, some milliseconds apart, into common batches', async () => {
    const sizes: number[] = [];
    const observer = { ...NOBODY, released: ({ items }: { items: number }) => void sizes.push(items) };
    const pool = fakePool({ observer });
    const [people, rounds] = [8, 5];
    await pool.embed('fake', texts('warm'), { lane: 'online' });
    await Promise.all(
      Array.from({ length: people }, async (_, person) => {
        for (let round = 0; round < rounds; round++) {
          // One batch of all takes 800 ms, and they are waited for 20 ms. Timers go off in the order in which they are
          // due, however late: on a busy machine, too, everybody is back before the wait is over.
          await pool.embed('fake', texts('sleep:100'), { lane: 'online' });
          await new Promise((resolve) => setTimeout(resolve, person));
        }
      }),
    );
    // Without waiting for the crowd the first to come back would travel alone, round after round.
    expect(sizes.filter((size) => size === 1).length).toBeLessThanOrEqual(2);
  });

  it('gives what concerns single items back as failed items, with zero rows', async () => {
    const pool = fakePool();
    const { rows, failed } = await pool.embed('fake', texts('ab', 'nan', 'refuse', 'abc'), BULK);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'BACKEND_BAD_OUTPUT'],
      [2, 'BACKEND_BAD_ITEM'],
    ]);
    expect([...rows]).toEqual([2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3]);
  });

  it('drops what has not begun when the call is cancelled', async () => {
    const log = logFile();
    const pool = fakePool({ models: [fakeModel({ processing: { log }, batch: { costMax: 1_000, itemsMax: 1 } })] });
    const stop = new AbortController();
    const call = pool.embed('fake', texts(...Array.from({ length: 50 }, () => 'sleep:50')), {
      lane: 'bulk',
      signal: stop.signal,
    });
    await until(() => pool.status().models[0]!.itemsDone >= 1);
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    expect(pool.status().itemsWaiting.bulk).toBe(0);
    await pool.embed('fake', texts('after'), BULK);
    expect(loggedRuns(log).length).toBeLessThan(10);
    await expect(pool.embed('fake', texts('a'), { lane: 'bulk', signal: stop.signal })).rejects.toMatchObject({
      code: 'CONFLICT_CANCELLED',
    });
  });

  it('rejects a call that is not done in its time', async () => {
    const pool = fakePool();
    const call = pool.embed('fake', texts('sleep:2000'), { lane: 'online', timeoutMs: 300 });
    await expect(call).rejects.toMatchObject({ code: 'BACKEND_TIMEOUT' });
  });

  it('refuses more than may wait, and says when to come back', async () => {
    const pool = fakePool();
    const half = Array.from({ length: LIMITS.inferenceItemsMax / 2 + 100 }, () => ({ text: 'sleep:20' }));
    const first = pool.embed('fake', half, BULK);
    first.catch(() => undefined);
    const error = await pool.embed('fake', half, BULK).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'LIMIT_QUEUE', details: { retryAfterSeconds: expect.any(Number) } });
    const tooMany = [...half, ...half];
    await expect(pool.embed('fake', tooMany, BULK)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
  });

  it('cuts long texts before they travel', async () => {
    const pool = fakePool({ models: [fakeModel({ batch: { costMax: 10, itemsMax: 4, unitsMax: 30 } })] });
    const { rows } = await pool.embed('fake', texts('x'.repeat(1_000_000)), BULK);
    expect(rows[0]).toBe(30);
  });

  it('ends hosts that have nothing to do, and starts new ones when there is work again', async () => {
    const pool = fakePool({ idleMs: 50 });
    await pool.embed('fake', texts('a'), ONLINE);
    const pid = pool.status().hosts[0]!.pid;
    await until(() => pool.status().hosts.length === 0);
    expect(isAlive(pid)).toBe(false);
    expect((await pool.embed('fake', texts('abc'), ONLINE)).rows[0]).toBe(3);
    expect(pool.deaths).toEqual([]);
  });

  it('leaves no process behind when it is closed, and rejects what waited', async () => {
    const pool = fakePool({ hostsMax: 2 });
    const call = pool.embed('fake', texts('hang', 'a'), BULK);
    await until(() => pool.status().hosts.length > 0);
    const pids = pool.status().hosts.map((host) => host.pid);
    const outcome = expect(call).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    await pool.close();
    await outcome;
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(pool.embed('fake', texts('a'), BULK)).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
  });

  it('changes versions under load: no call fails, and each is answered by one version only', async () => {
    const versions = [1, 2].map((mark) => fakeModel({ processing: { mark } }));
    const pool = fakePool({ models: [versions[0]!], hostsMax: 2 });
    const [first, second] = [pool.info('fake').id, pool.add(versions[1]!).id] as const;
    const items = texts(...Array.from({ length: 40 }, (_, i) => `item ${i}`));
    // A host is there before the clock of the calls begins to run.
    await pool.run('fake', items, BULK);
    const calls = Array.from({ length: 60 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 5));
      const lane = i % 2 ? 'bulk' : 'online';
      return pool.run('fake', items, { lane });
    });
    await calls[20];
    pool.serve(second);
    const gone = pool.remove(first);
    const answers = await Promise.all(calls);
    await gone;
    const marks = answers.map(({ outputs, model }) => {
      const mark = model === first ? 1 : 2;
      expect(outputs.embedding!.data.every((value) => value === mark)).toBe(true);
      return mark;
    });
    expect(new Set(marks)).toEqual(new Set([1, 2]));
    expect(marks.at(-1)).toBe(2);
    await expect(pool.run(first, items, BULK)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

/** Bulk work and a full queue: it waits, others are refused, and what never fits fails by itself. */
import { expect, it } from 'vitest';
import { waitForRoom } from '../../src/backends/room.ts';
import { fakePool, texts, until } from './fake.ts';

const BULK = { lane: 'bulk' } as const;
/** Two bytes a unit: a call of `full` texts fills a queue of this size by itself. */
const BYTES_MAX = 2_000;
const full = (command: string) => texts(command, 'x'.repeat(BYTES_MAX / 2 - command.length));

it('lets bulk calls wait until there is room, and refuses those that somebody waits for', async () => {
  const pool = fakePool({ bytesMax: BYTES_MAX });
  const patient = waitForRoom(pool);
  const first = patient.run('fake', full('sleep:300'), BULK);
  const second = patient.embed('fake', full('abc'), BULK);
  await expect(patient.run('fake', texts('a'), { lane: 'online' })).rejects.toMatchObject({ code: 'LIMIT_QUEUE' });
  await expect(patient.run('fake', texts('a'), { ...BULK, timeoutMs: 60_000 })).rejects.toMatchObject({
    code: 'LIMIT_QUEUE',
  });
  expect((await first).failed).toEqual([]);
  expect((await second).rows[0]).toBe(3);
});

it('a call that waits for room is cancelled by its signal at once', async () => {
  const pool = fakePool({ bytesMax: BYTES_MAX });
  const patient = waitForRoom(pool);
  const first = patient.run('fake', full('hang'), BULK);
  const stop = new AbortController();
  const second = patient.run('fake', full('b'), { ...BULK, signal: stop.signal });
  await until(() => pool.status().hosts.length > 0);
  stop.abort();
  await expect(second).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
  const ended = expect(first).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
  await patient.close();
  await ended;
});

it('an item that is larger than the whole queue fails alone and does not wait for ever', async () => {
  const patient = waitForRoom(fakePool({ bytesMax: BYTES_MAX }));
  const items = texts('abc', 'x'.repeat(BYTES_MAX), 'abcd');
  const { rows, failed } = await patient.embed('fake', items, BULK);
  expect(failed).toMatchObject([
    { index: 1, error: { code: 'LIMIT_SIZE', details: { found: 2 * BYTES_MAX, max: BYTES_MAX } } },
  ]);
  expect([rows[0], rows[4], rows[8]]).toEqual([3, 0, 4]);
  await expect(patient.run('fake', [...full('a'), ...full('b')], BULK)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
});

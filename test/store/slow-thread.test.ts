/** A thread that is stopped in the wrong moment must not acknowledge a write that never ran. */
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openSqlite } from './open-temp.ts';

it('writes at least one of what waits, however little time a transaction has left', async () => {
  const { store, close } = await openSqlite(systemClock);
  // Every look at the time finds a second gone: the share of a transaction is over before it begins.
  let now = 0;
  const time = vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1_000;
    return now;
  });
  const made = await Promise.all(['a', 'b', 'c'].map((name) => store.labelers.ensure('annotator', name, '')));
  time.mockRestore();
  expect(made.map((labeler) => labeler.name)).toEqual(['a', 'b', 'c']);
  expect((await store.labelers.list()).map((labeler) => labeler.name).sort()).toEqual(['a', 'b', 'c']);
  await close();
});

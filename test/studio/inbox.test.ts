/** The inbox runs dry, and something comes just then: it is looked at again, at whichever moment that was. */
import { expect, it, vi } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import type { Connections } from '../../src/app/studio/connections.ts';
import { Inbox } from '../../src/app/studio/inbox.ts';
import type { Intake } from '../../src/app/studio/intake.ts';
import type { InboxRow } from '../../src/core/connection.ts';
import { AppError } from '../../src/core/errors.ts';

/** Turns of the queue of promises after the last look at the store; more than it takes to wind up. */
const TURNS = 20;

const STUDIO = { id: 1, url: 'https://labels.example.com', token: 'token', studioProject: 5 };

function inboxOn(
  read: (connectionId: number) => Promise<InboxRow[]>,
  ended: number[] = [],
  newest = () => Number.MAX_SAFE_INTEGER,
  more: Partial<Pick<Deps, 'fetch' | 'clock' | 'log'>> = {},
): Inbox {
  const deps = {
    store: {
      studio: {
        inbox: read,
        newestEvent: async () => newest(),
        settle: async (id: number) => ended.push(id),
        list: async () => [STUDIO],
      },
    },
    clock: { now: () => 0 },
    log: { warn: () => undefined, error: () => undefined },
    ...more,
  } as unknown as Deps;
  const connections = { get: async () => STUDIO } as unknown as Connections;
  return new Inbox(deps, {} as ProjectConfigs, connections, {} as Intake, async () => undefined);
}

const event: InboxRow = { id: 1, connectionId: 1, body: '{}', attempts: 0, error: null, receivedAt: '' };

it.each(Array.from({ length: TURNS }, (_, turns) => turns))('%i turns after the last look', async (turns) => {
  const waiting: InboxRow[] = [];
  const settled: number[] = [];
  let looked = (): void => undefined;
  const firstLook = new Promise<void>((resolve) => {
    looked = resolve;
  });
  const inbox = inboxOn(async () => {
    looked();
    return waiting.splice(0);
  }, settled);
  await firstLook;
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  waiting.push(event);
  inbox.kick(1);
  // Nothing in here waits for more than a turn.
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toEqual([1]);
  await inbox.stop();
});

it('goes on for whoever waits for it when it does not end', async () => {
  const inbox = inboxOn(() => new Promise(() => undefined));
  const given = new AbortController();
  const waits = inbox.settled(1, given.signal);
  given.abort();
  await waits;
});

it('settles what was there at the call, although more comes all the time', async () => {
  const ended: number[] = [];
  let newest = 3;
  const inbox: Inbox = inboxOn(
    async () => {
      // Each look finds one more.
      const ids = Array.from({ length: newest++ }, (_, i) => i + 1).filter((id) => !ended.includes(id));
      inbox.kick(1);
      return ids.map((id) => ({ ...event, id }));
    },
    ended,
    () => newest,
  );
  await inbox.settled(1, new AbortController().signal);
  expect(ended.slice(0, 3)).toEqual([1, 2, 3]);
  await inbox.stop();
});

it('does not let a server that does not answer hold up what needs no answer of it', async () => {
  let now = Date.UTC(2026, 0, 1);
  let calls = 0;
  const ended: number[] = [];
  const bodies = Array.from({ length: 20 }, () => '{"action":"PROJECT_UPDATED"}').concat('{}');
  const waiting = bodies.map((body, i) => ({ ...event, id: i + 1, body }));
  const inbox = inboxOn(async () => waiting.filter(({ id }) => !ended.includes(id)), ended, undefined, {
    clock: { now: () => now },
    fetch: async () => {
      calls += 1;
      now += 10_000;
      throw new AppError('MEDIA_FETCH', 'It took too long.');
    },
  });
  await inbox.settled(1, new AbortController().signal);
  expect([calls, ended]).toEqual([1, [21]]);
  // Asked again after a while, and once.
  now += 60_000;
  await inbox.settled(1, new AbortController().signal);
  expect(calls).toBe(2);
  await inbox.stop();
});

it('asks once for a project that many events say has changed, and tells once of a server that is away', async () => {
  const ended: number[] = [];
  let now = 0;
  let [calls, told, isThere] = [0, 0, false];
  const waiting = Array.from({ length: 20 }, (_, i) => ({ ...event, id: i + 1, body: '{"action":"PROJECT_UPDATED"}' }));
  const log = { warn: () => (told += 1), error: () => undefined } as unknown as Deps['log'];
  const inbox = inboxOn(async () => waiting.filter(({ id }) => !ended.includes(id)), ended, undefined, {
    log,
    clock: { now: () => now },
    fetch: async (url) => {
      if (!isThere) throw new AppError('MEDIA_FETCH', 'Nobody listens.');
      calls += 1;
      const body = (async function* () {})();
      return { status: 200, headers: {}, url, body, close: () => undefined };
    },
  });
  for (let attempt = 0; attempt < 3; attempt++) {
    await inbox.settled(1, new AbortController().signal);
    now += 60_000;
  }
  expect([told, ended]).toEqual([1, []]);
  isThere = true;
  await inbox.settled(1, new AbortController().signal);
  expect([told, calls, ended.length]).toEqual([1, 1, 20]);
  await inbox.stop();
});

it('has nobody wait for the server of another project', async () => {
  const ended: number[] = [];
  const other = { ...event, id: 1, connectionId: 2, body: '{"action":"PROJECT_UPDATED"}' };
  const own = { ...event, id: 2 };
  const asked: (() => void)[] = [];
  const inbox = inboxOn(
    async (id) => [other, own].filter((one) => one.connectionId === id && !ended.includes(one.id)),
    ended,
    undefined,
    { fetch: () => new Promise((_, reject) => asked.push(() => reject(new AppError('MEDIA_FETCH', 'Too long.')))) },
  );
  inbox.kick(2);
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  await inbox.settled(1, new AbortController().signal);
  expect(ended).toEqual([2]);
  asked[0]!();
  await inbox.stop();
});

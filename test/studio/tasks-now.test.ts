import { expect, it } from 'vitest';
import { type StudioClient, studioClient, tasksNow } from '../../src/app/studio/client.ts';
import type { Connection } from '../../src/core/connection.ts';
import { LIMITS } from '../../src/core/limits.ts';
import type { FetchOptions, GuardedFetch } from '../../src/media/guarded-fetch.ts';

it('takes no task for another where a server does not know the query', async () => {
  const first = { id: 1, data: { text: 'first of the list' } };
  const asked = { id: 7, data: { text: 'asked for' } };
  const client: Pick<StudioClient, 'get'> = { get: async () => ({ tasks: [first, asked], total: 2 }) };
  expect(await tasksNow(client, 3, [7, 9])).toEqual([asked]);
});

it('waits for the first byte of a reply for as long as for all of it', async () => {
  const asked: FetchOptions[] = [];
  const fetch: GuardedFetch = async (url, options = {}) => {
    asked.push(options);
    const body = (async function* () {})();
    return { status: 200, headers: {}, url, body, close: () => undefined };
  };
  const connection = { url: 'https://labels.example.com', token: 'token', offeredUrl: null } as unknown as Connection;
  await studioClient(fetch, connection).get('/api/projects/3/');
  expect(asked.map(({ idleMs }) => idleMs)).toEqual([asked[0]!.timeoutMs]);
  expect(asked[0]!.timeoutMs).toBeGreaterThan(LIMITS.mediaFetchIdleMs);
});

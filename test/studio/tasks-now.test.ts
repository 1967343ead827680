import { expect, it } from 'vitest';
import { type StudioClient, tasksNow } from '../../src/app/studio/client.ts';

it('takes no task for another where a server does not know the query', async () => {
  const first = { id: 1, data: { text: 'first of the list' } };
  const asked = { id: 7, data: { text: 'asked for' } };
  const client: Pick<StudioClient, 'get'> = { get: async () => ({ tasks: [first, asked], total: 2 }) };
  expect(await tasksNow(client, 3, [7, 9])).toEqual([asked]);
});

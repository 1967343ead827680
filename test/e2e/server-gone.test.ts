/** A server that ends under a command: the command says so, not that something of its own is broken. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';

async function withServer(answer: RequestListener, test: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const ask = (url: string) => createClient(url, 'secret').call('jobGet', { params: { job_id: 1 } });
const gone = (url: string) => ({ code: 'CONFLICT_CANCELLED', message: expect.stringContaining(`${url} broke`) });

it.each<[string, RequestListener]>([
  ['before it answers', (request) => void request.socket.destroy()],
  [
    'in the middle of an answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => request.socket.destroy());
    },
  ],
])('%s', (_when, answer) =>
  withServer(answer, async (url) => {
    await expect(ask(url)).rejects.toMatchObject(gone(url));
  }),
);

it('before it is asked', async () => {
  let url = '';
  await withServer(
    () => undefined,
    async (own) => {
      url = own;
    },
  );
  await expect(ask(url)).rejects.toMatchObject(gone(url));
});

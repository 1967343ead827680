/** A loopback web server that plays the world outside: it counts who came. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface World {
  readonly port: number;
  readonly url: string;
  /** Requests so far, as `METHOD /path`. */
  readonly seen: string[];
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export async function openWorld(answer: (request: IncomingMessage, reply: ServerResponse) => void): Promise<World> {
  const seen: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, reply) => {
    seen.push(`${request.method} ${request.url}`);
    requests.push(request);
    answer(request, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    seen,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

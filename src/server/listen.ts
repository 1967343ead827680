/** Binds the server to an address. Anything but loopback needs tokens. */
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../core/errors.ts';
import { buildServer, type ServerOptions } from './server.ts';

export interface ListenOptions extends Omit<ServerOptions, 'auth'> {
  /** `127.0.0.1` unless told otherwise. */
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Ask for tokens on loopback too, for instance behind a proxy. */
  readonly requireTokens?: boolean;
}

export interface Listening {
  readonly server: FastifyInstance;
  /** What to open, with the real port. */
  readonly url: string;
  readonly port: number;
  /** Stops taking requests, lets those that run end, ends event streams. */
  close(): Promise<void>;
}

/** Throws CONFIG_BAD_VALUE when the address cannot be had. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { host = '127.0.0.1', requireTokens = false, ...rest } = options;
  let port = options.port;
  const local = isLoopback(host) && !requireTokens;
  const auth = local ? ({ mode: 'local', port: () => port } as const) : ({ mode: 'tokens' } as const);
  const server = await buildServer({ ...rest, auth });
  const close = gentleCloser(server);
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw addressError(host, port, error);
  }
  const address = server.server.address();
  if (typeof address === 'object' && address !== null) port = address.port;
  return { server, port, url: `http://${urlHost(host)}:${port}`, close };
}

/** Requests that are still running after so long are cut off: an upload must not hold a shutdown up. */
const GRACE_MS = 5_000;
const SWEEP_MS = 20;

/**
 * A close that lets running requests end. Connections that clients keep open for later, or have not used yet, would hold
 * it up until they time out, so they are cut as soon as nothing runs.
 */
function gentleCloser(server: FastifyInstance): () => Promise<void> {
  let running = 0;
  server.server.on('request', (_request, response) => {
    running += 1;
    response.once('close', () => {
      running -= 1;
    });
  });
  return async () => {
    const started = performance.now();
    const sweep = setInterval(() => {
      if (running === 0 || performance.now() - started > GRACE_MS) server.server.closeAllConnections();
    }, SWEEP_MS);
    try {
      await server.close();
    } finally {
      clearInterval(sweep);
    }
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function addressError(host: string, port: number, error: unknown): AppError {
  const code = (error as NodeJS.ErrnoException).code;
  const reason =
    code === 'EADDRINUSE'
      ? 'another program listens there; choose another port with --port'
      : code === 'EACCES'
        ? 'this user may not listen there; choose a port above 1023'
        : 'this machine has no such address';
  return new AppError('CONFIG_BAD_VALUE', `Cannot listen on ${urlHost(host)}:${port}: ${reason}.`, {
    details: { host, port },
    cause: error,
  });
}

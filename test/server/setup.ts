/** A server over the fake App; every successful JSON reply is held against its schema in the contract. */
import type { FastifyInstance, InjectOptions } from 'fastify';
import { Compile } from 'typebox/compile';
import { expect } from 'vitest';
import type { AuthOptions } from '../../src/server/auth.ts';
import { api } from '../../src/server/contract/index.ts';
import type { Route } from '../../src/server/contract/route.ts';
import { buildServer, type ServerOptions } from '../../src/server/server.ts';
import { type FakeApp, fakeApp } from './fake-app.ts';

export const PORT = 8080;
export const LOCAL: AuthOptions = { mode: 'local', port: () => PORT };
export const HOST = { host: `127.0.0.1:${PORT}` };

export interface TestServer {
  readonly app: FakeApp;
  readonly server: FastifyInstance;
  /** As the local owner, or with `token`. */
  call(
    request: InjectOptions & { token?: string },
  ): Promise<{ status: number; body: JsonReply; text: string; headers: Record<string, unknown> }>;
}

/** Replies are checked against the contract; tests look at single fields. */
export interface JsonReply {
  readonly [field: string]: unknown;
}

export async function testServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const app = fakeApp();
  const server = await buildServer({ app, auth: LOCAL, logger: { level: 'silent' }, ...options });
  return {
    app,
    server,
    async call({ token, ...request }) {
      const authorization = token === undefined ? {} : { authorization: `Token ${token}` };
      const reply = await server.inject({ ...request, headers: { ...HOST, ...authorization, ...request.headers } });
      const isJson = String(reply.headers['content-type'] ?? '').startsWith('application/json');
      const body = isJson && reply.body !== '' ? reply.json<JsonReply>() : {};
      if (isJson && reply.statusCode < 300) expectContract(request, reply.statusCode, body);
      return { status: reply.statusCode, body, text: reply.body, headers: reply.headers };
    },
  };
}

function expectContract(request: InjectOptions, status: number, body: unknown): void {
  const path = String(request.url).split('?')[0]!.replace(/\/$/, '');
  const route = Object.values<Route>(api).find(
    (one) => one.method === (request.method ?? 'GET') && matches(one.url, path),
  );
  if (route === undefined) return;
  const schema = route.schema.response[status];
  expect(schema, `${route.method} ${route.url} does not declare status ${status}`).toBeDefined();
  expect(Compile(schema!).Errors(body), `${route.method} ${route.url}`).toEqual([]);
}

/** Parameters that are names and no ids. */
const NAMES = /^:model_(?:name|version)$/;

function matches(pattern: string, path: string): boolean {
  const parts = pattern.split('/');
  const given = path.split('/');
  // A fixed word wins over a parameter: `/validate` is no project id.
  return (
    parts.length === given.length &&
    parts.every(
      (part, i) => part === given[i] || (part.startsWith(':') && (NAMES.test(part) || /^\d+$/.test(given[i]!))),
    )
  );
}

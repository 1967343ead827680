/** Binds a plain handler to each route of the contract: validation, access check, status and reply are done here. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App, Identity } from '../app/app.ts';
import { assert } from '../core/errors.ts';
import { accessCheck } from './access.ts';
import type { Body, Params, Query, Reply, RouteName } from './contract/index.ts';
import type { Route } from './contract/route.ts';
import { validatorFor } from './validate.ts';

export interface Call<K extends RouteName> {
  readonly params: Params<K>;
  readonly query: Query<K>;
  /** Validated; on routes that stream, an iterable of bytes. */
  readonly body: Body<K>;
  readonly who: Identity;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The value becomes the reply; null an empty one. */
export type Handlers<K extends RouteName = RouteName> = { [P in K]: (call: Call<P>) => Promise<Reply<P>> };

/** `handle` fits the route: the table of handlers is typed by the contract, which is lost when looping over it. */
export function bindRoute(
  server: FastifyInstance,
  app: App,
  route: Route,
  handle: (call: never) => Promise<unknown>,
  bodyBytesMax: number,
): void {
  const check = accessCheck(app, route);
  const status = statusOf(route);
  server.route({
    method: route.method,
    url: route.url,
    schema: { ...route.schema, tags: [route.tag], summary: route.summary },
    bodyLimit: bodyBytesMax,
    config: { labelStudio: route.labelStudio === true },
    validatorCompiler: ({ schema, httpPart }) => validatorFor(schema, httpPart as 'params' | 'querystring' | 'body'),
    serializerCompiler: () => JSON.stringify,
    preHandler: async (request) => {
      if (route.access !== 'public') await check(request, identityOf(request));
    },
    handler: async (request, reply) => {
      const call = { ...partsOf(request), who: request.identity, request, reply };
      reply.code(status);
      const value = await handle(call as never);
      if (reply.sent) return reply;
      if (value === null) return reply.code(204).send();
      return reply.send(isBytes(value) ? Readable.from(value, { objectMode: false }) : value);
    },
  });
}

function partsOf({ params, query, body }: FastifyRequest) {
  return { params, query, body };
}

function identityOf(request: FastifyRequest): Identity {
  assert(request.identity !== null, 'a route that is not public has an identity');
  return request.identity;
}

function statusOf(route: Route): number {
  const statuses = Object.keys(route.schema.response).map(Number);
  return Math.min(...statuses);
}

function isBytes(value: unknown): value is AsyncIterable<string> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

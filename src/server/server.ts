/** The HTTP server over an App: built here, bound to an address by `listen.ts`. */
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import Fastify, { type FastifyHttpOptions, type FastifyInstance, LogController } from 'fastify';
import type { App } from '../app/app.ts';
import { LIMITS } from '../core/limits.ts';
import { type AuthOptions, authenticator } from './auth.ts';
import { bindRoute, type Handlers } from './bind.ts';
import { acceptJson, acceptStreams, inflateBodies } from './body.ts';
import { api, type RouteName } from './contract/index.ts';
import type { Route } from './contract/route.ts';
import { describeApi, serveDocs } from './docs.ts';
import { sendError } from './errors.ts';
import { answerHandlers } from './handlers/answers.ts';
import { dataManagerHandlers } from './handlers/data-manager.ts';
import { eventHandlers } from './handlers/events.ts';
import { importHandlers } from './handlers/imports.ts';
import { learningHandlers } from './handlers/learning.ts';
import { libraryHandlers } from './handlers/library.ts';
import { mapHandlers } from './handlers/map.ts';
import { mediaHandlers } from './handlers/media.ts';
import { peopleHandlers } from './handlers/people.ts';
import { projectHandlers } from './handlers/projects.ts';
import { promotionHandlers } from './handlers/promotion.ts';
import { ruleHandlers } from './handlers/rules.ts';
import { scriptHandlers } from './handlers/scripts.ts';
import { servingHandlers } from './handlers/serving.ts';
import { spreadHandlers } from './handlers/spread.ts';
import { studioHandlers } from './handlers/studio.ts';
import { taskHandlers } from './handlers/tasks.ts';
import { transferHandlers } from './handlers/transfer.ts';
import { userHandlers } from './handlers/users.ts';
import { workHandlers } from './handlers/work.ts';
import { dataHeaders, secureHeaders } from './headers.ts';
import { type LoggerOptions, loggerOptions, logRequests } from './log.ts';
import { createPager } from './paging.ts';
import { addProtocol } from './studio/protocol.ts';
import { serveWeb } from './web.ts';

export interface ServerOptions {
  readonly app: App;
  readonly auth: AuthOptions;
  readonly logger: LoggerOptions;
  readonly limits?: Partial<ServerLimits>;
  /** Folder of the built page. */
  readonly web?: string;
}

export interface ServerLimits {
  readonly bodyBytesMax: number;
  /** Of routes that annotators may call. */
  readonly answerBytesMax: number;
  readonly uploadBytesMax: number;
  /** A client that sends its request slower than this is cut off. */
  readonly requestTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  /** Longer than the idle time of usual proxies and of Label Studio's client, so that they close first. */
  readonly keepAliveTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly eventStreamsMax: number;
  readonly heartbeatMs: number;
}

const DEFAULT_LIMITS: ServerLimits = {
  bodyBytesMax: LIMITS.bodyBytesMax,
  answerBytesMax: LIMITS.answerBytesMax,
  uploadBytesMax: LIMITS.uploadBytesMax,
  requestTimeoutMs: 600_000,
  connectionTimeoutMs: 0,
  keepAliveTimeoutMs: 75_000,
  headerBytesMax: 16_384,
  eventStreamsMax: 500,
  heartbeatMs: 15_000,
};

/** Does not listen. `close()` ends event streams first and leaves the App open. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = createFastify(options.logger, limits);
  server.decorateRequest('identity', null);
  server.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  logRequests(server);
  inflateBodies(server);
  // Before the headers of pages: Label Studio makes none of them, and asks for every task that somebody opens.
  await server.register(async (scope) =>
    addProtocol(scope, options.app, authenticator(options.app.people, options.auth)),
  );
  secureHeaders(server);
  await describeApi(server);
  await server.register(async (scope) => addApi(scope, options, limits));
  await serveWeb(server, options.web);
  return server;
}

function createFastify(logger: LoggerOptions, limits: ServerLimits): FastifyInstance {
  const options: FastifyHttpOptions<Server> = {
    logger: loggerOptions(logger),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: false,
    // A HEAD of `next` would lease a task.
    exposeHeadRoutes: false,
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.connectionTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: limits.headerBytesMax },
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply),
  };
  return Fastify(options);
}

async function addApi(server: FastifyInstance, options: ServerOptions, limits: ServerLimits): Promise<void> {
  const { app } = options;
  const authenticate = authenticator(app.people, options.auth);
  const pager = createPager();
  const handlers: Handlers = {
    ...projectHandlers(app),
    ...transferHandlers(app),
    ...mediaHandlers(app),
    ...taskHandlers(app, pager),
    ...answerHandlers(app, pager),
    ...workHandlers(app),
    ...learningHandlers(app),
    ...mapHandlers(app),
    ...libraryHandlers(app),
    ...ruleHandlers(app),
    ...studioHandlers(app),
    ...scriptHandlers(app),
    ...importHandlers(app),
    ...dataManagerHandlers(app),
    ...promotionHandlers(app),
    ...spreadHandlers(app),
    ...peopleHandlers(app),
    ...userHandlers(app),
    ...servingHandlers(app),
    ...eventHandlers(server, app, authenticate, {
      streamsMax: limits.eventStreamsMax,
      heartbeatMs: limits.heartbeatMs,
    }),
  };
  const bind = (scope: FastifyInstance, wanted: (route: Route) => boolean) => {
    for (const name of Object.keys(api) as RouteName[]) {
      if (wanted(api[name])) bindRoute(scope, app, api[name], handlers[name], bodyLimitOf(api[name], limits));
    }
  };

  dataHeaders(server);
  acceptJson(server);
  bind(server, (route) => route.access === 'public');
  await server.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      request.identity = await authenticate(request);
    });
    bind(scope, (route) => route.access !== 'public' && route.streams === undefined);
    await serveDocs(scope);
    await scope.register(async (streams) => {
      acceptStreams(streams);
      bind(streams, (route) => route.streams === true);
    });
  });
}

function bodyLimitOf(route: Route, limits: ServerLimits): number {
  if (route.streams) return limits.uploadBytesMax;
  return route.access === 'annotator' ? limits.answerBytesMax : limits.bodyBytesMax;
}

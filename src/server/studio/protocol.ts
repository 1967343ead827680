/**
 * Label Studio's ML-backend protocol: under `/ml/SECRET/`, because Label Studio sends its events without credentials, and
 * at the root for callers with a token (also as the password of basic authentication).
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App, Identity } from '../../app/app.ts';
import { isKnownAction, TRAIN_WITH } from '../../app/studio/actions.ts';
import type { StudioProtocol } from '../../app/studio/api.ts';
import { checkProject } from '../../app/studio/connections.ts';
import { projectNumber } from '../../app/studio/wire.ts';
import type { Connection } from '../../core/connection.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import { parseLabelConfig } from '../../labelconfig/index.ts';
import type { Authenticate } from '../auth.ts';
import { sendError } from '../errors.ts';
import { readBody } from './read-body.ts';

const MODEL_CLASS = 'Headstart';
/** Longer than any secret made here; longer input is not even hashed. */
const SECRET_CHARS_MAX = 128;
/** An event that is looked at before it is acknowledged; larger ones are only kept. */
const EVENT_READ_BYTES = 1_000_000;

interface Call {
  readonly connection: Connection;
  readonly body: JsonObject;
  readonly raw: Buffer;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What it returns is sent. Nothing returns the reply itself: to await that is to wait until the last byte is out. */
type Handle = (protocol: StudioProtocol, call: Call) => Promise<unknown>;

export function addProtocol(server: FastifyInstance, app: App, authenticate: Authenticate): void {
  const { protocol } = app.studio;
  server.removeAllContentTypeParsers();
  // Data for a program: nothing here is a page, and nothing is kept.
  server.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    done();
  });
  server.addContentTypeParser<Buffer>(
    '*',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => body,
  );

  // A logger of its own for each request is a tenth of what a small call costs; faults get theirs when they happen.
  server.setChildLoggerFactory((logger) => logger);
  server.setErrorHandler((error, request, reply) => {
    request.log = request.log.child({ reqId: request.id });
    return sendError(error, request, reply);
  });

  const bySecret = async (request: FastifyRequest): Promise<Connection> => {
    const { secret } = request.params as { secret: string };
    const connection = secret.length <= SECRET_CHARS_MAX ? await protocol.bySecret(secret) : undefined;
    if (connection === undefined)
      throw new AppError('NOT_FOUND', 'There is no such address; it may have been renewed.');
    return connection;
  };

  server.get('/ml/:secret', async (request) => health(await bySecret(request)));
  server.get('/ml/:secret/health', async (request) => health(await bySecret(request)));
  for (const { method, path, handle, readsBody = true } of ROUTES) {
    const options = { bodyLimit: LIMITS.studioBodyBytesMax };
    server.route({
      method,
      url: `/ml/:secret${path}`,
      ...options,
      handler: async (request, reply) => {
        const connection = await bySecret(request);
        const given = await bodyOf(request, readsBody);
        checkProject(connection, projectNumber(given.body.project));
        return handle(protocol, { connection, ...given, request, reply });
      },
    });
    if (method === 'GET') continue;
    server.route({
      method,
      url: path,
      ...options,
      onRequest: async (request) => {
        request.identity = await authenticate(withBasicToken(request));
        checkOwner(request.identity);
      },
      handler: async (request, reply) => {
        const given = await bodyOf(request, true);
        const studioProject = projectNumber(given.body.project);
        // What test suites of backends send: no project at all, and nothing to say about it.
        if (studioProject === null && isTrial(path, given.body)) return reply.send(TRIAL_REPLIES[path]);
        const connection = await protocol.byProject(request.identity!, studioProject);
        return handle(protocol, { connection, ...given, request, reply });
      },
    });
  }
}

/** Answered without touching anything that could wait. */
function health(_connection: Connection) {
  return { status: 'UP', model_class: MODEL_CLASS };
}

async function bodyOf(request: FastifyRequest, reads: boolean): Promise<{ body: JsonObject; raw: Buffer }> {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { raw, body: reads ? await readBody(raw) : {} };
}

const TRIAL_REPLIES: Readonly<Record<string, object>> = {
  '/setup': { model_version: null },
  '/predict': { results: [] },
};

function isTrial(path: string, body: JsonObject): boolean {
  return path === '/setup' || (path === '/predict' && !Array.isArray(body.tasks));
}

/** Label Studio can send a name and a password: the password is the token. */
function withBasicToken(request: FastifyRequest): FastifyRequest {
  const encoded = /^basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return request;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  request.headers.authorization = `Token ${text.slice(text.indexOf(':') + 1) || '-'}`;
  return request;
}

function checkOwner(who: Identity): void {
  if (who.role !== 'owner')
    throw new AppError('AUTH_FORBIDDEN', 'This needs the token of an owner; yours is for labeling.');
}

interface ProtocolRoute {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: Handle;
  /** Events are kept unread. */
  readonly readsBody?: false;
}

const ROUTES: readonly ProtocolRoute[] = [
  { method: 'POST', path: '/setup', handle: setup },
  { method: 'POST', path: '/predict', handle: predict },
  { method: 'POST', path: '/train', handle: train },
  { method: 'POST', path: '/webhook', handle: webhook, readsBody: false },
  { method: 'GET', path: '/versions', handle: versions },
  { method: 'POST', path: '/versions', handle: versions },
  { method: 'POST', path: '/validate', handle: validate },
  { method: 'POST', path: '/job_status', handle: jobStatus },
  { method: 'POST', path: '/delete', handle: acknowledge },
  { method: 'POST', path: '/duplicate_model', handle: acknowledge },
  { method: 'GET', path: '/metrics', handle: metrics },
];

async function setup(protocol: StudioProtocol, { connection, body }: Call) {
  const text = (key: string) => (typeof body[key] === 'string' && body[key] !== '' ? body[key] : null);
  const { modelVersion } = await protocol.setup(connection, {
    studioProject: projectNumber(body.project),
    schema: text('schema'),
    hostname: text('hostname'),
    token: text('access_token'),
  });
  return { model_version: modelVersion, status: 'ok' };
}

async function predict(protocol: StudioProtocol, { connection, body, request, reply }: Call) {
  // A dict instead of a list is what test suites send; there is nothing to answer for.
  if (!Array.isArray(body.tasks)) return { results: [] };
  const { socket } = request.raw;
  let gone: AbortController | null = null;
  const onGone = (): void => gone?.abort();
  const signal = (): AbortSignal => {
    gone = new AbortController();
    socket.once('close', onGone);
    return gone.signal;
  };
  try {
    const context = isJsonObject(body.params) && isJsonObject(body.params.context) ? body.params.context : null;
    const text = await protocol.predict(connection, body.tasks as readonly unknown[], { signal, context });
    reply.type('application/json; charset=utf-8');
    return text;
  } finally {
    if (gone !== null) socket.off('close', onGone);
  }
}

/** The old call, with all tasks and their annotations. */
async function train(protocol: StudioProtocol, { connection, body, reply }: Call) {
  await protocol.receive(connection, JSON.stringify({ action: TRAIN_WITH, annotations: body.annotations ?? [] }));
  return startTraining(protocol, connection, reply);
}

/** Acknowledged as soon as it is on disk: as an event, or as the job that it asks for. */
async function webhook(protocol: StudioProtocol, { connection, raw, reply }: Call) {
  const event = raw.length <= EVENT_READ_BYTES ? await readBody(raw) : null;
  if (event !== null && !isKnownAction(event.action)) return { status: 'Unknown event' };
  if (event?.action === 'START_TRAINING') {
    checkProject(connection, projectNumber(event.project));
    return startTraining(protocol, connection, reply);
  }
  await protocol.receive(connection, raw.toString('utf8'));
  reply.code(201);
  return { status: 'ok' };
}

/** However often it is asked for while it waits or runs, it is one training. */
async function startTraining(protocol: StudioProtocol, connection: Connection, reply: FastifyReply) {
  const job = await protocol.train(connection);
  reply.code(201);
  return { status: 'ok', job: String(job.id) };
}

async function versions(protocol: StudioProtocol, { connection }: Call) {
  return { versions: await protocol.versions(connection) };
}

async function validate(_protocol: StudioProtocol, { body }: Call) {
  parseLabelConfig(typeof body.config === 'string' ? body.config : '');
  return { status: 'ok' };
}

const STATUS_OF: Readonly<Record<Job['state'], string>> = {
  queued: 'queued',
  running: 'started',
  paused: 'queued',
  done: 'finished',
  failed: 'failed',
  cancelled: 'failed',
};

async function jobStatus(protocol: StudioProtocol, { connection, body, reply }: Call) {
  const job = await protocol.job(connection, Number(body.job ?? Number.NaN) || 0);
  // 410 is what Label Studio reads as "removed".
  if (job === undefined) return reply.code(410).send({ status: 'error', detail: 'There is no such job any more.' });
  return { status: 'ok', job_status: STATUS_OF[job.state] };
}

/** Nothing is kept per Label Studio project that could be deleted or copied by a call without a token. */
async function acknowledge() {
  return { status: 'ok' };
}

async function metrics(protocol: StudioProtocol, { connection, request, reply }: Call) {
  const counts = await protocol.metrics(connection);
  if (!/text\/plain|openmetrics/.test(request.headers.accept ?? '')) return counts;
  const lines = Object.entries(counts).map(([name, value]) => `headstart_studio_${name} ${value}\n`);
  return reply.type('text/plain; version=0.0.4; charset=utf-8').send(lines.join(''));
}

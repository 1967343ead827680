/** `/api/events`: one stream per page with the progress of every job that the caller may see. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { App, Identity } from '../../app/app.ts';
import { hasEnded } from '../../app/jobs/jobs.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Authenticate } from '../auth.ts';
import type { Handlers } from '../bind.ts';
import { jobStream } from '../sse.ts';
import { jobEventWire } from '../wire-work.ts';

export interface EventOptions {
  /** Streams open at one time; each page holds one. */
  readonly streamsMax: number;
  /** A comment is sent and the token is looked at again so often. */
  readonly heartbeatMs: number;
}

/** Browsers come back by themselves after so long. */
const RETRY_MS = 2000;
const REPLAY_CHUNK = 500;
/** A new listener is shown what is going on now, not history. */
const CURRENT_JOBS = 100;

export function eventHandlers(
  server: FastifyInstance,
  app: App,
  authenticate: Authenticate,
  { streamsMax, heartbeatMs }: EventOptions,
): Handlers<'events'> {
  const open = new Set<() => void>();
  server.addHook('preClose', async () => {
    for (const close of [...open]) close();
  });

  return {
    async events({ query, who, request, reply }) {
      if (open.size >= streamsMax) {
        throw new AppError('LIMIT_QUEUE', `There are ${streamsMax} event streams open already.`);
      }
      const projectId = query.project ?? who.projectId;
      const since = lastEventId(request);
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        // Never used for another request: the connection ends with the stream.
        connection: 'close',
        // Proxies that collect replies would hold events back.
        'x-accel-buffering': 'no',
      });
      response.write(`retry: ${RETRY_MS}\n\n`);

      const stream = jobStream(response, jobEventWire);
      const offer = (job: Job) => {
        if (projectId === null || job.projectId === projectId) stream.offer(job);
      };
      const unsubscribe = app.jobs.onChange(offer);
      const heartbeat = setInterval(() => void beat(), heartbeatMs);
      const close = () => {
        open.delete(close);
        clearInterval(heartbeat);
        unsubscribe();
        stream.close();
        response.end();
      };
      const beat = async () => {
        if (await stillAllowed(authenticate, request, who)) response.write(': still here\n\n');
        else close();
      };
      open.add(close);
      response.on('drain', () => stream.drained());
      response.on('close', close);
      // Subscribed first, so that nothing falls between replay and live.
      await replay(app, since, projectId, offer).catch((error: unknown) => {
        request.log.error({ err: error }, 'event replay failed');
        close();
      });
      return null;
    },
  };
}

function lastEventId(request: FastifyRequest): number | undefined {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined;
}

async function replay(
  app: App,
  since: number | undefined,
  projectId: number | null,
  offer: (job: Job) => void,
): Promise<void> {
  if (since === undefined) {
    const jobs = await app.jobs.list({ limit: CURRENT_JOBS, ...(projectId === null ? {} : { projectId }) });
    for (const job of jobs) if (!hasEnded(job)) offer(job);
    return;
  }
  for (let from = since; ; ) {
    const jobs = await app.jobs.changedSince(from, REPLAY_CHUNK);
    for (const job of jobs) offer(job);
    if (jobs.length < REPLAY_CHUNK) return;
    from = jobs.at(-1)!.revision;
  }
}

/** A revoked token loses its stream too. */
async function stillAllowed(authenticate: Authenticate, request: FastifyRequest, who: Identity): Promise<boolean> {
  try {
    const now = await authenticate(request);
    return now.annotatorId === who.annotatorId && now.role === who.role && now.projectId === who.projectId;
  } catch {
    return false;
  }
}

/** What is written to the log: routes, states, times, ids. Never bodies, headers, tokens, query values or task data. */
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go; standard output when left out. */
  readonly stream?: { write(line: string): void };
}

/** Fastify's logger options with serializers that cannot leak. */
export function loggerOptions(options: LoggerOptions) {
  return {
    level: options.level,
    ...(options.stream === undefined ? {} : { stream: options.stream }),
    serializers: {
      req: requestFields,
      res: (reply: { statusCode: number }) => ({ statusCode: reply.statusCode }),
      err: describeFault,
    },
  };
}

export interface Fault {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly [key: string]: unknown;
}

/**
 * A bug for the log: its type, its frames, and its message without anything quoted, because engines quote the input
 * (`Unexpected token 'h', "hello..." is not valid JSON`).
 */
export function describeFault(error: unknown): Fault {
  const fault = error instanceof Error ? error : new Error(typeof error);
  const frames = (fault.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { type: fault.name, message: withoutQuotes(fault.message), stack: frames.join('\n') };
}

/** One line per answered request, where the level lets it through. */
export function logRequests(server: FastifyInstance): void {
  if (!['debug', 'info'].includes(server.log.level)) return;
  server.addHook('onResponse', (request, reply, done) => {
    const fields = { ...requestFields(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    request.log.info({ ...fields, who: request.identity?.annotatorId ?? null }, 'answered');
    done();
  });
}

function requestFields(request: FastifyRequest) {
  return { method: request.method, route: request.routeOptions?.url ?? '(none)' };
}

function withoutQuotes(message: string): string {
  return message.replace(/"[\s\S]*"|'[^']*'|`[^`]*`/g, '"..."').slice(0, 300);
}

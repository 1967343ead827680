/** What the caller is told when something goes wrong: a code, one sentence, a request id; never a stack. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, toAppError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { ErrorWire } from './contract/index.ts';
import { describeFault } from './log.ts';
import { PRODUCT_VERSION } from './version.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route in Label Studio's paths. */
    labelStudio?: boolean;
  }
}

/** Seconds after which a refused request may be worth repeating, unless the error knows better. */
const RETRY_AFTER_SECONDS = 5;

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = fromFramework(error) ?? toAppError(error);
  if (known.code === 'INTERNAL') request.log.error({ fault: describeFault(error) }, 'internal error');
  if (known.status === 429 || known.status === 503) {
    const seconds = known.details.retryAfterSeconds;
    reply.header('retry-after', String(typeof seconds === 'number' ? Math.ceil(seconds) : RETRY_AFTER_SECONDS));
  }
  if (known.status === 401) reply.header('www-authenticate', 'Token realm="Headstart"');
  const wire = errorWire(known, request.id);
  const body = request.routeOptions?.config?.labelStudio ? asLabelStudio(wire) : wire;
  return reply
    .code(body.status_code)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ ...body, ...protocolError(known, request.url) }));
}

/**
 * Label Studio says 400 whatever does not fit, and names what under `validation_errors`; its clients know nothing else.
 * `detail` stays our sentence, where there it is only "Validation error".
 */
function asLabelStudio(error: ErrorWire): ErrorWire {
  const fields = { id: error.request_id, version: PRODUCT_VERSION, exc_info: null };
  if (error.status_code !== 422) return { ...error, ...fields };
  return { ...error, ...fields, status_code: 400, validation_errors: error.validation_errors ?? misfitOf(error) };
}

function misfitOf({ code, detail, details }: ErrorWire): Record<string, string[]> {
  const field = code.startsWith('LABELCONFIG_') ? 'label_config' : details.field;
  return { [typeof field === 'string' && field !== '' ? field : 'non_field_errors']: [detail] };
}

/** Clients of the Open Inference Protocol look for the sentence under `error`. */
function protocolError({ message }: AppError, url: string): { error?: string } {
  return /^\/v2(?:\/|$)/.test(url) ? { error: message } : {};
}

export function errorWire(error: AppError, requestId: string): ErrorWire {
  const { validation_errors, ...details } = error.details as JsonObject & {
    validation_errors?: Record<string, string[]>;
  };
  return {
    code: error.code,
    status_code: error.status,
    detail: error.message,
    details,
    ...(validation_errors === undefined ? {} : { validation_errors }),
    retryable: error.retryable,
    request_id: requestId,
  };
}

export function noSuchRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendError(new AppError('NOT_FOUND', 'There is no such address in the API; /docs lists them.'), request, reply);
}

/** Fastify's own refusals in our codes. */
function fromFramework(error: unknown): AppError | undefined {
  if (error instanceof AppError || !(error instanceof Error)) return undefined;
  const { code, statusCode } = error as Partial<FastifyError>;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new AppError('LIMIT_BODY', 'The request body is larger than the limit.');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new AppError('INPUT_BAD_FIELD', 'This content type is not taken here; send `application/json`.', {
        details: { field: 'content-type' },
      });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new AppError('INPUT_BAD_FIELD', 'The body is not as long as its Content-Length says.', {
        details: { field: 'content-length' },
      });
    default:
      // The remaining refusals of the framework are about addresses: not decodable, or (403) no name that a file can have.
      return statusCode === 400 || statusCode === 403 || statusCode === 404 || statusCode === 414
        ? new AppError('NOT_FOUND', 'There is no such address in the API; /docs lists them.')
        : undefined;
  }
}

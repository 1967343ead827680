/** Request bodies: JSON parsed safely, gzip inflated, both within a limit; uploads handed on as streams. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';

/** JSON is the only type that ordinary routes take. */
export function acceptJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    /^application\/(?:[\w.-]+\+)?json\b/i,
    { parseAs: 'buffer' },
    // Clients announce JSON on calls without a body.
    async (_request: FastifyRequest, body: Buffer) => (body.length === 0 ? undefined : parseJson(decodeUtf8(body))),
  );
}

/** For routes that read the body themselves: whatever its type, as bytes, as many as the route's limit allows. */
export function acceptStreams(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const bytesMax = request.routeOptions.bodyLimit;
    if (Number(request.headers['content-length']) > bytesMax) throw tooLarge(bytesMax);
    return limited(payload, bytesMax);
  });
}

/** Clients may send any body with `Content-Encoding: gzip`; the limit counts what comes out, so that a bomb ends early. */
export function inflateBodies(server: FastifyInstance): void {
  server.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
    if (encoding === 'identity') return done(null, payload);
    if (encoding !== 'gzip') {
      return done(
        new AppError('INPUT_BAD_FIELD', 'The content encoding must be `gzip` or none.', {
          details: { field: 'content-encoding' },
        }),
      );
    }
    const received = { receivedEncodedLength: Number(request.headers['content-length'] ?? 0) };
    const inflating = inflated(payload, request.routeOptions.bodyLimit);
    return done(null, Object.assign(Readable.from(inflating, { objectMode: false }), received));
  });
}

async function* inflated(payload: Readable, bytesMax: number): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const fed = pipeline(payload, gunzip);
  // The reader below meets the same error; without this it would be reported twice.
  fed.catch(() => undefined);
  try {
    yield* limited(gunzip, bytesMax);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('INPUT_BAD_FIELD', 'The body is not valid gzip.', {
      details: { field: 'content-encoding' },
      cause: error,
    });
  } finally {
    gunzip.destroy();
  }
}

async function* limited(source: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    yield chunk;
  }
}

function tooLarge(bytesMax: number): AppError {
  return new AppError('LIMIT_BODY', `The body is larger than ${bytesMax} bytes.`, { details: { bytesMax } });
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new AppError('INPUT_BAD_ENCODING', 'The body is not UTF-8.', { cause: error });
  }
}

/** The built page: hashed assets kept for ever, everything else asked for anew, unknown addresses are the page's own. */
import { existsSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { noSuchRoute } from './errors.ts';

/** Addresses that programs use: an unknown one gets an error, never the page. */
const PROGRAM_PATHS = /^\/(?:api|data|docs|health|metrics|v2|ml)(?:[/?]|$)/;
/** Vite writes `name-hash.ext` into this folder. */
const HASHED = /[/\\]assets[/\\]/;
/** File systems take names of 255 bytes at most; no file or address of the page is anywhere near that long. */
const PATH_BYTES_MAX = 255;

const NOT_BUILT = [
  'Headstart is running, but its page is not built.',
  'Build it with `npm run build`, or use the API: /docs describes it.',
  '',
].join('\n');

/** @param folder where the page was built to; a missing folder is answered with a hint. */
export async function serveWeb(server: FastifyInstance, folder: string | undefined): Promise<void> {
  const built = folder !== undefined && existsSync(join(folder, 'index.html'));
  if (built) {
    await server.register(fastifyStatic, {
      root: folder,
      preCompressed: true,
      dotfiles: 'ignore',
      allowedPath: (path) => staysInside(folder, path),
      index: 'index.html',
      cacheControl: false,
      setHeaders: (reply, path) => {
        reply.header('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  server.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' || PROGRAM_PATHS.test(request.url)) return noSuchRoute(request, reply);
    return built
      ? ownAddress(request, reply)
      : reply
          .code(request.url === '/' ? 200 : 404)
          .type('text/plain')
          .send(NOT_BUILT);
  });
}

/** A link in the folder that leads out of it is not followed; what is not there gets its own answer. */
function staysInside(folder: string, path: string): boolean {
  const file = join(folder, path);
  return !existsSync(file) || `${realpathSync(file)}${sep}`.startsWith(`${realpathSync(folder)}${sep}`);
}

/** An address inside the page; a missing file is not one. */
function ownAddress(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0]!;
  if (Buffer.byteLength(path) > PATH_BYTES_MAX || /\.\w+$/.test(path)) return noSuchRoute(request, reply);
  return reply.sendFile('index.html');
}

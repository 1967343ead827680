/** Headers that every reply carries: an enforced content security policy and its neighbours. */
import type { FastifyInstance } from 'fastify';

/** For pages of ours: everything from this server, nothing inline, no eval; pictures may be drawn in the page. */
export const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** For data: whatever a browser makes of it, it may load and run nothing. */
export const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

export function secureHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': PAGE_POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  });
}

/** Replies of the API hold people's data: not cached, not rendered. */
export function dataHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'content-security-policy': DATA_POLICY, 'cache-control': 'no-store' });
  });
}

/**
 * Who is asking. With a token: whoever it was made for. Without one: the local owner, but only where the server listens
 * on loopback and the request was meant for it (no other page, no re-bound host name).
 */
import type { FastifyRequest } from 'fastify';
import type { Identity } from '../app/app.ts';
import type { PeopleApi } from '../app/projects/api.ts';
import { AppError } from '../core/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read; null on public routes. */
    identity: Identity | null;
  }
}

export type AuthOptions =
  /** Listening on loopback: requests of this machine without a token are the local owner's. */
  | { readonly mode: 'local'; readonly port: () => number }
  /** Listening elsewhere: every request needs a token. */
  | { readonly mode: 'tokens' };

export type Authenticate = (request: FastifyRequest) => Promise<Identity>;

/** Longer than any token made here; longer input is not even hashed. */
const TOKEN_CHARS_MAX = 256;

export function authenticator(people: PeopleApi, options: AuthOptions): Authenticate {
  return async (request) => {
    const header = request.headers.authorization;
    if (header !== undefined) return await identifyToken(people, header);
    if (options.mode === 'tokens') throw new AppError('AUTH_REQUIRED', tokenHint);
    checkMeantForUs(request, options.port());
    return await people.localOwner();
  };
}

const tokenHint = 'A token is needed: send the header `Authorization: Token ...`.';

/** The token is looked up by its hash, so the time taken says nothing about how close a guess is. */
async function identifyToken(people: PeopleApi, header: string): Promise<Identity> {
  const secret = /^(?:token|bearer)\s+(\S+)\s*$/i.exec(header)?.[1];
  if (secret === undefined) throw new AppError('AUTH_REQUIRED', tokenHint);
  const identity = secret.length <= TOKEN_CHARS_MAX ? await people.identify(secret) : undefined;
  if (identity === undefined) throw new AppError('AUTH_UNKNOWN_TOKEN', 'The token is not known or was revoked.');
  return identity;
}

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * A foreign page can make a browser of this machine send requests here: under its own name re-bound to 127.0.0.1 (then
 * the Host is wrong), or across origins (then Origin or Sec-Fetch-Site is). Neither may act as the owner.
 */
function checkMeantForUs({ headers }: FastifyRequest, port: number): void {
  const hosts = LOOPBACK_NAMES.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`]));
  const host = headers.host?.toLowerCase() ?? '';
  if (!hosts.includes(host)) {
    throw new AppError('AUTH_BAD_ORIGIN', 'This host name is not ours; open the printed address, or send a token.');
  }
  const origin = headers.origin?.toLowerCase();
  const site = headers['sec-fetch-site'];
  const ownPage = origin === undefined || origin === `http://${host}`;
  const ownSite = site === undefined || site === 'same-origin' || site === 'none';
  if (!ownPage || !ownSite) throw new AppError('AUTH_BAD_ORIGIN', 'The request comes from another web page.');
}

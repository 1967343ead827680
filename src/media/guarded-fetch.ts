/**
 * HTTP to addresses that strangers chose: the address is checked when the connection is made, not before, so that neither
 * a redirect nor a name that changes its address (DNS rebinding) leads inside. Everything has a limit.
 */
import { lookup } from 'node:dns/promises';
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Allowance, readAllowance } from './addresses.ts';

export interface FetchOptions {
  /** Default GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Hops to follow (GET and HEAD only); 0 makes a redirect an ordinary reply. Default `mediaRedirectsMax`. */
  readonly redirectsMax?: number;
  /** For everything, the body included. Default `mediaFetchMs`. */
  readonly timeoutMs?: number;
  /** Without a byte. Default `mediaFetchIdleMs`. */
  readonly idleMs?: number;
  /** Of the body. Default `mediaFetchBytesMax`. */
  readonly bytesMax?: number;
  readonly signal?: AbortSignal;
}

export interface FetchReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where the last hop ended. */
  readonly url: string;
  /** Throws LIMIT_SIZE and MEDIA_FETCH. Never decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Drops the connection: for a body that is not read. */
  close(): void;
}

/**
 * Throws MEDIA_FORBIDDEN for an address that may not be asked, MEDIA_FETCH when it does not answer in time. Any status is
 * a reply.
 */
export type GuardedFetch = (url: string, options?: FetchOptions) => Promise<FetchReply>;

export interface FetchPolicy {
  /** See `readAllowance`. */
  readonly allow?: readonly string[];
  /** All addresses of a host name. Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Certificate authorities to trust instead of the usual ones. */
  readonly ca?: string;
}

interface Hop {
  readonly allowance: Allowance;
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly ca: string | undefined;
  readonly options: FetchOptions;
  readonly signal: AbortSignal;
}

const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Not handed to another server than the one they were meant for. */
const PERSONAL_HEADERS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

export function createGuardedFetch(policy: FetchPolicy = {}): GuardedFetch {
  const allowance = readAllowance(policy.allow ?? []);
  const resolve = policy.resolve ?? systemResolve;
  return async (address, options = {}) => {
    const deadline = AbortSignal.timeout(options.timeoutMs ?? LIMITS.mediaFetchMs);
    const signal = options.signal ? AbortSignal.any([deadline, options.signal]) : deadline;
    const method = options.method ?? 'GET';
    const hopsMax = method === 'GET' || method === 'HEAD' ? (options.redirectsMax ?? LIMITS.mediaRedirectsMax) : 0;
    let url = parseUrl(address);
    let headers = options.headers ?? {};
    for (let hop = 0; ; hop++) {
      const reply = await send(url, { allowance, resolve, ca: policy.ca, options: { ...options, headers }, signal });
      const target = hopsMax > 0 && REDIRECTS.includes(reply.statusCode ?? 0) ? reply.headers.location : undefined;
      if (target === undefined) {
        return replyOf(reply, url, options);
      }
      reply.destroy();
      if (hop === hopsMax) throw new AppError('MEDIA_FETCH', `${shown(url)} leads on more than ${hopsMax} times.`);
      const next = parseUrl(target, url);
      if (next.origin !== url.origin) headers = withoutPersonal(headers);
      url = next;
    }
  };
}

function replyOf(reply: IncomingMessage, url: URL, options: FetchOptions): FetchReply {
  // Nobody may be reading when the connection breaks; whoever reads meets the error there.
  reply.on('error', () => undefined);
  return {
    status: reply.statusCode ?? 0,
    headers: reply.headers,
    url: url.href,
    body: bodyOf(reply, options),
    close: () => reply.destroy(),
  };
}

function send(url: URL, hop: Hop): Promise<IncomingMessage> {
  const host = hostOf(url);
  const port = portOf(url);
  if (!hop.allowance.port(host, port)) throw notAllowed(url, `port ${port}`);
  const mayConnect = (address: string) => hop.allowance.address(host, address, port);
  // Names are checked when they are resolved for the connection; addresses are not resolved.
  if (isIP(host) !== 0 && !mayConnect(host)) throw notAllowed(url, 'this address');
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = hop.options;
    const secure = url.protocol === 'https:';
    const request: ClientRequest = (secure ? requestHttps : requestHttp)(url, {
      method,
      // Bytes as they are: nothing here inflates them, so that no bomb goes off.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'headstart', ...headers },
      agent: false,
      lookup: checkedLookup(url, mayConnect, hop.resolve),
      timeout: hop.options.idleMs ?? LIMITS.mediaFetchIdleMs,
      signal: hop.signal,
      ...(secure ? { rejectUnauthorized: true } : {}),
      ...(hop.ca === undefined ? {} : { ca: hop.ca }),
    });
    request.on('socket', (socket) => checkPeer(socket, url, mayConnect));
    request.on('timeout', () => request.destroy(new AppError('MEDIA_FETCH', `${shown(url)} does not answer.`)));
    request.on('error', (error) => reject(fetchError(error, url)));
    request.on('response', resolve);
    request.end(body);
  });
}

/** Gives the socket only addresses that may be asked: what it connects to is what was checked. */
function checkedLookup(url: URL, mayConnect: (address: string) => boolean, resolve: Hop['resolve']): LookupFunction {
  return (host, options, callback) => {
    resolve(host)
      .then((all) => {
        const found = all.filter(mayConnect).map((address) => ({ address, family: isIP(address) }));
        const first = found[0];
        if (first === undefined) throw notAllowed(url, 'its address');
        if (options.all) callback(null, found);
        else callback(null, first.address, first.family);
      })
      .catch((error: NodeJS.ErrnoException) => callback(error, '', 0));
  };
}

/** The same question once more of the peer itself, before a byte is sent to it. */
function checkPeer(socket: Socket, url: URL, mayConnect: (address: string) => boolean): void {
  socket.on('connect', () => {
    if (!mayConnect(socket.remoteAddress ?? '')) socket.destroy(notAllowed(url, 'its address'));
  });
}

async function* bodyOf(reply: IncomingMessage, options: FetchOptions): AsyncGenerator<Uint8Array> {
  const bytesMax = options.bytesMax ?? LIMITS.mediaFetchBytesMax;
  const tooLarge = () =>
    new AppError('LIMIT_SIZE', `The reply is larger than ${bytesMax} bytes.`, { details: { bytesMax } });
  let bytes = 0;
  try {
    if (Number(reply.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
    for await (const chunk of reply as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > bytesMax) throw tooLarge();
      yield chunk;
    }
  } catch (error) {
    throw fetchError(error, null);
  } finally {
    reply.destroy();
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : null;
  if (url === null) throw new AppError('MEDIA_FORBIDDEN', 'This is not an address.');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw forbidden(url, 'only http and https are fetched');
  if (url.username !== '' || url.password !== '') throw forbidden(url, 'addresses with a password are not fetched');
  return url;
}

/** Without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function withoutPersonal(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PERSONAL_HEADERS.includes(name.toLowerCase())));
}

/** Host only: paths and queries of addresses carry keys. */
function shown(url: URL): string {
  return url.host === '' ? url.protocol : `${url.protocol}//${url.host}`;
}

/** Whoever runs the server can allow it. */
function notAllowed(url: URL, what: string): AppError {
  const place = `${url.hostname}:${portOf(url)}`;
  return forbidden(url, `${what} may not be asked unless the server is started with --allow-address ${place}`);
}

function portOf(url: URL): number {
  return Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
}

function forbidden(url: URL, why: string): AppError {
  return new AppError('MEDIA_FORBIDDEN', `${shown(url)} is not fetched: ${why}.`, { details: { host: url.host } });
}

function fetchError(error: unknown, url: URL | null): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'the connection broke';
  const reason = code === 'ABORT_ERR' ? 'it took too long' : code;
  const where = url === null ? 'The address' : shown(url);
  return new AppError('MEDIA_FETCH', `${where} could not be fetched: ${reason}.`, { cause: error });
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map((one) => one.address);
}

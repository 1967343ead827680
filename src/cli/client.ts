/** The API as a typed function: commands speak to the server like everybody else, over HTTP. */
import { AppError, ERROR_KINDS, type ErrorCode } from '../core/errors.ts';
import type { Body, Params, Query, Reply, RouteName } from '../server/contract/index.ts';
import { api } from '../server/contract/index.ts';

export interface CallOptions<K extends RouteName> {
  readonly params?: Params<K>;
  readonly query?: Query<K>;
  readonly body?: Body<K>;
}

export interface Client {
  readonly url: string;
  call<K extends RouteName>(name: K, options?: CallOptions<K>): Promise<Reply<K>>;
  /** Sends bytes as the body. */
  upload<K extends RouteName>(
    name: K,
    options: CallOptions<K>,
    body: AsyncIterable<Uint8Array>,
    contentType?: string,
  ): Promise<Reply<K>>;
  /** Receives the body as it comes. */
  download<K extends RouteName>(name: K, options: CallOptions<K>): Promise<AsyncIterable<Uint8Array>>;
}

export function createClient(url: string, secret: string): Client {
  const reading = new Set<Response>();
  const sayGone = (error: unknown): never => {
    if (!isGone(error)) throw error;
    const message = `The connection to the server at ${url} broke; if it has ended, its jobs go on at its next start.`;
    throw new AppError('CONFLICT_CANCELLED', message, { cause: error });
  };
  const send = async (name: RouteName, options: CallOptions<RouteName>, init: RequestInit): Promise<Response> => {
    const headers = { authorization: `Token ${secret}`, ...init.headers };
    const address = addressOf(url, name, options);
    const response = await fetch(address, { ...init, method: api[name].method, headers }).catch(sayGone);
    if (!response.ok) throw await errorOf(response);
    return response;
  };
  return {
    url,
    async call<K extends RouteName>(name: K, options: CallOptions<K> = {}) {
      const init = options.body === undefined ? {} : { body: JSON.stringify(options.body), headers: JSON_TYPE };
      const response = await send(name, options as CallOptions<RouteName>, init);
      const text = await response.text().catch(sayGone);
      return (text === '' ? null : JSON.parse(text)) as Reply<K>;
    },
    async upload<K extends RouteName>(
      name: K,
      options: CallOptions<K>,
      body: AsyncIterable<Uint8Array>,
      contentType = BYTES_TYPE,
    ) {
      const headers = { 'content-type': contentType };
      const init = { body: ReadableStream.from(body), duplex: 'half', headers } as RequestInit;
      const response = await send(name, options as CallOptions<RouteName>, init);
      return (await response.json()) as Reply<K>;
    },
    async download(name, options) {
      const response = await send(name, options as CallOptions<RouteName>, {});
      return bodyOf(response, reading);
    },
  };
}

/** Fetch cancels the body of a response that is collected as garbage, so what is being read stays in `reading`. */
async function* bodyOf(response: Response, reading: Set<Response>): AsyncGenerator<Uint8Array> {
  reading.add(response);
  try {
    if (response.body) yield* response.body;
  } finally {
    reading.delete(response);
  }
}

/** The connection broke, or there was nobody to take it: what fetch says of it is in the cause. */
function isGone(error: unknown): boolean {
  const cause = error instanceof TypeError ? (error.cause as { readonly code?: string } | undefined) : undefined;
  return ['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(cause?.code ?? '');
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BYTES_TYPE = 'application/octet-stream';

function addressOf(url: string, name: RouteName, { params, query }: CallOptions<RouteName>): string {
  const values = (params ?? {}) as Record<string, string | number>;
  const path = api[name].url.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(values[key])));
  const given = Object.entries((query ?? {}) as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString();
  return `${url}${path}${search === '' ? '' : `?${search}`}`;
}

async function errorOf(response: Response): Promise<AppError> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; details?: object };
  const code = body.code !== undefined && body.code in ERROR_KINDS ? (body.code as ErrorCode) : 'INTERNAL';
  return new AppError(code, body.detail ?? `The server answered ${response.status}.`, { details: { ...body.details } });
}

/** Label Studio's REST API as we use it. Every call goes through the guarded fetch: no redirect or name leads elsewhere. */
import type { Connection } from '../../core/connection.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import type { FetchReply, GuardedFetch } from '../../media/guarded-fetch.ts';
import { tokenOf } from './connections.ts';
import { listOf } from './wire.ts';

export interface StudioClient {
  get(path: string): Promise<Json>;
  post(path: string, body: Json): Promise<Json>;
  patch(path: string, body: Json): Promise<Json>;
  delete(path: string): Promise<Json>;
  /** Value of the `Authorization` header for other calls to the same server. */
  authorization(): Promise<string>;
  readonly url: string;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

const CALL_MS = 60_000;
const REPLY_BYTES_MAX = 200_000_000;
const DETAIL_CHARS = 200;

/** Throws CONFLICT when the connection does not say where to call and as whom. */
export function studioClient(fetch: GuardedFetch, connection: Connection, signal?: AbortSignal): StudioClient {
  const { url } = connection;
  const token = tokenOf(connection);
  if (url === null || token === null) {
    throw new AppError(
      'CONFLICT',
      'The connection does not know the address or the token of Label Studio; give both, or accept what `setup` offered.',
      { details: { connection: connection.id } },
    );
  }
  const isPersonal = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
  let access: Promise<string> | null = null;

  const request = (method: Method, path: string, headers: Record<string, string>, body?: Json) =>
    fetch(`${url}${path}`, {
      method,
      headers: { accept: 'application/json', ...(body === undefined ? {} : JSON_TYPE), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: CALL_MS,
      // Pages of large tasks are long in the making: no byte comes before the last one is made.
      idleMs: CALL_MS,
      bytesMax: REPLY_BYTES_MAX,
      ...(signal === undefined ? {} : { signal }),
    });

  /** Personal tokens of Label Studio are refresh tokens: each buys access tokens that live for minutes. */
  const refresh = async (): Promise<string> => {
    const reply = await bodyOf(
      await request('POST', '/api/token/refresh/', {}, { refresh: token }),
      'POST /api/token/refresh/',
    );
    const granted = isJsonObject(reply) ? reply.access : undefined;
    if (typeof granted === 'string') return `Bearer ${granted}`;
    throw new AppError('STUDIO_REFUSED', 'Label Studio gave no access token for the personal token.');
  };

  const authorization = (): Promise<string> => {
    if (!isPersonal) return Promise.resolve(`Token ${token}`);
    access ??= refresh().catch((error: unknown) => {
      access = null;
      throw error;
    });
    return access;
  };

  const call = async (method: Method, path: string, body?: Json): Promise<Json> => {
    const send = async () => request(method, path, { authorization: await authorization() }, body);
    let reply = await send();
    if (reply.status === 401 && isPersonal) {
      // The access token has run out in the meantime.
      reply.close();
      access = null;
      reply = await send();
    }
    return bodyOf(reply, `${method} ${path.split('?')[0]}`);
  };

  return {
    url,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
    authorization,
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

async function bodyOf(reply: FetchReply, what: string): Promise<Json> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reply.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  if (reply.status >= 200 && reply.status < 300) return text === '' ? null : parseJson(text);
  // A gateway or a server that is just starting: the same call may work in a moment.
  const code = reply.status >= 500 || reply.status === 429 ? 'STUDIO_UNREACHABLE' : 'STUDIO_REFUSED';
  const answer = text.slice(0, DETAIL_CHARS);
  throw new AppError(code, `Label Studio answered ${what} with ${reply.status}${hint(reply.status, what, answer)}.`, {
    details: { status: reply.status, answer },
  });
}

function hint(status: number, what: string, answer: string): string {
  if (status === 400 || status === 409 || status === 422)
    return answer === '' ? '' : `: ${answer.replace(/\s+/g, ' ')}`;
  if (status === 401) return ': the token is not accepted';
  if (status === 403) return ': the token may not do that';
  if (status === 404) return ONE_THING.test(what) ? ': it is gone there' : ': wrong project number or address';
  return status >= 300 && status < 400 ? ': give the address that it redirects to' : '';
}

const ONE_THING = /\/(?:tasks|annotations)\/\d+/;

/** The status that Label Studio refused a call with; undefined for every other error. */
export function refusedWith(error: unknown): number | undefined {
  const { code, details } = toAppError(error);
  return code === 'STUDIO_REFUSED' ? Number(details.status) : undefined;
}

/** Is the refusal about this one thing, so that the rest may go on? */
export function isRefusedAlone(error: unknown): boolean {
  const status = refusedWith(error);
  return status !== undefined && OF_THE_CONTENT.includes(status);
}

/** It does not fit, is gone, or is there already; all others are about the token and the address. */
const OF_THE_CONTENT: readonly number[] = [400, 404, 409, 422];

/**
 * As people wrote them: Label Studio otherwise puts addresses of its own in place of those in a cloud, which differ from
 * what `predict` brings and must never be written back.
 */
export const AS_WRITTEN = 'resolve_uri=false';

/**
 * Else Label Studio, where predictions are made by themselves, has us predict whatever it lists and has none of, before it
 * answers: in the midst of a sync, and for every page. Nothing that is read here depends on it.
 */
const AS_THEY_ARE = 'review=true';

/** What the other side lists, page by page; `total` as it says. Beyond the last page, which may move, there is nothing. */
export async function taskPage(
  client: StudioClient,
  studioProject: number,
  page: number,
  pageSize: number,
): Promise<{ tasks: readonly Json[]; total: number }> {
  const query = `project=${studioProject}&page=${page}&page_size=${pageSize}&fields=all&${AS_WRITTEN}&${AS_THEY_ARE}`;
  const reply = await client.get(`/api/tasks/?${query}`).catch((error: unknown) => {
    if (page > 1 && refusedWith(error) === 404) return { tasks: [] };
    throw error;
  });
  const body: JsonObject = isJsonObject(reply) ? reply : { tasks: reply };
  const tasks = Array.isArray(body.tasks) ? (body.tasks as readonly Json[]) : [];
  return { tasks, total: typeof body.total === 'number' ? body.total : tasks.length };
}

/**
 * These tasks as they are now, without their annotations; what is gone is left out. By the list, because nothing
 * keeps Label Studio from having a task predicted first that is asked for by itself.
 */
export async function tasksNow(
  client: Pick<StudioClient, 'get'>,
  studioProject: number,
  ids: readonly number[],
): Promise<readonly Json[]> {
  const query = encodeURIComponent(JSON.stringify({ selectedItems: { all: false, included: ids } }));
  const page = `page=1&page_size=${ids.length}&fields=task_only&${AS_WRITTEN}&${AS_THEY_ARE}`;
  const reply = await client.get(`/api/tasks/?project=${studioProject}&${page}&query=${query}`);
  // A server that does not know the query answers with other tasks: their data must not be taken for that of these.
  const asked = new Set(ids);
  return listOf(isJsonObject(reply) ? reply.tasks : reply).filter(
    (task) => isJsonObject(task) && asked.has(Number(task.id)),
  );
}

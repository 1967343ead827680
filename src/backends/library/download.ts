/** A file from an address onto the disk: streamed, gone on with where the connection or the process broke off. */
import { createWriteStream } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, toAppError } from '../../core/errors.ts';
import { shownAddress } from '../../core/shown-address.ts';
import { sha256OfFile } from '../file-hash.ts';

/** The guarded fetch, as far as it is used here. */
export type ModelFetch = (
  url: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
    readonly bytesMax?: number;
    readonly signal?: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}>;

export interface DownloadOptions {
  readonly fetch: ModelFetch;
  readonly bytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes so far, and of all where the server says so (0: unknown). */
  readonly onProgress: (done: number, total: number) => Promise<void>;
  /** Between two tries; doubles. */
  readonly retryMs?: number;
}

/** Tries without a byte of progress between them. */
const TRIES_MAX = 5;
const RETRY_MS = 500;
const PROGRESS_BYTES = 1_000_000;

/**
 * Fills `file`; what is there already, finished or not, is kept when the server still has the same thing: a note beside
 * it says what that was. Returns the sha-256 in hex.
 * Throws MEDIA_FORBIDDEN, MEDIA_FETCH, LIMIT_SIZE, CONFLICT_CANCELLED.
 */
export async function download(url: string, file: string, options: DownloadOptions): Promise<string> {
  for (let tries = 0; ; ) {
    const before = await sizeOf(file);
    try {
      await fetchRest(url, file, before, options);
      return await sha256OfFile(file);
    } catch (error) {
      if (options.signal.aborted) throw new AppError('CONFLICT_CANCELLED', 'The download was cancelled.');
      const passing = isPassing(error);
      tries = (await sizeOf(file)) > before ? 0 : tries + 1;
      if (!passing || tries >= TRIES_MAX) throw error;
      const wait = (options.retryMs ?? RETRY_MS) * 2 ** tries;
      // Cut short, the next try says that it was cancelled.
      await sleep(wait, undefined, { signal: options.signal }).catch(() => undefined);
    }
  }
}

/** Cut off on the way, or a server that is busy or ill: another try may go better. */
export function isPassing(error: unknown): boolean {
  const { code, details } = toAppError(error);
  const { status } = details;
  return (
    code === 'MEDIA_FETCH' && (typeof status !== 'number' || status === TOO_MANY_REQUESTS || status >= SERVER_ERROR)
  );
}

const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

async function fetchRest(url: string, file: string, have: number, options: DownloadOptions): Promise<void> {
  const { fetch, bytesMax, timeoutMs, signal } = options;
  const validator = have > 0 ? await readFile(noteOf(file), 'utf8').catch(() => '') : '';
  const headers: Record<string, string> = validator ? { range: `bytes=${have}-`, 'if-range': validator } : {};
  const reply = await fetch(url, { headers, timeoutMs, bytesMax, signal });
  try {
    const now = validatorOf(reply.headers);
    // Some servers pass over `If-Range` and answer from another state of the file.
    const changed = now !== '' && now !== validator;
    const goesOn = reply.status === 206 && rangeStart(reply.headers) === have && !changed;
    if (validator && (reply.status === 416 || (reply.status === 206 && changed))) {
      // All of it was here already, if the server says so.
      const whole = /^bytes \*\/(\d+)$/.exec(String(reply.headers['content-range'] ?? ''))?.[1];
      if (Number(whole) === have && !changed) return;
      await rm(file);
      throw new AppError('MEDIA_FETCH', 'The file changed while it was fetched.');
    }
    if (reply.status !== 200 && !goesOn) {
      throw new AppError('MEDIA_FETCH', `${shownAddress(url)} answered with status ${reply.status}.`, {
        details: { status: reply.status },
      });
    }
    const from = goesOn ? have : 0;
    // Never bytes of one state under the note of another, also when the process ends in between.
    if (!goesOn) await rm(file, { force: true });
    await writeFile(noteOf(file), now);
    const total = from + Number(reply.headers['content-length'] ?? 0);
    const counted = counting(reply.body, from, bytesMax, (done) => options.onProgress(done, total));
    await pipeline(
      Readable.from(counted, { objectMode: false }),
      createWriteStream(file, { flags: goesOn ? 'a' : 'w', mode: 0o600, flush: true }),
    );
  } finally {
    reply.close();
  }
}

async function* counting(
  body: AsyncIterable<Uint8Array>,
  from: number,
  bytesMax: number,
  tell: (done: number) => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let done = from;
  let told = from;
  for await (const chunk of body) {
    done += chunk.byteLength;
    if (done > bytesMax) {
      throw new AppError('LIMIT_SIZE', `The file is larger than ${bytesMax} bytes.`, { details: { bytesMax } });
    }
    if (done - told >= PROGRESS_BYTES) {
      told = done;
      await tell(done);
    }
    yield chunk;
  }
}

/** What the server knows this state of the file by; kept beside the part. A weak tag promises nothing about bytes. */
function validatorOf({ etag, 'last-modified': modified }: Readonly<Record<string, unknown>>): string {
  if (typeof etag === 'string' && !etag.startsWith('W/')) return etag;
  return typeof modified === 'string' ? modified : '';
}

function rangeStart(headers: Readonly<Record<string, unknown>>): number {
  return Number(/^bytes (\d+)-/.exec(String(headers['content-range'] ?? ''))?.[1] ?? Number.NaN);
}

function noteOf(file: string): string {
  return `${file}.validator`;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/**
 * Runs a model on another server: batches of its queue as requests, tried again when the server is busy or away, halved
 * when it refuses them, and given a rest when it does not come back. It stands in the server process, since it only waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, toAppError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Lane } from './backend.ts';
import type { Batch } from './batcher.ts';
import { checkOutput } from './check-output.ts';
import type { ModelQueue } from './model-queue.ts';
import type { PoolObserver } from './observer.ts';
import { readVerified } from './registry.ts';
import { outputsOf, REMOTE_FILE, type RemoteModel, readRemoteModel, requestFor } from './remote-model.ts';
import type { BatchOutput } from './runtime.ts';

/** The guarded fetch of the house: it alone decides which addresses may be asked. */
export type RemoteFetch = (
  url: string,
  options: {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly timeoutMs: number;
    readonly idleMs: number;
    readonly bytesMax: number;
    readonly signal: AbortSignal;
  },
) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}>;

export interface RemoteOptions {
  readonly fetch: RemoteFetch;
  readonly observer: PoolObserver;
  /** Before the second try; doubles. Default: half a second. */
  readonly retryMs?: number;
}

const REQUESTS_AT_ONCE = 2;
const TRIES_MAX = 4;
const RETRY_MS = 500;
/** A server that asks for more patience is as good as away. */
const RETRY_AFTER_MS_MAX = 30_000;
const REPLY_BYTES_MAX = 64_000_000;
const LANES: readonly Lane[] = ['online', 'bulk'];
/** Says nothing about the items: the server is busy, restarting, or behind a proxy that has lost it. */
const BUSY: readonly number[] = [408, 429, 502, 503, 504];
/** Says that no item will ever be answered as things are. */
const CLOSED: readonly number[] = [401, 403, 404, 405, 410];

/** Nothing the items can do about it: tried again, then the model rests. */
class Away extends Error {
  readonly reason: AppError;
  readonly retryMs: number | null;
  constructor(reason: AppError, retryMs: number | null) {
    super(reason.message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

export class RemoteRunner {
  private readonly queue: ModelQueue;
  private readonly options: RemoteOptions;
  private readonly stop = new AbortController();
  private running = 0;
  private model: Promise<RemoteModel> | undefined;

  constructor(queue: ModelQueue, options: RemoteOptions) {
    this.queue = queue;
    this.options = options;
  }

  dispatch(): void {
    while (!this.stop.signal.aborted && this.running < REQUESTS_AT_ONCE) {
      const lane = LANES.find((one) => this.queue.batcher.waiting(one) > 0);
      if (!lane) return;
      const batch = this.queue.batcher.take(lane);
      // The lane held only what was given up in the meantime, and is empty now.
      if (!batch) continue;
      this.running++;
      void this.answer(batch).finally(() => {
        this.running--;
        this.dispatch();
      });
    }
  }

  close(): void {
    this.stop.abort();
  }

  private async answer(batch: Batch): Promise<void> {
    const { queue } = this;
    const { lane, tickets, reason } = batch;
    const [start, model] = [performance.now(), queue.info.name];
    const waitedMs = start - Math.min(...tickets.map(({ call }) => call.startedAt));
    this.options.observer.released({ model, lane, items: tickets.length, reason, waitedMs });
    try {
      const output = await this.ask(batch);
      if (!output) return;
      const ms = performance.now() - start;
      this.options.observer.done({ model, items: tickets.length, failed: output.failed.length, ms, work: undefined });
      queue.succeed(batch, { output, ms, cpuMs: 0 });
    } catch (error) {
      if (error instanceof Away) queue.rest(error.reason, batch);
      else queue.bisect(batch, toAppError(error));
    }
  }

  /**
   * Throws Away when the server is not there for anybody, anything else when it does not take these items. Undefined
   * when all callers left between two tries: that says nothing of the server.
   */
  private async ask(batch: Batch): Promise<BatchOutput | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.askOnce(batch);
      } catch (error) {
        if (!(error instanceof Away) || error.retryMs === null || tries === TRIES_MAX) throw error;
        await this.pause(Math.max(error.retryMs, (this.options.retryMs ?? RETRY_MS) * 2 ** (tries - 1)));
        if (batch.tickets.every(({ call }) => call.settled)) return undefined;
      }
    }
  }

  private async askOnce({ tickets }: Batch): Promise<BatchOutput> {
    const { entry } = this.queue;
    const model = await this.described();
    const start = performance.now();
    const reply = await this.post(
      model,
      JSON.stringify(
        requestFor(
          model,
          tickets.map(({ item }) => item),
        ),
      ),
    ).catch((error: unknown) => {
      if (performance.now() - start >= model.timeoutMs) throw late(model.timeoutMs);
      if (error instanceof AppError && error.code === 'LIMIT_SIZE') throw error;
      throw new Away(away(error), isForbidden(error) ? null : 0);
    });
    const { status, text } = reply;
    if (BUSY.includes(status)) throw new Away(refused(status), retryAfterMs(reply.retryAfter));
    if (CLOSED.includes(status)) throw new Away(refused(status), null);
    if (status < 200 || status > 299) throw refused(status);
    let json: ReturnType<typeof parseJson>;
    try {
      json = parseJson(text);
    } catch {
      throw new AppError(
        'BACKEND_BAD_OUTPUT',
        'The server that runs the model answered with something else than JSON.',
      );
    }
    return checkOutput(entry, tickets.length, outputsOf(entry, model, json, tickets.length));
  }

  private async post({ url, headers, timeoutMs }: RemoteModel, body: string) {
    const reply = await this.options.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      timeoutMs,
      idleMs: timeoutMs,
      bytesMax: REPLY_BYTES_MAX,
      signal: this.stop.signal,
    });
    const parts: Uint8Array[] = [];
    for await (const part of reply.body) parts.push(part);
    return {
      status: reply.status,
      retryAfter: reply.headers['retry-after'],
      text: Buffer.concat(parts).toString('utf8'),
    };
  }

  /** The file is read once, after its checksum. */
  private described(): Promise<RemoteModel> {
    this.model ??= readVerified(this.queue.entry, this.queue.hostModel().folder)
      .then((files) => readRemoteModel(parseJson(Buffer.from(files.get(REMOTE_FILE)!).toString('utf8'))))
      .catch((error: unknown) => {
        this.model = undefined;
        throw new Away(toAppError(error), null);
      });
    return this.model;
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stop.signal, ref: false }).catch(() => undefined);
  }
}

function retryAfterMs(header: string | string[] | undefined): number {
  const seconds = Number(header ?? 0);
  return Number.isFinite(seconds) ? Math.min(1_000 * Math.max(0, seconds), RETRY_AFTER_MS_MAX) : 0;
}

function refused(status: number): AppError {
  return new AppError('BACKEND_CRASHED', `The server that runs the model answered with status ${status}.`, {
    details: { status },
  });
}

function late(timeoutMs: number): AppError {
  return new AppError('BACKEND_TIMEOUT', `The server that runs the model did not answer within ${timeoutMs} ms.`);
}

function isForbidden(error: unknown): boolean {
  return error instanceof AppError && error.code === 'MEDIA_FORBIDDEN';
}

function away(error: unknown): AppError {
  const { message } = toAppError(error);
  return new AppError('BACKEND_LOAD', `The server that runs the model cannot be asked: ${message}`, { cause: error });
}

/** The inference pool: as many supervised hosts as cores, fed from the queues of the models. */
import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError, assert } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type {
  EmbedResult,
  InferenceItem,
  InferenceOptions,
  InferencePool,
  InferenceResult,
  Lane,
  ModelInfo,
  PoolStatus,
} from './backend.ts';
import { Call } from './call.ts';
import { itemBytes, type ModelEntry } from './manifest.ts';
import { ModelQueue } from './model-queue.ts';
import { NOBODY, type PoolObserver } from './observer.ts';
import { builtinModels } from './registry.ts';
import { type RemoteFetch, RemoteRunner } from './remote.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';
import { memoryBook, type TuningBook } from './tuning.ts';

export interface PoolOptions extends SchedulerOptions {
  /** Default: those of `models/manifest.json`. */
  readonly models?: readonly ModelEntry[];
  /** Default: one per core. */
  readonly hostsMax?: number;
  readonly clock?: Clock;
  /** Where measured call sizes are kept. Default: in memory. */
  readonly tuning?: TuningBook;
  /** For models on other servers; without it they are refused. */
  readonly fetch?: RemoteFetch;
  /** Before a request to another server is tried again; doubles. Default: half a second. */
  readonly remoteRetryMs?: number;
  /** Bytes of items that may wait or be at work. Default: `LIMITS.inferenceBytesMax`. */
  readonly bytesMax?: number;
}

/** Order of calls without a timeout: as if they had this one. */
const DUE_MS: Readonly<Record<Lane, number>> = { online: 30_000, bulk: 3_600_000 };
const RETRY_AFTER_SECONDS_MAX = 600;

export function createInferencePool(options: PoolOptions = {}): InferencePool {
  return new LocalPool(options);
}

class LocalPool implements InferencePool {
  private readonly clock: Clock;
  private readonly hostsMax: number;
  private readonly bytesMax: number;
  private readonly book: TuningBook;
  private readonly observer: PoolObserver;
  /** Every version that is known, by id. */
  private readonly queues = new Map<string, ModelQueue>();
  /** Name -> id of the version that serves it. */
  private readonly serving = new Map<string, string>();
  private readonly scheduler: Scheduler;
  private readonly options: PoolOptions;
  private readonly runners = new Map<ModelQueue, RemoteRunner>();
  private readonly calls = new Map<Call, ModelQueue>();
  private bytesWaiting = 0;
  private closed = false;

  constructor(options: PoolOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.book = options.tuning ?? memoryBook();
    this.observer = options.observer ?? NOBODY;
    this.hostsMax = options.hostsMax ?? availableParallelism();
    this.bytesMax = options.bytesMax ?? LIMITS.inferenceBytesMax;
    assert(this.hostsMax >= 1, 'a pool needs at least one host');
    for (const entry of options.models ?? builtinModels()) this.add(entry);
    this.scheduler = new Scheduler(this.queues, this.hostsMax, options);
  }

  info(model: string): ModelInfo {
    return this.queue(model).info;
  }

  models(): readonly ModelInfo[] {
    return [...this.serving.values()].map((id) => this.queues.get(id)!.info);
  }

  add(entry: ModelEntry): ModelInfo {
    const fresh = new ModelQueue(entry, this.clock, this.book);
    const { id, name } = fresh.info;
    const known = this.queues.get(id);
    if (!known || known.leaving) this.queues.set(id, fresh);
    else known.wake();
    if (!this.serving.has(name)) this.serving.set(name, id);
    return fresh.info;
  }

  serve(id: string): void {
    const { info } = this.queue(id);
    this.serving.set(info.name, info.id);
  }

  async remove(id: string): Promise<void> {
    const queue = this.queue(id);
    queue.leaving = true;
    if (this.serving.get(queue.info.name) === queue.info.id) this.serving.delete(queue.info.name);
    const own = [...this.calls].filter(([, of]) => of === queue);
    await Promise.allSettled(own.map(([call]) => call.result));
    if (this.queues.get(queue.info.id) === queue) this.queues.delete(queue.info.id);
    this.runners.get(queue)?.close();
    this.runners.delete(queue);
  }

  async embed(model: string, items: readonly InferenceItem[], options: InferenceOptions): Promise<EmbedResult> {
    const { dim } = this.info(model);
    if (dim === 0) {
      throw new AppError('INPUT_BAD_FIELD', `Model '${model}' makes no embeddings.`, { details: { model } });
    }
    const { outputs, failed } = await this.run(model, items, options);
    return { rows: outputs.embedding!.data, dim, failed };
  }

  async run(model: string, items: readonly InferenceItem[], options: InferenceOptions): Promise<InferenceResult> {
    const queue = this.queue(model);
    if (this.closed) throw cancelled('The inference pool is closed.');
    if (options.signal?.aborted) throw cancelled('The work was cancelled before it began.');
    queue.assertWorking();
    queue.hostModel();
    const runner = queue.remote ? this.runner(queue) : this.scheduler;
    const bytes = this.admit(queue, items);
    const dueAt = this.clock.now() + (options.timeoutMs ?? DUE_MS[options.lane]);
    const call = new Call(queue.info.outputs, items, options.lane, dueAt);
    const release = this.guard(queue, call, options);
    this.bytesWaiting += bytes;
    this.calls.set(call, queue);
    try {
      queue.add(call, this.bytesMax);
      runner.dispatch();
      return { ...(await call.result), model: queue.info.id };
    } finally {
      this.bytesWaiting -= bytes;
      this.calls.delete(call);
      release();
    }
  }

  status(): PoolStatus {
    return {
      hosts: this.scheduler.hostStatus(),
      hostsMax: this.hostsMax,
      itemsWaiting: { online: this.waiting('online'), bulk: this.waiting('bulk') },
      restarts: this.scheduler.restarts,
      models: [...this.queues.values()].map((queue) => queue.status(this.scheduler.hostCount)),
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const queue of this.queues.values()) queue.batcher.clear();
    for (const call of this.calls.keys()) call.reject(cancelled('The inference pool was closed.'));
    for (const runner of this.runners.values()) runner.close();
    await this.scheduler.close();
  }

  private waiting(lane: Lane): number {
    let items = 0;
    for (const queue of this.queues.values()) items += queue.batcher.waiting(lane);
    return items;
  }

  private runner(queue: ModelQueue): RemoteRunner {
    const { fetch, remoteRetryMs: retryMs } = this.options;
    if (!fetch)
      throw new AppError('BACKEND_LOAD', `Model '${queue.info.name}' runs elsewhere: nothing is fetched here.`);
    const { observer } = this;
    const known = this.runners.get(queue);
    const runner = known ?? new RemoteRunner(queue, { fetch, observer, ...(retryMs === undefined ? {} : { retryMs }) });
    this.runners.set(queue, runner);
    return runner;
  }

  private queue(model: string): ModelQueue {
    const queue = this.queues.get(this.serving.get(model) ?? model);
    if (queue && !queue.leaving) return queue;
    const known = [...this.serving.keys()].join(', ');
    throw new AppError('NOT_FOUND', `There is no model '${model}'; there are: ${known}.`, { details: { model } });
  }

  /** Bytes that the call keeps in memory; throws when the queue could not hold it. */
  private admit(queue: ModelQueue, items: readonly InferenceItem[]): number {
    const text = queue.info.input === 'text';
    const misfit = items.findIndex((item) => 'text' in item !== text);
    if (misfit >= 0) {
      throw new AppError('INPUT_BAD_FIELD', `Model '${queue.info.name}' takes ${queue.info.input} only.`, {
        details: { model: queue.info.name, index: misfit },
      });
    }
    const { bytesMax } = this;
    // One that is too large by itself fails by itself, and is held by nobody.
    const sizes = items.map(itemBytes).filter((size) => size <= bytesMax);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const { inferenceItemsMax: itemsMax } = LIMITS;
    if (items.length > itemsMax || bytes > bytesMax) {
      throw new AppError('LIMIT_SIZE', `A call may hold ${itemsMax} items and ${bytesMax} bytes.`, {
        details: { items: items.length, bytes, itemsMax, bytesMax },
      });
    }
    const waiting = this.waiting('online') + this.waiting('bulk');
    if (waiting + items.length > itemsMax || this.bytesWaiting + bytes > bytesMax) {
      this.observer.refused(queue.info.name);
      const pace = queue.itemsPerSecond(this.scheduler.hostCount);
      const seconds = pace === 0 ? 1 : Math.ceil(waiting / pace);
      throw new AppError('LIMIT_QUEUE', `${waiting} items wait for a model already.`, {
        details: {
          itemsWaiting: waiting,
          retryAfterSeconds: Math.min(Math.max(1, seconds), RETRY_AFTER_SECONDS_MAX),
        },
      });
    }
    return bytes;
  }

  /** Ends the call early by its signal or timeout; returns what undoes both. */
  private guard(queue: ModelQueue, call: Call, options: InferenceOptions): () => void {
    const giveUp = (error: AppError): void => {
      queue.batcher.remove(call);
      call.reject(error);
    };
    const onAbort = (): void => giveUp(cancelled('The work was cancelled.'));
    const { signal, timeoutMs } = options;
    signal?.addEventListener('abort', onAbort, { once: true });
    const late = (): void => giveUp(new AppError('BACKEND_TIMEOUT', `No answer within ${timeoutMs} ms.`));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
    return () => {
      signal?.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    };
  }
}

function cancelled(message: string): AppError {
  return new AppError('CONFLICT_CANCELLED', message);
}

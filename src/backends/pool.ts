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
import type { Batch } from './batcher.ts';
import { Call } from './call.ts';
import { type Death, Host, type HostBatch } from './host.ts';
import type { ModelEntry } from './manifest.ts';
import { ModelQueue } from './model-queue.ts';
import type { FromHost } from './protocol.ts';
import { builtinModels } from './registry.ts';

export interface PoolOptions {
  /** Default: those of `models/manifest.json`. */
  readonly models?: readonly ModelEntry[];
  /** Further runtimes: name -> module that exports `runtime`. */
  readonly runtimes?: Readonly<Record<string, string>>;
  /** Default: one per core. */
  readonly hostsMax?: number;
  /** A batch that takes longer ends its host. */
  readonly batchDeadlineMs?: number;
  readonly loadDeadlineMs?: number;
  /** A host without work for so long is ended, which gives its memory back. */
  readonly idleMs?: number;
  /** Pause after a host that died before it did anything; doubles up to the maximum. */
  readonly backOffMs?: { readonly first: number; readonly max: number };
  readonly clock?: Clock;
  /** Hears of every death that was not asked for. */
  readonly onRestart?: (death: { readonly pid: number; readonly description: string }) => void;
}

/** Batches sent ahead to a host per lane, so that it never waits for this process. */
const IN_FLIGHT_PER_LANE = 2;
const LANES: readonly Lane[] = ['online', 'bulk'];
/** Order of calls without a timeout: as if they had this one. */
const DUE_MS: Readonly<Record<Lane, number>> = { online: 30_000, bulk: 3_600_000 };
const BACK_OFF_MS = { first: 100, max: 5_000 };
const RETRY_AFTER_SECONDS_MAX = 600;

export function createInferencePool(options: PoolOptions = {}): InferencePool {
  return new LocalPool(options);
}

class LocalPool implements InferencePool {
  private readonly options: PoolOptions;
  private readonly clock: Clock;
  private readonly hostsMax: number;
  private readonly queues: ReadonlyMap<string, ModelQueue>;
  private readonly hosts = new Set<Host>();
  private readonly batches = new Map<number, { readonly queue: ModelQueue; readonly batch: Batch }>();
  private readonly idleTimers = new Map<Host, NodeJS.Timeout>();
  private readonly calls = new Set<Call>();
  private nextBatch = 1;
  private restarts = 0;
  /** Deaths without a finished batch in between: the exponent of the back-off. */
  private deathsInRow = 0;
  private spawnTimer: NodeJS.Timeout | undefined;
  private bytesWaiting = 0;
  private closed = false;

  constructor(options: PoolOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.hostsMax = options.hostsMax ?? availableParallelism();
    assert(this.hostsMax >= 1, 'a pool needs at least one host');
    const entries = options.models ?? builtinModels();
    this.queues = new Map(entries.map((entry) => [entry.name, new ModelQueue(entry, this.clock)]));
  }

  info(model: string): ModelInfo {
    return this.queue(model).info;
  }

  models(): readonly ModelInfo[] {
    return [...this.queues.values()].map((queue) => queue.info);
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
    const bytes = this.admit(queue, items);
    const dueAt = this.clock.now() + (options.timeoutMs ?? DUE_MS[options.lane]);
    const call = new Call(queue.info.outputs, items, options.lane, dueAt);
    const release = this.guard(queue, call, options);
    this.bytesWaiting += bytes;
    this.calls.add(call);
    try {
      queue.add(call);
      this.dispatch();
      return await call.result;
    } finally {
      this.bytesWaiting -= bytes;
      this.calls.delete(call);
      release();
    }
  }

  status(): PoolStatus {
    const waiting = (lane: Lane): number => sum([...this.queues.values()].map((queue) => queue.batcher.waiting(lane)));
    return {
      hosts: [...this.hosts].map((host) => ({
        pid: host.pid,
        state: host.state,
        batchesInFlight: host.inFlight.size,
        models: [...host.loaded],
      })),
      hostsMax: this.hostsMax,
      itemsWaiting: { online: waiting('online'), bulk: waiting('bulk') },
      restarts: this.restarts,
      models: [...this.queues.values()].map((queue) => queue.status(this.hosts.size)),
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.spawnTimer);
    for (const timer of this.idleTimers.values()) clearTimeout(timer);
    for (const queue of this.queues.values()) queue.batcher.clear();
    for (const call of this.calls) call.reject(cancelled('The inference pool was closed.'));
    await Promise.all([...this.hosts].map((host) => host.close()));
  }

  private queue(model: string): ModelQueue {
    const queue = this.queues.get(model);
    if (queue) return queue;
    const known = [...this.queues.keys()].join(', ');
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
    const bytes = sum(items.map((item) => ('text' in item ? 2 * item.text.length : item.bytes.byteLength)));
    const { inferenceItemsMax, inferenceBytesMax } = LIMITS;
    if (items.length > inferenceItemsMax || bytes > inferenceBytesMax) {
      throw new AppError('LIMIT_SIZE', `A call may hold ${inferenceItemsMax} items and ${inferenceBytesMax} bytes.`, {
        details: { items: items.length, bytes, itemsMax: inferenceItemsMax, bytesMax: inferenceBytesMax },
      });
    }
    const { online, bulk } = this.status().itemsWaiting;
    if (online + bulk + items.length > inferenceItemsMax || this.bytesWaiting + bytes > inferenceBytesMax) {
      const pace = queue.itemsPerSecond(this.hosts.size);
      const seconds = pace === 0 ? 1 : Math.ceil((online + bulk) / pace);
      throw new AppError('LIMIT_QUEUE', `${online + bulk} items wait for a model already.`, {
        details: {
          itemsWaiting: online + bulk,
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

  /** Sends batches as long as a host has room for what is next. */
  private dispatch(): void {
    if (this.closed) return;
    for (const lane of LANES) {
      for (let queue = this.nextQueue(lane); queue; queue = this.nextQueue(lane)) {
        const host = this.hostFor(lane, queue);
        if (!host) break;
        const batch = queue.batcher.take(lane);
        if (batch) this.send(host, queue, batch);
      }
    }
  }

  /** The model whose next call of this lane is due first. */
  private nextQueue(lane: Lane): ModelQueue | undefined {
    let first: ModelQueue | undefined;
    let firstDue = Number.POSITIVE_INFINITY;
    for (const queue of this.queues.values()) {
      const due = queue.batcher.dueAt(lane);
      if (due !== undefined && due < firstDue) {
        first = queue;
        firstDue = due;
      }
    }
    return first;
  }

  /** The least busy host with room; a new one when none is idle, save that somebody waiting prefers a loaded model. */
  private hostFor(lane: Lane, queue: ModelQueue): Host | undefined {
    let best: Host | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const host of this.hosts) {
      const busy = [...host.inFlight.values()].filter((batch) => batch.lane === lane).length;
      if (!host.accepting || busy >= IN_FLIGHT_PER_LANE) continue;
      const cold = host.loaded.has(queue.info.id) ? 0 : 0.5;
      const rank = lane === 'online' ? busy + 10 * cold : host.inFlight.size + cold;
      if (rank < bestRank) {
        best = host;
        bestRank = rank;
      }
    }
    const idle = best && best.inFlight.size === 0;
    if (best && (idle || (lane === 'online' && best.loaded.has(queue.info.id)))) return best;
    return this.spawn() ?? best;
  }

  private send(host: Host, queue: ModelQueue, batch: Batch): void {
    clearTimeout(this.idleTimers.get(host));
    const id = this.nextBatch++;
    this.batches.set(id, { queue, batch });
    const payload = batch.tickets.map((ticket) => ticket.item);
    host.send({ id, model: queue.info.id, lane: batch.lane, payload }, queue.hostModel());
  }

  /** A new host, unless all are there or the last ones died so fast that a pause is due. */
  private spawn(): Host | undefined {
    if (this.hosts.size >= this.hostsMax || this.spawnTimer) return undefined;
    const { runtimes = {}, batchDeadlineMs = 60_000, loadDeadlineMs = 120_000 } = this.options;
    const host = new Host({
      runtimes,
      batchDeadlineMs,
      loadDeadlineMs,
      onMessage: (from, message, batch) => this.receive(from, message, batch),
      onDeath: (from, death) => this.bury(from, death),
    });
    this.hosts.add(host);
    return host;
  }

  private receive(host: Host, message: FromHost, sent: HostBatch | undefined): void {
    if (message.type === 'loaded') {
      for (const queue of this.queues.values()) if (queue.info.id === message.model) queue.device = message.device;
    }
    if (sent && (message.type === 'done' || message.type === 'failed')) {
      const { queue, batch } = this.batches.get(sent.id)!;
      this.batches.delete(sent.id);
      this.deathsInRow = 0;
      if (message.type === 'done') queue.succeed(batch, message.output, message.ms);
      else if (message.stage === 'run') queue.bisect(batch, AppError.fromPlain(message.error));
      else queue.rest(AppError.fromPlain(message.error), batch);
    }
    this.dispatch();
    if (host.inFlight.size === 0) this.restLater(host);
  }

  private restLater(host: Host): void {
    const timer = setTimeout(() => void host.close(), this.options.idleMs ?? 300_000);
    timer.unref();
    clearTimeout(this.idleTimers.get(host));
    this.idleTimers.set(host, timer);
  }

  /** Everything that was in flight goes back; only what ran is suspected. */
  private bury(host: Host, death: Death): void {
    clearTimeout(this.idleTimers.get(host));
    this.idleTimers.delete(host);
    this.hosts.delete(host);
    if (this.closed) return;
    if (death.cause !== 'asked') {
      this.restarts++;
      this.options.onRestart?.({ pid: host.pid, description: death.description });
    }
    const error = deathError(death);
    if (death.running) {
      const { queue, batch } = this.reclaim(death.running);
      if (death.cause === 'fault' || death.cause === 'overrun') queue.bisect(batch, error);
      else queue.survive(batch, error);
    }
    this.giveBack(death, error);
    if (!death.running && death.cause !== 'asked') this.backOff();
    this.dispatch();
  }

  private giveBack(death: Death, error: AppError): void {
    const untouched = death.untouched.map((batch) => this.reclaim(batch));
    for (const queue of new Set(untouched.map((one) => one.queue))) {
      const own = untouched.filter((one) => one.queue === queue).map((one) => one.batch);
      const suspect = death.running === null && (death.loading === null || death.loading === queue.info.id);
      if (suspect && death.cause !== 'asked') queue.dieEarly(own, error);
      else for (const batch of own) queue.batcher.retry(batch);
    }
  }

  private reclaim(sent: HostBatch): { readonly queue: ModelQueue; readonly batch: Batch } {
    const one = this.batches.get(sent.id)!;
    this.batches.delete(sent.id);
    return one;
  }

  private backOff(): void {
    const { first, max } = this.options.backOffMs ?? BACK_OFF_MS;
    const ms = Math.min(first * 2 ** this.deathsInRow++, max);
    clearTimeout(this.spawnTimer);
    this.spawnTimer = setTimeout(() => {
      this.spawnTimer = undefined;
      this.dispatch();
    }, ms);
  }
}

function deathError(death: Death): AppError {
  return death.cause === 'overrun'
    ? new AppError('BACKEND_TIMEOUT', 'The model did not answer within its deadline; its process was ended.')
    : new AppError('BACKEND_CRASHED', `The process that ran the model died: ${death.description}.`);
}

function cancelled(message: string): AppError {
  return new AppError('CONFLICT_CANCELLED', message);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

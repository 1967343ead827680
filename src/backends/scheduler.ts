/** Keeps hosts alive and busy: which batch goes where, what becomes of a dead host's work, when to start and end one. */
import { AppError } from '../core/errors.ts';
import type { HostStatus, Lane } from './backend.ts';
import type { Batch } from './batcher.ts';
import { type Death, Host, type HostBatch } from './host.ts';
import type { ModelQueue } from './model-queue.ts';
import { NOBODY, type PoolObserver } from './observer.ts';
import type { FromHost } from './protocol.ts';

export interface SchedulerOptions {
  /** Further runtimes: name -> module that exports `runtime`. */
  readonly runtimes?: Readonly<Record<string, string>>;
  /** A batch that takes longer ends its host. Default: one minute. */
  readonly batchDeadlineMs?: number;
  /** Default: two minutes. */
  readonly loadDeadlineMs?: number;
  /** A host without work for so long is ended, which gives its memory back. Default: five minutes. */
  readonly idleMs?: number;
  /**
   * Resident memory that a host may have: beyond it the running batch is blamed. Default: the larger of 512 MB and three
   * times the files of the models it holds.
   */
  readonly hostBytesMax?: number;
  /** Pause after a host that died before it did anything; doubles up to the maximum. */
  readonly backOffMs?: { readonly first: number; readonly max: number };
  /** Hears of batches and deaths. */
  readonly observer?: PoolObserver;
  /** Hears of every death that was not asked for. */
  readonly onRestart?: (death: { readonly pid: number; readonly description: string }) => void;
}

/** Full batches sent ahead to a host per lane, so that it never waits for this process. */
const IN_FLIGHT_PER_LANE = 2;
const LANES: readonly Lane[] = ['online', 'bulk'];
/**
 * Share of its last batch's time that a host waits for a crowd to come back: whoever was answered asks again at once, and
 * what arrives in that moment goes along instead of waiting for a batch of a few.
 */
const GATHER_SHARE = 0.05;
/** A crowd that takes longer to come back is none. */
const GATHER_MS_MAX = 20;
const BACK_OFF_MS = { first: 100, max: 5_000 };
/** A host that keeps more than this share of its cap after a batch is replaced: runtimes rarely give memory back. */
const RETIRE_SHARE = 0.75;

export class Scheduler {
  restarts = 0;
  private readonly options: SchedulerOptions;
  private readonly hostsMax: number;
  /** By id; models come and go while hosts live. */
  private readonly queues: ReadonlyMap<string, ModelQueue>;
  private readonly hosts = new Set<Host>();
  private readonly batches = new Map<number, { readonly queue: ModelQueue; readonly batch: Batch }>();
  private readonly idleTimers = new Map<Host, NodeJS.Timeout>();
  private nextBatch = 1;
  /** Deaths without a finished batch in between: the exponent of the back-off. */
  private deathsInRow = 0;
  private spawnTimer: NodeJS.Timeout | undefined;
  private soon: NodeJS.Immediate | undefined;
  private closed = false;
  private readonly observer: PoolObserver;

  constructor(queues: ReadonlyMap<string, ModelQueue>, hostsMax: number, options: SchedulerOptions) {
    this.queues = queues;
    this.hostsMax = hostsMax;
    this.options = options;
    this.observer = options.observer ?? NOBODY;
  }

  get hostCount(): number {
    return this.hosts.size;
  }

  /** Those that the system refused to start have no process to speak of. */
  hostStatus(): readonly HostStatus[] {
    const started = [...this.hosts].filter((host) => host.pid > 0);
    return started.map((host) => ({
      pid: host.pid,
      state: host.state,
      batchesInFlight: host.inFlight.size,
      residentBytes: host.residentBytes,
      models: [...host.loaded],
    }));
  }

  /** Ends every host; nothing is sent any more. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.spawnTimer);
    for (const timer of this.idleTimers.values()) clearTimeout(timer);
    await Promise.all([...this.hosts].map((host) => host.close()));
  }

  /** Sends what waits at the end of this turn of the loop: calls that arrive together then travel together. */
  dispatch(): void {
    this.soon ??= setImmediate(() => {
      this.soon = undefined;
      this.sendAll();
    });
  }

  /** Sends batches as long as a host has room for what is next. */
  private sendAll(): void {
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
      if (queue.remote) continue;
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
    // What is not a full batch yet grows until a host has nothing to do: small batches cost more per item.
    const room = queue.batcher.full(lane) ? IN_FLIGHT_PER_LANE : 1;
    let best: Host | undefined;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const host of this.hosts) {
      const busy = [...host.inFlight.values()].filter((batch) => batch.lane === lane).length;
      if (!host.accepting || busy >= room || this.isGathering(host, lane, queue)) continue;
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

  /** A batch that is full, or bulk work that would take the host meanwhile, is no reason to wait. */
  private isGathering(host: Host, lane: Lane, queue: ModelQueue): boolean {
    if (lane === 'bulk' || host.gathering === undefined || queue.batcher.full(lane)) return false;
    return ![...this.queues.values()].some(({ batcher }) => batcher.waiting('bulk') > 0);
  }

  private gather(host: Host, batch: Batch, ms: number): void {
    const isCrowd = batch.lane === 'online' && batch.tickets.some(({ call }) => call !== batch.tickets[0]!.call);
    if (!isCrowd) return;
    clearTimeout(host.gathering);
    host.gathering = setTimeout(
      () => {
        host.gathering = undefined;
        this.dispatch();
      },
      Math.min(GATHER_MS_MAX, GATHER_SHARE * ms),
    );
  }

  private send(host: Host, queue: ModelQueue, batch: Batch): void {
    clearTimeout(this.idleTimers.get(host));
    const { lane, tickets, reason } = batch;
    if (queue.tuning.wanted(lane, tickets.length, queue.batcher.waiting(lane))) this.tune(host, queue);
    const id = this.nextBatch++;
    this.batches.set(id, { queue, batch });
    const waitedMs = performance.now() - Math.min(...tickets.map(({ call }) => call.startedAt));
    this.observer.released({ model: queue.info.name, lane, items: tickets.length, reason, waitedMs });
    const payload = tickets.map((ticket) => ticket.item);
    host.send({ id, model: queue.info.id, lane, payload }, queue.hostModel());
  }

  /** Measuring takes its turn like a batch, one without items. */
  private tune(host: Host, queue: ModelQueue): void {
    queue.tuning.begin();
    const id = this.nextBatch++;
    this.batches.set(id, { queue, batch: { lane: 'bulk', tickets: [], foreignDeaths: 0, reason: 'full' } });
    host.send({ id, model: queue.info.id, lane: 'bulk', payload: null }, queue.hostModel());
  }

  private endTuning(queue: ModelQueue, callSize: number | null): void {
    queue.tuning.end(callSize);
    if (callSize !== null) for (const host of this.hosts) host.use(queue.info.id, callSize);
  }

  /** A new host, unless all are there or the last ones died so fast that a pause is due. */
  private spawn(): Host | undefined {
    if (this.hosts.size >= this.hostsMax || this.spawnTimer) return undefined;
    const { runtimes = {}, batchDeadlineMs = 60_000, loadDeadlineMs = 120_000 } = this.options;
    const host = new Host({
      runtimes,
      batchDeadlineMs,
      loadDeadlineMs,
      bytesMax: this.options.hostBytesMax ?? null,
      onMessage: (from, message, batch) => this.receive(from, message, batch),
      onDeath: (from, death) => this.bury(from, death),
    });
    this.hosts.add(host);
    return host;
  }

  private receive(host: Host, message: FromHost, sent: HostBatch | undefined): void {
    const loaded = message.type === 'loaded' ? this.queues.get(message.model) : undefined;
    if (loaded && message.type === 'loaded') loaded.device = message.device;
    if (sent && (message.type === 'done' || message.type === 'failed' || message.type === 'tuned')) {
      const { queue, batch } = this.reclaim(sent);
      this.deathsInRow = 0;
      if (message.type === 'done') this.succeed(host, queue, batch, message);
      else if (message.type === 'tuned') this.endTuning(queue, message.callSize);
      else if (batch.tickets.length === 0) this.endTuning(queue, null);
      else if (message.stage === 'run') queue.bisect(batch, AppError.fromPlain(message.error));
      else queue.rest(AppError.fromPlain(message.error), batch);
    }
    if (host.residentBytes > RETIRE_SHARE * host.bytesMax) host.retire();
    this.dispatch();
    if (host.inFlight.size > 0) return;
    if (host.accepting) this.restLater(host);
    else void host.close();
  }

  private succeed(host: Host, queue: ModelQueue, batch: Batch, message: Extract<FromHost, { type: 'done' }>): void {
    const { output, ms } = message;
    const { failed, work } = output;
    this.observer.done({ model: queue.info.name, items: batch.tickets.length, failed: failed.length, ms, work });
    queue.succeed(batch, message);
    this.gather(host, batch, ms);
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
      this.observer.died(death.cause);
      this.options.onRestart?.({ pid: host.pid, description: death.description });
    }
    const error = deathError(death);
    if (death.running) {
      const { queue, batch } = this.reclaim(death.running);
      const own = death.cause === 'fault' || death.cause === 'overrun';
      if (batch.tickets.length === 0) this.loseTuning(queue, own);
      else if (own) queue.bisect(batch, error);
      else queue.survive(batch, error);
    }
    this.giveBack(death, error);
    if (!death.running && death.cause !== 'asked') this.backOff();
    this.dispatch();
  }

  /** A model that cannot be measured without dying keeps its standard. */
  private loseTuning(queue: ModelQueue, own: boolean): void {
    if (own) queue.tuning.end(null);
    else queue.tuning.lost();
  }

  private giveBack(death: Death, error: AppError): void {
    const all = death.untouched.map((batch) => this.reclaim(batch));
    for (const { queue, batch } of all) if (batch.tickets.length === 0) queue.tuning.lost();
    const untouched = all.filter(({ batch }) => batch.tickets.length > 0);
    for (const queue of new Set(untouched.map((one) => one.queue))) {
      const own = untouched.filter((one) => one.queue === queue).map((one) => one.batch);
      const suspect = death.running === null && (death.loading === null || death.loading === queue.info.id);
      if (suspect && death.cause !== 'asked') queue.dieEarly(own, error, death.cause === 'foreign');
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

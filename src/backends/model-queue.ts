/** One model as the pool sees it: its queue, its pace, and whether it is out of order for the moment. */
import type { Clock } from '../core/clock.ts';
import { type AppError, type PlainError, toAppError } from '../core/errors.ts';
import type { ModelInfo, ModelStatus } from './backend.ts';
import { type Batch, Batcher, halves, type Ticket } from './batcher.ts';
import type { Call } from './call.ts';
import { rowStarts } from './call.ts';
import type { HostModel } from './host.ts';
import { admitItem, itemBytes, itemCost, type ModelEntry, modelInfo } from './manifest.ts';
import type { FromHost } from './protocol.ts';
import { modelFolder } from './registry.ts';
import { CallTuning, type TuningBook } from './tuning.ts';

/** What a host says when a batch went well. */
type Done = Pick<Extract<FromHost, { type: 'done' }>, 'output' | 'ms' | 'cpuMs'>;

/** Deaths before a batch began (loading, mostly) without a success in between; after them the model rests. */
const EARLY_DEATHS_MAX = 5;
/** The same for kills from outside, which say little about the model unless the system is out of memory. */
const EARLY_KILLS_MAX = 50;
/** Items that failed alone without a success in between: then it is the model and not the items. */
const FAILURES_IN_ROW_MAX = 32;
/** How long calls are refused before the model is tried again. */
const REST_MS = 30_000;
/** A batch may be killed this often from outside before its items are suspected. */
const FOREIGN_DEATHS_MAX = 3;
/** Share of the newest batch in the moving average of the pace. */
const PACE_SHARE = 0.2;

export class ModelQueue {
  readonly entry: ModelEntry;
  readonly info: ModelInfo;
  readonly batcher: Batcher;
  readonly tuning: CallTuning;
  /** Runs on another server and needs no host. */
  readonly remote: boolean;
  device = '';
  /** Takes no more calls: it is forgotten when those under way have ended. */
  leaving = false;
  private readonly clock: Clock;
  private folder: string | undefined;
  private broken: { readonly error: AppError; readonly until: number } | undefined;
  private earlyDeaths = 0;
  private earlyKills = 0;
  private failuresInRow = 0;
  private itemsDone = 0;
  private itemsFailed = 0;
  private msPerItem = 0;

  constructor(entry: ModelEntry, clock: Clock, book: TuningBook) {
    this.entry = entry;
    this.info = modelInfo(entry);
    this.remote = entry.runtime === 'remote';
    if (this.remote) this.device = 'another server';
    this.batcher = new Batcher(entry.batch);
    this.tuning = new CallTuning(this.info.id, book, clock);
    this.clock = clock;
  }

  /** What a host needs to load it. Throws BACKEND_LOAD when its package is not installed. */
  hostModel(): HostModel {
    this.folder ??= modelFolder(this.entry);
    const { info, entry, folder, tuning } = this;
    return { id: info.id, entry, folder, callSize: tuning.size ?? null };
  }

  /** Throws the reason while the model rests. */
  assertWorking(): void {
    if (this.broken && this.clock.now() < this.broken.until) throw this.broken.error;
    this.broken = undefined;
  }

  /** Items that are too large, each by itself, come back as failed. */
  add(call: Call, itemBytesMax: number): void {
    const tickets: Ticket[] = [];
    for (const [index, raw] of call.items.entries()) {
      try {
        const item = admitItem(this.entry, raw, itemBytesMax);
        tickets.push({ call, index, item, cost: itemCost(this.entry, item), bytes: itemBytes(item) });
      } catch (error) {
        this.itemsFailed++;
        call.fail(index, toAppError(error).toPlain());
      }
    }
    this.batcher.add(call, tickets);
  }

  succeed(batch: Batch, { output, ms, cpuMs }: Done): void {
    this.earlyDeaths = 0;
    this.earlyKills = 0;
    if (output.work) this.tuning.observe(output.work, cpuMs);
    const pace = ms / batch.tickets.length;
    this.msPerItem += (this.msPerItem === 0 ? 1 : PACE_SHARE) * (pace - this.msPerItem);
    const failed = new Map(output.failed.map((one) => [one.index, one.error]));
    if (failed.size < batch.tickets.length) this.failuresInRow = 0;
    const starts = rowStarts(output);
    batch.tickets.forEach((ticket, position) => {
      const error = failed.get(position);
      if (error) this.failItem(ticket, error);
      else {
        this.itemsDone++;
        ticket.call.take(ticket.index, output, position, starts);
      }
    });
  }

  /** The batch failed as a whole: halve it, or blame the item when it was alone. */
  bisect(batch: Batch, error: AppError): void {
    const [only] = batch.tickets;
    if (batch.tickets.length > 1) for (const half of halves(batch)) this.batcher.retry(half);
    else if (++this.failuresInRow > FAILURES_IN_ROW_MAX) this.rest(error, batch);
    else this.failItem(only!, error.toPlain());
  }

  /** The host was killed while it ran this batch, and not by us: probably nothing is wrong with the items. */
  survive(batch: Batch, error: AppError): void {
    if (batch.foreignDeaths >= FOREIGN_DEATHS_MAX) this.bisect(batch, error);
    else this.batcher.retry({ ...batch, foreignDeaths: batch.foreignDeaths + 1 });
  }

  /** The host died before it began these batches, by its own fault or killed from outside. */
  dieEarly(batches: readonly Batch[], error: AppError, killed: boolean): void {
    for (const batch of batches) this.batcher.retry(batch);
    if (killed) this.earlyKills++;
    else this.earlyDeaths++;
    if (this.earlyDeaths >= EARLY_DEATHS_MAX || this.earlyKills >= EARLY_KILLS_MAX) this.rest(error);
  }

  /** Rejects all that waits, and refuses calls for a while. */
  rest(error: AppError, batch?: Batch): void {
    this.broken = { error, until: this.clock.now() + REST_MS };
    this.earlyDeaths = 0;
    this.earlyKills = 0;
    this.failuresInRow = 0;
    for (const ticket of batch?.tickets ?? []) ticket.call.reject(error);
    for (const call of this.batcher.clear()) call.reject(error);
  }

  /** Its files were put right: it does not rest any longer. */
  wake(): void {
    this.broken = undefined;
  }

  itemsPerSecond(hosts: number): number {
    return this.msPerItem === 0 ? 0 : (1_000 * Math.max(1, hosts)) / this.msPerItem;
  }

  status(hosts: number): ModelStatus {
    const broken = this.broken && this.clock.now() < this.broken.until ? this.broken.error.toPlain() : null;
    const { itemsDone, itemsFailed, device } = this;
    return { id: this.info.id, itemsDone, itemsFailed, broken, itemsPerSecond: this.itemsPerSecond(hosts), device };
  }

  private failItem(ticket: Ticket, error: PlainError): void {
    this.itemsFailed++;
    ticket.call.fail(ticket.index, error);
  }
}

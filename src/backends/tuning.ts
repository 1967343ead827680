/** What the pool knows of one model's best call size: from the book, measured once, doubted when live costs drift. */
import type { Clock } from '../core/clock.ts';
import type { Lane } from './backend.ts';
import type { Work } from './runtime.ts';

/** Keeps call sizes across restarts, by model version; one book belongs to one machine. */
export interface TuningBook {
  get(model: string): number | undefined;
  set(model: string, size: number): void;
}

/** Fewer items are done sooner than measured; so many that people asked for one by one say that more will come. */
const ITEMS_WORTH_TUNING = 256;
/** Batches that make the live cost a figure to compare with. */
const SETTLED_BATCHES = 20;
/** Share of the newest batch in the moving average of the live cost. */
const COST_SHARE = 0.1;
/** Live cost per unit that has moved by more says that the machine, or what is sent, is not what was measured. */
const DRIFT_MAX = 0.2;
/** Inputs that change all the time must not keep a host busy with measuring: two seconds of ten minutes at most. */
const DOUBT_PAUSE_MS = 600_000;

export function memoryBook(): TuningBook {
  const sizes = new Map<string, number>();
  return { get: (model) => sizes.get(model), set: (model, size) => void sizes.set(model, size) };
}

export class CallTuning {
  /** Undefined: the runtime's own standard. */
  size: number | undefined;
  private readonly model: string;
  private readonly book: TuningBook;
  private readonly clock: Clock;
  private state: 'unknown' | 'running' | 'known';
  private measuredAt = Number.NEGATIVE_INFINITY;
  /** Sent online, one by one or in crowds. */
  private itemsAsked = 0;
  private batches = 0;
  private cost = 0;
  private settledCost = 0;

  constructor(model: string, book: TuningBook, clock: Clock) {
    this.model = model;
    this.book = book;
    this.clock = clock;
    this.size = book.get(model);
    this.state = this.size === undefined ? 'unknown' : 'known';
  }

  /** Is a measurement due before these items go, and those that wait behind them? The caller then sends it and says `begin`. */
  wanted(lane: Lane, items: number, waiting: number): boolean {
    if (lane === 'online') this.itemsAsked += items;
    const count = lane === 'online' ? this.itemsAsked : items + waiting;
    return this.state === 'unknown' && count >= ITEMS_WORTH_TUNING;
  }

  begin(): void {
    this.state = 'running';
  }

  /** Null: there is nothing to choose, or measuring failed; the standard stays. */
  end(size: number | null): void {
    this.state = 'known';
    this.measuredAt = this.clock.now();
    this.batches = 0;
    if (size === null) return;
    this.size = size;
    this.book.set(this.model, size);
  }

  /** The host went before it could answer, and not because of this: ask again. */
  lost(): void {
    if (this.state === 'running') this.state = 'unknown';
  }

  /** Looks at what a batch really cost. */
  observe(work: Work, cpuMs: number): void {
    if (this.size === undefined || work.padded === 0) return;
    const cost = cpuMs / work.padded;
    this.cost = this.batches === 0 ? cost : this.cost + COST_SHARE * (cost - this.cost);
    this.batches++;
    if (this.batches === SETTLED_BATCHES) this.settledCost = this.cost;
    if (this.batches <= SETTLED_BATCHES || this.state !== 'known') return;
    const drifted = Math.abs(this.cost / this.settledCost - 1) > DRIFT_MAX;
    if (drifted && this.clock.now() - this.measuredAt >= DOUBT_PAUSE_MS) this.state = 'unknown';
  }
}

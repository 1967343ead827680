/** Queue of one model: calls wait in two lanes and leave as batches within a cost budget, long items together. */
import type { InferenceItem, Lane } from './backend.ts';
import type { Call } from './call.ts';
import type { BatchPolicy } from './manifest.ts';
import type { Release } from './observer.ts';

/** Encoded files of one batch, save one alone: two batches on their way must fit a host beside its model. */
const BATCH_BYTES_MAX = 32_000_000;

/** One item of one call on its way. */
export interface Ticket {
  readonly call: Call;
  readonly index: number;
  readonly item: InferenceItem;
  readonly cost: number;
  readonly bytes: number;
}

/** What runs, fails and is retried together. */
export interface Batch {
  readonly lane: Lane;
  readonly tickets: readonly Ticket[];
  /** How often its host was killed from outside while running it. */
  readonly foreignDeaths: number;
  readonly reason: Release;
}

interface WaitingCall {
  readonly call: Call;
  /** Most costly first, so that a batch holds items of like length. */
  readonly tickets: readonly Ticket[];
  next: number;
}

export class Batcher {
  private readonly policy: BatchPolicy;
  private readonly calls: Record<Lane, WaitingCall[]> = { online: [], bulk: [] };
  private readonly retries: Record<Lane, Batch[]> = { online: [], bulk: [] };
  private readonly counts: Record<Lane, number> = { online: 0, bulk: 0 };
  /** Of what waits for the first time. */
  private readonly costs: Record<Lane, number> = { online: 0, bulk: 0 };

  constructor(policy: BatchPolicy) {
    this.policy = policy;
  }

  /** Items waiting in a lane. */
  waiting(lane: Lane): number {
    return this.counts[lane];
  }

  /** Does a whole batch wait? One that is not full goes only to a host that has nothing to do. */
  full(lane: Lane): boolean {
    const { itemsMax, costMax } = this.policy;
    return this.retries[lane].length > 0 || this.counts[lane] >= itemsMax || this.costs[lane] >= costMax;
  }

  /** First in, first out among calls due at the same time; an earlier due time goes first. */
  add(call: Call, tickets: readonly Ticket[]): void {
    if (tickets.length === 0) return;
    const sorted = [...tickets].sort((a, b) => b.cost - a.cost || a.index - b.index);
    const lane = this.calls[call.lane];
    let at = lane.length;
    while (at > 0 && lane[at - 1]!.call.dueAt > call.dueAt) at--;
    lane.splice(at, 0, { call, tickets: sorted, next: 0 });
    this.counts[call.lane] += sorted.length;
    this.costs[call.lane] += costOf(sorted);
  }

  /** Forgets what a call that was given up still has waiting. */
  remove(call: Call): void {
    const lane = this.calls[call.lane];
    const at = lane.findIndex((one) => one.call === call);
    if (at < 0) return;
    const [gone] = lane.splice(at, 1);
    this.counts[call.lane] -= gone!.tickets.length - gone!.next;
    this.costs[call.lane] -= costOf(gone!.tickets.slice(gone!.next));
  }

  /** Puts a batch back at the head of its lane, to run again exactly as it is. */
  retry(batch: Batch): void {
    this.retries[batch.lane].push(batch);
    this.counts[batch.lane] += batch.tickets.length;
  }

  /** When the next call of a lane is due; undefined when nothing waits. */
  dueAt(lane: Lane): number | undefined {
    if (this.retries[lane].length > 0) return Number.NEGATIVE_INFINITY;
    return this.calls[lane][0]?.call.dueAt;
  }

  /**
   * The next batch: never over the cost or item limit, save that one item alone always goes.
   * Undefined when the lane holds nothing that is still wanted.
   */
  take(lane: Lane): Batch | undefined {
    const again = this.takeRetry(lane);
    if (again) return again;
    const reason = this.full(lane) ? 'full' : 'idle';
    const tickets: Ticket[] = [];
    let cost = 0;
    let bytes = 0;
    for (let ticket = this.peek(lane); ticket; ticket = this.peek(lane)) {
      const { itemsMax, costMax } = this.policy;
      const tooMuch = cost + ticket.cost > costMax || bytes + ticket.bytes > BATCH_BYTES_MAX;
      if (tickets.length > 0 && (tickets.length >= itemsMax || tooMuch)) break;
      tickets.push(ticket);
      cost += ticket.cost;
      bytes += ticket.bytes;
      this.calls[lane][0]!.next++;
      this.counts[lane]--;
    }
    this.costs[lane] -= cost;
    return tickets.length > 0 ? { lane, tickets, foreignDeaths: 0, reason } : undefined;
  }

  /** Removes everything and returns the calls that were waiting. */
  clear(): readonly Call[] {
    const calls = new Set<Call>();
    for (const lane of ['online', 'bulk'] as const) {
      for (const one of this.calls[lane].splice(0)) calls.add(one.call);
      for (const batch of this.retries[lane].splice(0)) for (const ticket of batch.tickets) calls.add(ticket.call);
      this.counts[lane] = 0;
      this.costs[lane] = 0;
    }
    return [...calls];
  }

  /** Drops calls that are used up and shows the ticket that is next. */
  private peek(lane: Lane): Ticket | undefined {
    const calls = this.calls[lane];
    while (calls[0] && calls[0].next === calls[0].tickets.length) calls.shift();
    return calls[0]?.tickets[calls[0].next];
  }

  private takeRetry(lane: Lane): Batch | undefined {
    for (let batch = this.retries[lane].shift(); batch; batch = this.retries[lane].shift()) {
      this.counts[lane] -= batch.tickets.length;
      const tickets = batch.tickets.filter((ticket) => !ticket.call.settled);
      if (tickets.length > 0) return { ...batch, tickets, reason: 'again' };
    }
    return undefined;
  }
}

function costOf(tickets: readonly Ticket[]): number {
  return tickets.reduce((sum, ticket) => sum + ticket.cost, 0);
}

/** The two halves of a batch that failed as a whole. */
export function halves(batch: Batch): readonly Batch[] {
  const middle = Math.ceil(batch.tickets.length / 2);
  return [batch.tickets.slice(0, middle), batch.tickets.slice(middle)].map((tickets) => ({ ...batch, tickets }));
}

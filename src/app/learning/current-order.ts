/** The order of a project at the moment, best first, with what came with it; computed anew one at a time. */
import type { Learner, Ranked } from '../../compute/compute.ts';
import type { Project } from '../../core/domain.ts';
import { take } from '../../core/iterate.ts';
import { policyOf } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { BlindSlice } from '../queue/blind-slice.ts';
import type { Roster } from '../queue/roster.ts';
import type { AskedControl } from './asked.ts';
import { orderPerCost, widthFor } from './costs.ts';
import type { Marked } from './marked.ts';

/** Tasks ranked beyond the ones that are out right now: a person never waits for the order. */
const ORDER_LENGTH = 64;
/** Further ranked tasks for each one that is out: what many people take before the next order is there. */
const ORDER_PER_LEASE = 5;
/** Tasks of the blind slice whose hidden suggestion is worked out with each order. */
const BLIND_AHEAD = 64;

/** What an order is made of. */
export interface Ground {
  readonly store: Deps['store'];
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly strategy: string;
  readonly learner: Learner | null;
  /** What orders spans and shapes; null for everything else. */
  readonly marked: Marked | null;
  readonly asked: AskedControl | null;
  readonly roster: Roster;
  readonly blind: BlindSlice;
  /** Never ranked. */
  readonly silent: ReadonlySet<number>;
}

export class CurrentOrder {
  /** As last computed, best first. */
  tasks: readonly Ranked[] = [];
  readonly #ground: Ground;
  /** Of the tasks in the last order, where it was made per cost: 1 is the usual one. */
  #costs: ReadonlyMap<number, number> = new Map();
  /** Probabilities that came with the last order, so that handing out a task waits for no thread. */
  #known = new Map<number, ArrayLike<number>>();
  #refreshing: Promise<void> | null = null;
  #refreshAgain = false;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  /** Recomputes the order. Calls during a call are answered by one more computation after it. */
  refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#refreshAll().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Resolves when no new order is being computed, or after the time given. */
  async settled(waitMs: number): Promise<void> {
    if (!this.#refreshing) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.#refreshing, patience]);
    clearTimeout(timer);
  }

  /** Resolves when nothing is being computed any more, however it ended. */
  async ended(): Promise<void> {
    await this.#refreshing?.catch(() => undefined);
  }

  /** The first tasks as a strategy would put them now; the order that is handed out stays as it is. */
  async by(strategy: string, limit: number): Promise<readonly Ranked[]> {
    return (await this.#rank(strategy, limit, this.#ground.roster.pending())).order;
  }

  /** What a task of an order per cost costs, 1 for the usual one; undefined in other orders. */
  cost(ordinal: number): number | undefined {
    return this.#costs.get(ordinal);
  }

  /** Probabilities that came with the order; undefined for tasks it did not look at. */
  known(ordinal: number): ArrayLike<number> | undefined {
    return this.#known.get(ordinal);
  }

  /** Did any probabilities come with the order? */
  get isPredicted(): boolean {
    return this.#known.size > 0;
  }

  async #refreshAll(): Promise<void> {
    for (;;) {
      this.#refreshAgain = false;
      const startedAt = performance.now();
      await this.#compute();
      if (!this.#refreshAgain) return;
      // With many people at work an order is old before it is done: half of one core is enough for it.
      if (this.#ground.roster.isShared) await pause(performance.now() - startedAt);
    }
  }

  async #compute(): Promise<void> {
    const { roster, blind, strategy, learner, config } = this.#ground;
    const pending = roster.pending();
    const ahead = Uint32Array.from(take(roster.open(blind.ordinals(), null), BLIND_AHEAD));
    const [{ order, costs }, hidden = null] = await Promise.all([
      this.#rank(strategy, ORDER_LENGTH + ORDER_PER_LEASE * pending.length, pending),
      learner?.suggest(ahead),
    ]);
    const classCount = config.classes.length;
    this.tasks = order;
    this.#costs = costs;
    this.#known = new Map(order.flatMap((one) => (one.probabilities ? [[one.ordinal, one.probabilities]] : [])));
    for (const [i, ordinal] of ahead.entries()) {
      if (hidden) this.#known.set(ordinal, hidden.subarray(i * classCount, (i + 1) * classCount));
    }
  }

  /** The first tasks by a policy: none that are answered, blind or out. */
  async #rank(
    strategy: string,
    limit: number,
    pending: Uint32Array,
  ): Promise<{ order: readonly Ranked[]; costs: ReadonlyMap<number, number> }> {
    const { marked, learner, silent, blind } = this.#ground;
    const { name, perCost } = policyOf(strategy);
    const without = concat(silent, blind.ordinals());
    const width = perCost ? widthFor(limit) : limit;
    const wide = marked
      ? await marked.order(name, width, both(without, pending))
      : ((await learner?.order(width, without, pending, name)) ?? []);
    if (!perCost) return { order: wide, costs: new Map() };
    return orderPerCost(wide, await this.#sizes(wide.map((one) => one.ordinal)), limit);
  }

  /** Marks to look at, or characters to read; null where the size says nothing about the work. */
  async #sizes(ordinals: readonly number[]): Promise<Map<number, number | null>> {
    const { asked, marked, store, project, config } = this.#ground;
    if (asked?.asked === 'boxes') return new Map(ordinals.map((one) => [one, marked!.sizeOf(one)]));
    const ascending = [...ordinals].sort((a, b) => a - b);
    const tasks = await store.tasks.byOrdinals(project.id, ascending);
    return new Map(tasks.map(({ ordinal, data }) => [ordinal, config.textOf(data)?.length ?? null]));
  }
}

function concat(first: ReadonlySet<number>, second: Uint32Array): Uint32Array {
  const all = new Uint32Array(first.size + second.length);
  all.set([...first]);
  all.set(second, first.size);
  return all;
}

function* both(first: Iterable<number>, second: Iterable<number>): Generator<number> {
  yield* first;
  yield* second;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

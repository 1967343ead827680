/** What models have marked in each task of a project, as far as the order of its queue needs it: how sure each mark is. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Ranked } from '../../compute/compute.ts';
import type { Prediction, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import { pagesOf } from '../../core/iterate.ts';
import { type Asked, KeptOrder } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import type { AskedControl } from './asked.ts';

/** Predictions carry whole results: fewer at once, so that reading them stalls nobody. */
const READ_TASKS = 500;
/** Scores worked out before others have a turn: a millisecond. */
const FILLED_AT_ONCE = 1_000;

export class Marked {
  readonly #store: Deps['store'];
  readonly #of: AskedControl;
  readonly #seed: number;
  /** By ordinal; tasks that no model with a number has looked at are not there. */
  readonly #scores = new Map<number, Float32Array>();
  /** By policy, as far as one was asked for. */
  readonly #orders = new Map<string, { readonly order: KeptOrder; readonly filled: Promise<void> }>();

  constructor(store: Deps['store'], of: AskedControl, seed: number) {
    this.#store = store;
    this.#of = of;
    this.#seed = seed;
  }

  /** Reads what is predicted for these tasks now. */
  async read(tasks: Iterable<Pick<Task, 'id' | 'ordinal'>>): Promise<void> {
    for (const some of pagesOf(tasks, READ_TASKS)) {
      const stored = await this.#store.predictions.ofTasks(some.map((task) => task.id));
      const byTask = groupBy(stored, (one) => one.taskId);
      for (const { id, ordinal } of some) {
        const scores = scoresIn(this.#of.control.name, byTask.get(id) ?? []);
        if (scores === null) this.remove(ordinal);
        else this.#set(ordinal, scores);
      }
    }
  }

  remove(ordinal: number): void {
    this.#scores.delete(ordinal);
    for (const { order } of this.#orders.values()) order.remove(ordinal);
  }

  get size(): number {
    return this.#scores.size;
  }

  /** The best `limit` of the tasks that were looked at, none of `barred`. */
  async order(policy: string, limit: number, barred: Iterable<number>): Promise<Ranked[]> {
    const { order, filled } = this.#orders.get(policy) ?? this.#open(policy);
    await filled;
    return order.head(limit, barred).map(({ ordinal, score }) => {
      return { ordinal, score, phase: 'uncertainty', probabilities: null, margin: null, distance: null, density: null };
    });
  }

  /** How much there is to look at: marks, and one for the task itself. */
  sizeOf(ordinal: number): number {
    return 1 + (this.#scores.get(ordinal)?.length ?? 0);
  }

  /** Why the task stands where it stands; null for tasks without numbers. */
  sentence(ordinal: number): string | null {
    const scores = this.#scores.get(ordinal);
    return scores === undefined ? null : sentenceOf(this.#of.asked, scores);
  }

  #set(ordinal: number, scores: Float32Array): void {
    this.#scores.set(ordinal, scores);
    for (const { order } of this.#orders.values()) order.set(ordinal, scores);
  }

  /** Hears of changes at once, while what is there already goes in. */
  #open(policy: string) {
    const order = new KeptOrder(policy, this.#seed);
    const opened = { order, filled: this.#fill(order) };
    this.#orders.set(policy, opened);
    return opened;
  }

  async #fill(order: KeptOrder): Promise<void> {
    for (const some of pagesOf(this.#scores, FILLED_AT_ONCE)) {
      for (const [ordinal, scores] of some) order.set(ordinal, scores);
      await nextTurn();
    }
  }
}

/** Of the newest prediction that says how sure it is; a region without a number of its own has that of the whole. */
function scoresIn(control: string, predictions: readonly Prediction[]): Float32Array | null {
  for (const { result, score } of predictions.toReversed()) {
    if (result.length === 0) return new Float32Array(0);
    const own = result.filter((region) => region.from_name === control);
    const scores = own.map((region) => (typeof region.score === 'number' ? region.score : score));
    if (scores.length > 0 && scores.every((one) => one !== null)) return Float32Array.from(scores as number[]);
  }
  return null;
}

function sentenceOf(asked: Asked, scores: Float32Array): string {
  if (scores.length === 0) return 'A model has looked at it and marked nothing.';
  const percent = (p: number): string => `${Math.round(100 * p)} %`;
  const [count, least] = [scores.length, Math.min(...scores)];
  const mean = scores.reduce((sum, one) => sum + one, 0) / count;
  if (asked === 'boxes') {
    const open = scores.filter((p) => Math.abs(p - 0.5) < OPEN).length;
    const shapes = count === 1 ? 'one shape' : `${count} shapes`;
    return `A model has marked ${shapes} in it, ${open} of them about as likely wrong as right; the least sure has ${percent(least)}.`;
  }
  if (count === 1) return `A model has marked one span in it, and is ${percent(least)} sure of it.`;
  return `A model has marked ${count} spans in it, ${percent(mean)} sure on average and ${percent(least)} of the least sure.`;
}

/** Nearer to even than this a mark is as likely wrong as right. */
const OPEN = 0.2;

/** The learner of a project that asks for numbers: rows and numbers come in, an order by the doubts of a committee comes out. */
import { hashUnit } from '../core/random.ts';
import { TARGETS_MAX } from './coverage.ts';
import type { OrderOptions, Ranked } from './learner.ts';
import { NearestLabeled } from './nearest-labeled.ts';
import { ascending } from './ordinals.ts';
import { PoolPicture } from './picture.ts';
import { reasonFor } from './reason.ts';
import { queryStrategy } from './registry.ts';
import { predictNumbers, trainRegressionCommittee } from './regression.ts';
import { RowStore } from './rows.ts';
import { topK } from './select.ts';
import { maxHerding } from './strategies/max-herding.ts';
import type { Pick, QueryContext } from './strategy.ts';
import { committeeVariance } from './structured/members.ts';

export const COMMITTEE_VARIANCE = committeeVariance.name;

export interface NumberLearnerOptions {
  readonly dim: number;
  readonly seed: number;
  /** `committee-variance`, or a registered strategy that needs no head. */
  readonly strategy: string;
  readonly expectedRows?: number;
}

/** As many as the seed of a head: below, members that draw with replacement often see the same few items. */
const SEED_LABELS_MIN = 10;
/** Labels that the members are fitted on: a fit costs the square of them, and doubts hardly move beyond. */
const LABELS_MAX = 400;
/** Rows predicted at once. */
const BLOCK_ROWS = 4_096;

export class NumberLearner {
  readonly #options: NumberLearnerOptions;
  readonly #rows: RowStore;
  readonly #picture: PoolPicture;
  readonly #nearest = new NearestLabeled();
  readonly #numbers = new Map<number, number>();

  constructor(options: NumberLearnerOptions) {
    this.#options = options;
    const { dim, seed, expectedRows: capacity = 0 } = options;
    this.#rows = new RowStore({ dim, classCount: 1, capacity });
    this.#picture = new PoolPicture(this.#rows, seed, TARGETS_MAX);
  }

  get labeledCount(): number {
    return this.#numbers.size;
  }

  /** Are there two different numbers? */
  get contrasting(): boolean {
    return new Set(this.#numbers.values()).size > 1;
  }

  /** As of `Learner`. */
  addRows(ordinals: readonly number[], rows: Float32Array): void {
    this.#rows.add(ordinals, rows);
    this.#picture.forgetRows(ordinals);
    this.#nearest.forget();
  }

  removeRows(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#numbers.delete(ordinal);
    this.#rows.remove(ordinals);
  }

  settle(): void {
    this.#picture.discard();
  }

  /** Sets, changes or (null) takes back the number of a row. */
  label(ordinal: number, target: readonly number[] | null): void {
    if (target === null) this.#numbers.delete(ordinal);
    else this.#numbers.set(ordinal, target[0]!);
  }

  /** The best k items to ask for, best first; a label-free order until ten numbers are there, or while all are equal. */
  order(k: number, options: OrderOptions = {}): Ranked[] {
    const context = this.#context(options);
    const wanted = options.strategy ?? this.#options.strategy;
    const doubting = wanted === COMMITTEE_VARIANCE;
    const seeding = doubting && (context.labeled.length < SEED_LABELS_MIN || !this.contrasting);
    const picks = seeding
      ? maxHerding.pick(context, k)
      : doubting
        ? this.#mostDoubtful(context, k)
        : queryStrategy(wanted).pick(context, k);
    this.#nearest.begin(context.rows, context.labeled);
    const phase = seeding ? 'seed' : 'uncertainty';
    return picks.map(({ ordinal, score }, i) => {
      const reason = reasonFor(ordinal, phase, context, null, this.#nearest.distance(ordinal));
      return { ordinal, rank: i + 1, score, reason };
    });
  }

  #mostDoubtful({ candidates, labeled, seed }: QueryContext, k: number): Pick[] {
    const { dim } = this.#rows;
    const taught = [...labeled]
      .map((ordinal) => ({ ordinal, coin: hashUnit('number', seed, ordinal) }))
      .sort((a, b) => a.coin - b.coin || a.ordinal - b.ordinal)
      .slice(0, LABELS_MAX)
      .map(({ ordinal }) => ordinal);
    const values = taught.map((ordinal) => this.#numbers.get(ordinal)!);
    const committee = trainRegressionCommittee({ dim, rows: this.#gathered(taught), values }, seed);
    const doubts = new Float64Array(candidates.length);
    for (let at = 0; at < candidates.length; at += BLOCK_ROWS) {
      const block = candidates.subarray(at, at + BLOCK_ROWS);
      doubts.set(committeeVariance.of(predictNumbers(committee, this.#gathered(block))), at);
    }
    return topK(candidates, doubts, k);
  }

  #gathered(ordinals: ArrayLike<number>): Float32Array {
    const { dim } = this.#rows;
    const rows = new Float32Array(ordinals.length * dim);
    for (let i = 0; i < ordinals.length; i++) rows.set(this.#rows.row(ordinals[i]!), i * dim);
    return rows;
  }

  #context(options: OrderOptions): QueryContext {
    const rows = this.#rows;
    const labeled = Int32Array.from(this.#numbers.keys())
      .filter((ordinal) => rows.has(ordinal))
      .sort();
    const pending = ascending(options.pending ?? []).filter((ordinal) => rows.has(ordinal));
    const barred = new Uint8Array(rows.height);
    for (const ordinals of [options.exclude ?? [], pending, labeled]) {
      for (const ordinal of ordinals) barred[ordinal] = 1;
    }
    return {
      rows,
      candidates: rows.ordinals(barred),
      labeled,
      labeledClass: new Int32Array(labeled.length),
      pending,
      classCount: 1,
      predictions: null,
      coverage: this.#picture.coverage(),
      committee: () => null,
      seed: this.#options.seed,
    };
  }
}

/** One learner per project and control: rows and labels come in, an order and calibrated suggestions come out. */
import { AppError } from '../core/errors.ts';
import { fitHead, type OutOfFold, type TrainingSet } from '../heads/fit.ts';
import { type Head, predict } from '../heads/head.ts';
import type { Link } from '../heads/link.ts';
import { argmax } from '../heads/metrics.ts';
import { underClasses } from '../heads/under-classes.ts';
import { uncertaintyOf } from './acquisition.ts';
import { type Committee, trainCommittee } from './committee.ts';
import { TARGETS_MAX } from './coverage.ts';
import { type Duel, duel } from './duel.ts';
import { classOfTarget, LabelSet, type Target, trainingSetOf } from './labels.ts';
import { LiveHead, type Stance } from './live-head.ts';
import { NearestLabeled } from './nearest-labeled.ts';
import { ascending } from './ordinals.ts';
import { PoolPicture } from './picture.ts';
import { probabilitiesOf, type Reason, reasonFor } from './reason.ts';
import { DEFAULT_STRATEGY, queryStrategy } from './registry.ts';
import { RowStore } from './rows.ts';
import { topK } from './select.ts';
import { Standing } from './standing.ts';
import { maxHerding } from './strategies/max-herding.ts';
import type { Pick, QueryContext, QueryStrategy } from './strategy.ts';

export interface LearnerOptions {
  /** Length of an embedding row. */
  readonly dim: number;
  readonly classes: readonly string[];
  /** `softmax`: single choice; `sigmoid`: multi-label. */
  readonly link: Link;
  readonly seed: number;
  /** Name in the registry or a strategy of one's own; default: uncertainty herding. */
  readonly strategy?: string | QueryStrategy;
  /** Most rows that stand for the pool when coverage is measured. */
  readonly targetsMax?: number;
  /** Rows to make room for at once; more may come. */
  readonly expectedRows?: number;
}

export interface OrderOptions {
  /** Never to be chosen: the blind slice, skipped items. Labeled ones are left out anyway. */
  readonly exclude?: Iterable<number>;
  /** Handed out and not answered yet: never chosen, and others stay away from them. */
  readonly pending?: Iterable<number>;
  /** Another strategy for this order only. */
  readonly strategy?: string;
}

export interface Ranked {
  readonly ordinal: number;
  /** 1 = first. */
  readonly rank: number;
  /** Acquisition score, not increasing with rank. */
  readonly score: number;
  readonly reason: Reason;
}

export interface Suggestion {
  readonly ordinal: number;
  /** (classes) calibrated, 0..1; null = abstain: no head yet, or the row is not embedded. */
  readonly probabilities: Float32Array | null;
}

export interface Refit {
  readonly head: Head;
  /** null with too few labels to hold any out. */
  readonly outOfFold: OutOfFold | null;
  /** The installed head on items labeled since it was trained, against out-of-fold answers there; null when there are none. */
  readonly duel: Duel | null;
  /** Rows whose likeliest class is not the one served now, ascending. */
  readonly flipped: Int32Array;
}

/** Labels chosen without a head: one per class at least, and never fewer than this (learning reference, section 8). */
const SEED_LABELS_MIN = 10;
export class Learner {
  readonly #options: LearnerOptions;
  readonly #rows: RowStore;
  #labels: LabelSet;
  #live: LiveHead;
  #installed: { readonly head: Head; readonly pinned: boolean } | null = null;
  /** Targets of the last training set handed out, by ordinal: labels may change before its head comes back. */
  #trainingTargets: ReadonlyMap<number, Float32Array> = new Map();
  #strategy: QueryStrategy;
  readonly #picture: PoolPicture;
  readonly #standing = new Standing();
  readonly #nearest = new NearestLabeled();

  constructor(options: LearnerOptions) {
    this.#options = options;
    const { dim, classes, expectedRows: capacity = 0 } = options;
    this.#rows = new RowStore({ dim, classCount: classes.length, capacity });
    this.#labels = new LabelSet(options.link, options.classes);
    this.#live = new LiveHead(this.#rows, options.link, this.#stance);
    this.#picture = new PoolPicture(this.#rows, options.seed, options.targetsMax ?? TARGETS_MAX);
    this.#strategy = fitting(options.strategy ?? DEFAULT_STRATEGY, options.link);
  }

  get classes(): readonly string[] {
    return this.#labels.classes;
  }

  get labeledCount(): number {
    return this.#labels.size;
  }

  /** Is there anything to tell apart: two classes, or for multi-label two different answers? */
  get contrasting(): boolean {
    return this.#labels.contrasting;
  }

  get rowCount(): number {
    return this.#rows.count;
  }

  get strategy(): QueryStrategy {
    return this.#strategy;
  }

  /** Throws INPUT_BAD_FIELD for an unknown name or one that does not fit the kind of labels. */
  useStrategy(strategy: string | QueryStrategy): void {
    this.#strategy = fitting(strategy, this.#options.link);
  }

  /** `rows`: (ordinals.length x dim). All or nothing; throws BACKEND_BAD_OUTPUT for wrong shapes and non-finite values. */
  addRows(ordinals: readonly number[], rows: Float32Array): void {
    this.#rows.add(ordinals, rows);
    this.#live.rowsAdded(ordinals);
    this.#picture.forgetRows(ordinals);
    this.#standing.forget(ordinals);
    this.#nearest.forget();
  }

  /** Forgets rows and their labels. */
  removeRows(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#labels.delete(ordinal);
    this.#live.sync(this.#labels);
    this.#rows.remove(ordinals);
  }

  /** Says that the rows are complete, so that the next order sees the pool exactly as a fresh learner would. */
  settle(): void {
    this.#picture.discard();
  }

  /** Sets, changes or (null) takes back a label. A label of a row not embedded yet waits for it. */
  label(ordinal: number, target: Target): void {
    this.#labels.set(ordinal, target);
  }

  /** Classes added, removed, renamed or re-ordered; labels follow their class by name, the head starts from them anew. */
  setClasses(classes: readonly string[]): void {
    this.#labels = this.#labels.underClasses(classes);
    this.#rows.resizeClasses(classes.length);
    this.#live = new LiveHead(this.#rows, this.#options.link, this.#stance);
    this.#trainingTargets = new Map();
    if (this.#installed !== null) this.install(this.#installed.head, { pinned: this.#installed.pinned });
  }

  /**
   * The best k items to label next, best first; fewer when fewer are left. Before the head can tell two classes
   * apart, and until the seed is labeled, the order is the label-free one.
   */
  order(k: number, options: OrderOptions = {}): Ranked[] {
    const context = this.#context(options);
    const wanted = options.strategy === undefined ? this.#strategy : fitting(options.strategy, this.#options.link);
    const seeding = this.#isSeeding(wanted, context);
    const strategy = seeding ? maxHerding : wanted;
    const picks = strategy.pick(context, k);
    const filled = picks.length < k ? fill(picks, context, k) : picks;
    this.#nearest.begin(context.rows, context.labeled);
    return filled.map((pick, i) => ({
      ordinal: pick.ordinal,
      rank: i + 1,
      score: pick.score,
      reason: reasonFor(
        pick.ordinal,
        seeding ? 'seed' : 'uncertainty',
        context,
        this.#live.predictions,
        this.#nearest.distance(pick.ordinal),
      ),
    }));
  }

  /** Calibrated probabilities of the live head; abstains where it must. */
  suggest(ordinals: readonly number[]): Suggestion[] {
    this.#live.sync(this.#embeddedLabels());
    const predictions = this.#live.predictions;
    return ordinals.map((ordinal) => ({ ordinal, probabilities: probabilitiesOf(ordinal, predictions, this.#rows) }));
  }

  /** The head that answers now, as a copy; null = abstain. */
  liveHead(): Head | null {
    this.#live.sync(this.#embeddedLabels());
    return this.#live.snapshot(this.classes);
  }

  /** What a fit needs, copied: it may be done elsewhere (`fitHead`) and installed later. */
  trainingSet(): TrainingSet {
    const labels = this.#embeddedLabels();
    this.#trainingTargets = new Map(labels.entries());
    return trainingSetOf(labels, this.#rows, this.#stance.weights);
  }

  /** A full fit: penalty and temperature by cross-validation. Nothing is installed. */
  refit(): Refit {
    const set = this.trainingSet();
    const { head, outOfFold } = fitHead(set, this.#options.seed);
    return {
      head,
      outOfFold,
      duel: this.#installed === null || outOfFold === null ? null : duel(this.#installed.head, set, outOfFold),
      flipped: this.#flippedBy(head),
    };
  }

  /**
   * Serves this head from now on, moved by the labels it was not trained on; `pinned` serves it exactly as it is
   * until another one is installed. Its classes are matched by name.
   */
  install(head: Head, options: { readonly pinned?: boolean } = {}): void {
    const fitting = underClasses(head, this.classes);
    const pinned = options.pinned ?? false;
    this.#installed = { head: fitting, pinned };
    this.#live.install(fitting, this.#targetsBehind(head), pinned);
  }

  /** What the head was trained on: the training set it came from if that was the last one, else the labels of today. */
  #targetsBehind(head: Head): Map<number, Float32Array> {
    const fresh =
      head.trainedOn.length === this.#trainingTargets.size &&
      head.trainedOn.every((ordinal) => this.#trainingTargets.has(ordinal));
    const targets = new Map<number, Float32Array>();
    for (const ordinal of head.trainedOn) {
      const target = fresh ? this.#trainingTargets.get(ordinal) : this.#labels.get(ordinal);
      if (target !== undefined) targets.set(ordinal, target);
    }
    return targets;
  }

  /** Labels that were asked for speak for what they were asked about; a fair sample speaks for itself. */
  readonly #stance: Stance = {
    weights: (ordinals) =>
      this.#strategy.unbiased
        ? new Float32Array(ordinals.length).fill(1)
        : this.#standing.weights(this.#picture.coverage(), ordinals),
    rows: (ordinals) =>
      this.#strategy.unbiased ? null : this.#standing.standIns(this.#picture.coverage(), this.#rows, ordinals),
  };

  #context(options: OrderOptions): QueryContext {
    const labels = this.#embeddedLabels();
    this.#live.sync(labels);
    const labeled = labels.ordinals();
    const pending = ascending(options.pending ?? []).filter((ordinal) => this.#rows.has(ordinal));
    const barred = new Uint8Array(this.#rows.height);
    for (const ordinals of [options.exclude ?? [], pending, labeled])
      for (const ordinal of ordinals) barred[ordinal] = 1;
    const predictions = this.#live.uncalibrated;
    let committee: Committee | null | undefined;
    return {
      rows: this.#rows,
      candidates: this.#rows.ordinals(barred),
      labeled,
      labeledClass: labeled.map((ordinal) => classOfTarget(labels.get(ordinal)!)),
      pending,
      classCount: this.classes.length,
      predictions,
      coverage: this.#picture.coverage(),
      committee: () => {
        if (predictions === null) return null;
        committee ??= trainCommittee(this.trainingSet(), this.#rows, this.#live.l2, this.#options.seed);
        return committee;
      },
      seed: this.#options.seed,
    };
  }

  #isSeeding(strategy: QueryStrategy, context: QueryContext): boolean {
    if (!strategy.needsHead) return false;
    return context.predictions === null || context.labeled.length < Math.max(SEED_LABELS_MIN, this.classes.length);
  }

  #embeddedLabels(): LabelSet {
    return this.#labels.restrictedTo((ordinal) => this.#rows.has(ordinal));
  }

  #flippedBy(head: Head): Int32Array {
    this.#live.sync(this.#embeddedLabels());
    const served = this.#live.predictions;
    if (served === null) return new Int32Array(0);
    const classCount = this.classes.length;
    const p = new Float32Array(classCount);
    return this.#rows.ordinals().filter((ordinal) => {
      served.probabilitiesInto(ordinal, p, 0);
      return argmax(p, 0, classCount) !== argmax(predict(head, this.#rows.row(ordinal)), 0, classCount);
    });
  }
}

function fitting(strategy: string | QueryStrategy, link: Link): QueryStrategy {
  const found = typeof strategy === 'string' ? queryStrategy(strategy) : strategy;
  if (link === 'sigmoid' && found.singleChoiceOnly) {
    throw new AppError('INPUT_BAD_FIELD', `The query strategy '${found.name}' works for single choice only.`, {
      details: { field: 'queryStrategy' },
    });
  }
  return found;
}

/** A strategy that looks at a part of the pool leaves room below; there the open items come first. */
function fill(picks: readonly Pick[], context: QueryContext, k: number): Pick[] {
  const taken = new Set(picks.map((pick) => pick.ordinal));
  const rest = context.candidates.filter((ordinal) => !taken.has(ordinal));
  const ceiling = picks.at(-1)?.score ?? 1;
  const more = topK(rest, uncertaintyOf(context, rest), k - picks.length);
  return [...picks, ...more.map((pick) => ({ ordinal: pick.ordinal, score: Math.min(ceiling, pick.score) }))];
}

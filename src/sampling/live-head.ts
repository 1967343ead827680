/** The head that answers at once: solved exactly while labels are few, moved by rank-one steps when they are many. */
import { buildDesign, type Design, spanPays } from '../heads/design.ts';
import { startingL2 } from '../heads/fit.ts';
import type { Head } from '../heads/head.ts';
import { type Link, probabilitiesInto, UNSEEN_LOGIT } from '../heads/link.ts';
import { type LogisticSolution, solveLogistic } from '../heads/logistic.ts';
import { RankOneUpdater } from '../heads/rankone.ts';
import { SpanBasis } from '../heads/span.ts';
import type { LabelSet } from './labels.ts';
import { PoolLogits } from './pool-logits.ts';
import { poolPredictions } from './pool-predictions.ts';
import type { RowStore } from './rows.ts';
import type { PoolPredictions } from './strategy.ts';

/** Multiply-adds of one pass over the training set up to which it is solved anew after each label: some 10 ms. */
const EXACT_FIT_MAX = 200_000;
/** Multiply-adds of one gradient over all labels up to which it polishes the rank-one steps after each label: some 10 ms. */
const POLISH_MAX = 10_000_000;
/** Multiply-adds of new logits for the whole pool that each label may cost (some 10 ms), and that now and then may. */
const POOL_ALWAYS_MAX = 100_000_000;
const POOL_SOMETIMES_MAX = 1_000_000_000;
/** "Now and then": each of the first labels, which move the head most, then one in so many. */
const POOL_FIRST_LABELS = 50;
const POOL_EVERY_LABELS = 25;
/** Least labels taken into the inverse curvature ahead of need, per exact fit: spreads the cost over single labels. */
const PREPARE_ROWS = 8;
/** Least curvature of an item: a settled one still counts a little. */
const CURVATURE_MIN = 0.02;

/** What the fit makes of the labeled rows. */
export interface Stance {
  /** How much each counts, mean 1. */
  weights(ordinals: ArrayLike<number>): Float32Array;
  /** What is fitted in place of each; null = the rows themselves. */
  rows(ordinals: readonly number[]): readonly Float32Array[] | null;
}

export class LiveHead {
  readonly #rows: RowStore;
  readonly #stance: Stance;
  readonly #link: Link;
  readonly #classCount: number;
  readonly #logits: PoolLogits;
  /** Penalty of the installed head; before there is one it follows the classes seen. */
  #chosenL2: number | undefined;
  #temperature = 1;
  #ready = false;
  #pinned = false;
  /** Targets the weights reflect, by ordinal. */
  #applied = new Map<number, Float32Array>();
  #seen: Uint8Array;
  #span: { basis: SpanBasis; features: Map<number, Float64Array> };
  #warm: LogisticSolution | undefined;
  #steps: { updater: RankOneUpdater; l2: number; weights: Map<number, number> } | undefined;

  constructor(rows: RowStore, link: Link, stance: Stance) {
    this.#rows = rows;
    this.#stance = stance;
    this.#link = link;
    this.#classCount = rows.classCount;
    this.#logits = new PoolLogits(rows);
    this.#seen = new Uint8Array(rows.classCount);
    this.#span = { basis: new SpanBasis(rows.dim), features: new Map() };
  }

  get l2(): number {
    const seenCount = this.#seen.reduce((sum, one) => sum + one, 0);
    return this.#chosenL2 ?? startingL2(this.#link, seenCount);
  }

  /** The head as it stands; null while there is nothing to tell apart. */
  snapshot(classes: readonly string[]): Head | null {
    if (!this.#ready) return null;
    return {
      link: this.#link,
      classes,
      dim: this.#rows.dim,
      ...this.#logits.head(),
      temperature: this.#temperature,
      l2: this.l2,
      trainedOn: [...this.#applied.keys()].sort((a, b) => a - b),
    };
  }

  /** Calibrated, for people; null while there is nothing to tell apart. */
  get predictions(): PoolPredictions | null {
    return this.#ready ? poolPredictions(this.#rows, this.#link, 1 / this.#temperature) : null;
  }

  /** As the loss sees them, for strategies: a temperature flattens what tells one item from another. */
  get uncalibrated(): PoolPredictions | null {
    return this.#ready ? poolPredictions(this.#rows, this.#link, 1) : null;
  }

  rowsAdded(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#span.features.delete(ordinal);
    if (this.#ready) this.#logits.compute(ordinals);
  }

  /** Serves this head as it is; labels it has not seen move it at the next `sync`, unless it is pinned. */
  install(head: Head, trainedTargets: ReadonlyMap<number, Float32Array>, pinned: boolean): void {
    this.#chosenL2 = head.l2;
    this.#temperature = head.temperature;
    this.#pinned = pinned;
    this.#warm = undefined;
    this.#applied = new Map(trainedTargets);
    this.#seen = Uint8Array.from(head.bias, (bias) => (bias === UNSEEN_LOGIT ? 0 : 1));
    this.#logits.setHead(head.weights, head.bias);
    this.#ready = true;
  }

  /** Brings the head up to the labels. True when it moved. */
  sync(labels: LabelSet): boolean {
    if (this.#pinned) return false;
    const changed = this.#changes(labels);
    if (changed.length === 0) return false;
    const seen = labels.seen();
    const sameClasses = this.#ready && seen.every((used, c) => used === this.#seen[c]);
    this.#seen = seen;
    const effort = sameClasses ? this.#effort(labels.size, changed.length) : 'solve';
    if (!labels.contrasting) this.#forget(labels);
    else if (effort === 'solve') this.#solve(labels, changed.length);
    else this.#step(labels, changed, effort);
    return true;
  }

  /** Ordinals whose label is not the one the weights reflect, ascending. */
  #changes(labels: LabelSet): number[] {
    const changed: number[] = [];
    for (const [ordinal, target] of labels.entries()) {
      const applied = this.#applied.get(ordinal);
      if (applied === undefined || applied.some((v, c) => v !== target[c])) changed.push(ordinal);
    }
    for (const ordinal of this.#applied.keys()) if (!labels.has(ordinal)) changed.push(ordinal);
    return changed.sort((a, b) => a - b);
  }

  /** What the changes are worth: a new solution, rank-one steps and a polish, or the steps alone. */
  #effort(labelCount: number, changeCount: number): 'solve' | 'polish' | 'step' {
    const { dim } = this.#rows;
    const pool = this.#poolCost();
    const first = labelCount <= POOL_FIRST_LABELS;
    const due = first || labelCount % POOL_EVERY_LABELS === 0;
    // Each rank-one step passes over the pool once, a new head once per class.
    const dear = pool > POOL_ALWAYS_MAX && changeCount <= this.#classCount;
    if (dear && !(due && pool <= POOL_SOMETIMES_MAX)) return 'step';
    // Where new logits are dear, a later head is polished rather than solved: one annotation pays for one of the two.
    const solved = first || !dear;
    if (solved && labelCount * Math.min(labelCount, dim) * this.#classCount <= EXACT_FIT_MAX) return 'solve';
    return labelCount * dim * this.#classCount <= POLISH_MAX ? 'polish' : 'step';
  }

  /** Multiply-adds of new logits for the whole pool. */
  #poolCost(): number {
    return this.#rows.count * this.#rows.dim * this.#classCount;
  }

  #forget(labels: LabelSet): void {
    this.#ready = false;
    this.#warm = undefined;
    this.#applied = new Map(labels.entries());
  }

  #solve(labels: LabelSet, changeCount: number): void {
    const ordinals = [...labels.ordinals()];
    const targets = new Float32Array(ordinals.length * this.#classCount);
    for (const [i, ordinal] of ordinals.entries()) targets.set(labels.get(ordinal)!, i * this.#classCount);
    const design = this.#design(ordinals);
    const { features, width } = design;
    const counts = this.#stance.weights(ordinals);
    const solution = solveLogistic({
      features,
      width,
      targets,
      weights: counts,
      classCount: this.#classCount,
      link: this.#link,
      l2: this.l2,
      warm: this.#warm,
    });
    this.#warm = solution;
    this.#applied = new Map(labels.entries());
    const weights = Float32Array.from(design.toWeights(solution.weights, this.#classCount));
    this.#logits.setHead(weights, Float32Array.from(solution.bias));
    this.#ready = true;
    const exactFit = ordinals.length * width * this.#classCount;
    if (this.#poolCost() > POOL_ALWAYS_MAX || 2 * exactFit > EXACT_FIT_MAX) {
      const importance = new Map(ordinals.map((ordinal, i) => [ordinal, counts[i]!]));
      this.#stepState(importance, Math.max(PREPARE_ROWS, changeCount));
    }
  }

  #design(ordinals: readonly number[]): Design {
    const { dim } = this.#rows;
    const standIns = this.#stance.rows(ordinals);
    if (standIns === null && spanPays(ordinals.length, dim)) return this.#spanDesign(ordinals);
    // An earlier solution is in other coordinates.
    this.#warm = undefined;
    return buildDesign(standIns ?? ordinals.map((ordinal) => this.#rows.row(ordinal)), dim);
  }

  /** The kept basis grows by new labels; it starts again when most of it belongs to labels taken back. */
  #spanDesign(ordinals: readonly number[]): Design {
    if (this.#span.basis.rank > 2 * ordinals.length + 10 || this.#span.basis.rank >= this.#rows.dim) {
      this.#span = { basis: new SpanBasis(this.#rows.dim), features: new Map() };
      this.#warm = undefined;
    }
    const { basis, features } = this.#span;
    const rows = ordinals.map((ordinal) => {
      const kept = features.get(ordinal) ?? basis.add(this.#rows.row(ordinal).slice());
      features.set(ordinal, kept);
      return kept;
    });
    return {
      features: rows,
      width: basis.rank,
      toWeights: (weights: Float64Array, classCount: number) => basis.toWeights(weights, classCount),
    };
  }

  /** One rank-one step per changed label, in ascending order. */
  #step(labels: LabelSet, changed: readonly number[], effort: 'polish' | 'step'): void {
    const importance = this.#importance(labels);
    const { updater, weights } = this.#stepState(importance);
    const p = new Float32Array(this.#classCount);
    this.#warm = undefined;
    for (const ordinal of changed) {
      const row = this.#rows.row(ordinal);
      const before = this.#applied.get(ordinal);
      const after = labels.get(ordinal);
      this.#uncalibratedInto(ordinal, p);
      const known = weights.get(ordinal);
      const counts = importance.get(ordinal) ?? 1;
      let direction: Float64Array;
      if (after === undefined) {
        direction = known === undefined ? updater.directionOf(row) : updater.remove(row, known);
        weights.delete(ordinal);
        this.#applied.delete(ordinal);
      } else {
        const weight = known ?? counts * this.#curvature(p);
        direction = known === undefined ? updater.add(row, weight) : updater.directionOf(row);
        weights.set(ordinal, weight);
        this.#applied.set(ordinal, after);
      }
      const residual = Float64Array.from(p, (value, c) => counts * ((after?.[c] ?? value) - (before?.[c] ?? value)));
      this.#logits.move(direction, residual);
    }
    if (effort === 'polish') this.#polish(labels, importance, updater);
  }

  /**
   * One Newton-like step on all labels, so that the errors of the rank-one steps do not pile up: the gradient of the
   * whole loss through the same inverse curvature. The logits of the labeled rows are at hand already.
   */
  #polish(labels: LabelSet, importance: ReadonlyMap<number, number>, updater: RankOneUpdater): void {
    const { dim } = this.#rows;
    const { l2 } = this;
    const size = dim + 1;
    const { weights, bias } = this.#logits.head();
    const gradient = new Float64Array(this.#classCount * size);
    for (let c = 0; c < this.#classCount; c++) {
      for (let j = 0; j < dim; j++) gradient[c * size + j] = l2 * weights[c * dim + j]!;
    }
    const p = new Float32Array(this.#classCount);
    for (const [ordinal, target] of labels.entries()) {
      this.#uncalibratedInto(ordinal, p);
      const row = this.#rows.row(ordinal);
      const counts = importance.get(ordinal)!;
      for (let c = 0; c < this.#classCount; c++) {
        const error = counts * (p[c]! - target[c]!);
        const at = c * size;
        for (let j = 0; j < dim; j++) gradient[at + j]! += error * row[j]!;
        gradient[at + dim]! += error;
      }
    }
    for (let c = 0; c < this.#classCount; c++) {
      if (this.#seen[c] === 0) continue;
      const step = updater.directionOf(gradient.subarray(c * size, (c + 1) * size));
      for (let j = 0; j < dim; j++) weights[c * dim + j]! -= step[j]!;
      bias[c]! -= step[dim]!;
    }
    this.#logits.setHead(weights, bias);
  }

  #importance(labels: LabelSet): Map<number, number> {
    const ordinals = labels.ordinals();
    const weights = this.#stance.weights(ordinals);
    return new Map(Array.from(ordinals, (ordinal, i) => [ordinal, weights[i]!]));
  }

  /** The inverse curvature of all labels the weights reflect; built when first needed and after the penalty changed. */
  #stepState(
    importance: ReadonlyMap<number, number>,
    rowsMax = Number.POSITIVE_INFINITY,
  ): { updater: RankOneUpdater; weights: Map<number, number> } {
    const { l2 } = this;
    if (this.#steps === undefined || this.#steps.l2 !== l2) {
      const updater = new RankOneUpdater(this.#rows.dim, l2);
      this.#steps = { updater, l2, weights: new Map() };
    }
    const { updater, weights } = this.#steps;
    for (const [ordinal, weight] of weights) {
      if (this.#applied.has(ordinal)) continue;
      updater.remove(this.#rows.row(ordinal), weight);
      weights.delete(ordinal);
    }
    const p = new Float32Array(this.#classCount);
    const missing = [...this.#applied.keys()].filter((ordinal) => !weights.has(ordinal)).sort((a, b) => a - b);
    for (const ordinal of missing.slice(0, rowsMax)) {
      this.#uncalibratedInto(ordinal, p);
      const weight = (importance.get(ordinal) ?? 1) * this.#curvature(p);
      updater.add(this.#rows.row(ordinal), weight);
      weights.set(ordinal, weight);
    }
    return this.#steps;
  }

  /** Probabilities as the fit sees them: the temperature is no part of the loss. */
  #uncalibratedInto(ordinal: number, out: Float32Array): void {
    probabilitiesInto(this.#link, this.#rows.logits, ordinal * this.#classCount, this.#classCount, 1, out);
  }

  /**
   * Curvature of the loss at an item, the same for all classes. Softmax: Boehning's bound 1/2 for an item on the
   * fence, less for a settled one; sigmoid: the mean of p (1 - p) over the classes.
   */
  #curvature(p: Float32Array): number {
    let open = 0;
    for (let c = 0; c < p.length; c++) open += p[c]! * (1 - p[c]!);
    return Math.max(CURVATURE_MIN, this.#link === 'softmax' ? open : open / p.length);
  }
}

/** The labels a learner stands on: one target row per labeled ordinal, classes by name. */
import { AppError } from '../core/errors.ts';
import type { TrainingSet } from '../heads/fit.ts';
import type { Link } from '../heads/link.ts';
import { argmax } from '../heads/metrics.ts';
import type { Rows } from './rows.ts';

/**
 * What an item was labeled: a class index; or (classes) values 0..1, a distribution for single choice (consensus of
 * several annotators) or a truth value per class for multi-label; or null to take the label back.
 */
export type Target = number | readonly number[] | null;

export class LabelSet {
  readonly link: Link;
  readonly classes: readonly string[];
  readonly #targets = new Map<number, Float32Array>();

  constructor(link: Link, classes: readonly string[]) {
    this.link = link;
    this.classes = classes;
  }

  get size(): number {
    return this.#targets.size;
  }

  has(ordinal: number): boolean {
    return this.#targets.has(ordinal);
  }

  /** (classes) values of a labeled ordinal. */
  get(ordinal: number): Float32Array | undefined {
    return this.#targets.get(ordinal);
  }

  entries(): IterableIterator<[number, Float32Array]> {
    return this.#targets.entries();
  }

  /** Labeled ordinals, ascending. */
  ordinals(): Int32Array {
    return Int32Array.from(this.#targets.keys()).sort();
  }

  /** Throws INPUT_BAD_FIELD when the target does not fit the classes; nothing is changed then. */
  set(ordinal: number, target: Target): void {
    if (target === null) this.#targets.delete(ordinal);
    else this.#targets.set(ordinal, this.#row(ordinal, target));
  }

  delete(ordinal: number): void {
    this.#targets.delete(ordinal);
  }

  /** The labels whose ordinal passes; the same set when all do. */
  restrictedTo(passes: (ordinal: number) => boolean): LabelSet {
    if ([...this.#targets.keys()].every(passes)) return this;
    const kept = new LabelSet(this.link, this.classes);
    for (const [ordinal, target] of this.#targets) if (passes(ordinal)) kept.#targets.set(ordinal, target);
    return kept;
  }

  /** (classes) 1 where at least one label uses the class. */
  seen(): Uint8Array {
    const seen = new Uint8Array(this.classes.length);
    for (const target of this.#targets.values()) for (let c = 0; c < seen.length; c++) if (target[c]! > 0) seen[c] = 1;
    return seen;
  }

  /** Is there anything to tell apart: two classes, or for multi-label two different answers? */
  get contrasting(): boolean {
    const used = this.seen().reduce((sum, one) => sum + one, 0);
    if (this.link === 'softmax' || used === 0) return used >= 2;
    const [first, ...others] = this.#targets.values();
    return others.some((target) => target.some((value, c) => value !== first![c]));
  }

  /** The same labels under other classes, matched by name; a label without a class left is dropped. */
  underClasses(classes: readonly string[]): LabelSet {
    const next = new LabelSet(this.link, classes);
    const from = classes.map((name) => this.classes.indexOf(name));
    for (const [ordinal, target] of this.#targets) {
      const moved = from.map((c) => (c < 0 ? 0 : target[c]!));
      const mass = moved.reduce((sum, v) => sum + v, 0);
      if (mass > 0) {
        next.set(
          ordinal,
          moved.map((v) => (this.link === 'softmax' ? v / mass : v)),
        );
      } else if (this.link === 'sigmoid' && target.every((v) => v === 0)) next.set(ordinal, moved);
    }
    return next;
  }

  #row(ordinal: number, target: number | readonly number[]): Float32Array {
    const row = new Float32Array(this.classes.length);
    if (typeof target === 'number') {
      if (!Number.isInteger(target) || target < 0 || target >= row.length) throw misfit(ordinal, row.length);
      row[target] = 1;
      return row;
    }
    const fits = target.length === row.length && target.every((v) => v >= 0 && v <= 1);
    const mass = target.reduce((sum, v) => sum + v, 0);
    if (!fits || (this.link === 'softmax' && mass <= 0)) throw misfit(ordinal, row.length);
    row.set(this.link === 'softmax' ? target.map((v) => v / mass) : target);
    return row;
  }
}

/** The likeliest class of a target row. */
export function classOfTarget(target: Float32Array): number {
  return argmax(target, 0, target.length);
}

/** Labeled rows copied out of the pool, as a fit wants them. Every label has to have its row. */
export function trainingSetOf(
  labels: LabelSet,
  rows: Rows,
  weigh: (ordinals: readonly number[]) => Float32Array,
): TrainingSet {
  const ordinals = [...labels.ordinals()];
  const { dim } = rows;
  const classCount = labels.classes.length;
  const gathered = new Float32Array(ordinals.length * dim);
  const targets = new Float32Array(ordinals.length * classCount);
  for (const [i, ordinal] of ordinals.entries()) {
    gathered.set(rows.row(ordinal), i * dim);
    targets.set(labels.get(ordinal)!, i * classCount);
  }
  return {
    link: labels.link,
    classes: labels.classes,
    dim,
    rows: gathered,
    targets,
    weights: weigh(ordinals),
    ordinals,
  };
}

function misfit(ordinal: number, classCount: number): AppError {
  return new AppError('INPUT_BAD_FIELD', `The label of row ${ordinal} does not fit ${classCount} classes.`, {
    details: { ordinal, classCount },
  });
}

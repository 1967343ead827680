/** A trained head as plain data, and what it says about rows. */
import { AppError } from '../core/errors.ts';
import { type Link, probabilitiesInto } from './link.ts';

/** Linear classifier on frozen, unit-norm embeddings. Immutable. */
export interface Head {
  readonly link: Link;
  /** Names of the classes, in the order of the weights. */
  readonly classes: readonly string[];
  /** Length of an embedding row. */
  readonly dim: number;
  /** (classes x dim), class by class. */
  readonly weights: Float32Array;
  /** (classes); UNSEEN_LOGIT where no training item had the class. */
  readonly bias: Float32Array;
  /** Logits are divided by it before they become probabilities. */
  readonly temperature: number;
  /** Weight penalty it was fitted with (1 / C of scikit-learn). */
  readonly l2: number;
  /** Ordinals of the training items, ascending. */
  readonly trainedOn: readonly number[];
}

/** Probabilities (n x classes) of `rows` (n x dim), 0..1. Throws BACKEND_BAD_OUTPUT when the length does not fit. */
export function predict(head: Head, rows: Float32Array): Float32Array {
  const logits = predictLogits(head, rows);
  const classCount = head.classes.length;
  for (let at = 0; at < logits.length; at += classCount) {
    probabilitiesInto(head.link, logits, at, classCount, 1 / head.temperature, logits, at);
  }
  return logits;
}

/** Logits (n x classes) of `rows` (n x dim), before the temperature. */
export function predictLogits(head: Head, rows: Float32Array): Float32Array {
  const { dim, weights, bias } = head;
  if (rows.length % dim !== 0) {
    throw new AppError('BACKEND_BAD_OUTPUT', `${rows.length} values are no rows of ${dim}.`);
  }
  const classCount = head.classes.length;
  const n = rows.length / dim;
  const logits = new Float32Array(n * classCount);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < classCount; c++) {
      let sum = bias[c]!;
      for (let j = 0; j < dim; j++) sum += rows[i * dim + j]! * weights[c * dim + j]!;
      logits[i * classCount + c] = sum;
    }
  }
  return logits;
}

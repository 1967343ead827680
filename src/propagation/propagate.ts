/** One label, many look-alikes: run the methods, choose by evidence, open the gate only as far as it holds. */
import { atShare, drained } from '../core/steps.ts';
import { type Choice, chooseMethod } from './choose.ts';
import { type CrossFitOptions, crossFitSteps } from './cross-fit.ts';
import { type Gate, openGate } from './gate.ts';
import { methodSteps } from './methods/methods.ts';
import type { PropagationPool } from './pool.ts';
import type { Seeds } from './seeds.ts';
import { NOTHING_VERIFIED, type Verified } from './verified.ts';

export interface Propagation {
  readonly choice: Choice;
  readonly gate: Gate;
}

/** `methods`: those that may be chosen; default all. */
export type PropagateOptions = CrossFitOptions;

/** Fewer verified items promise nothing, so they are not folded: they only choose the method. */
const FOLD_MIN = 30;

/**
 * Spreads `seeds` over the pool and says which items may be labeled. `verified`: labeled items of the random slice, none
 * of them a seed, in random order; from 30 on they teach as well, each checked by a spread that did not see it. Without
 * any, Poisson learning is shown and nothing is accepted. Deterministic. Throws INPUT_BAD_FIELD for seeds or verified
 * items that do not fit the pool.
 *
 *     const pool = preparePool(new KernelHeap({ bytes: 64 << 20 }), rows, dim);
 *     const { choice, gate } = propagate(pool, { classCount: 2, items: [4, 9], classes: [0, 1] }, verified);
 *     gate.accepted;            // items that may become votes, with gate.labels[item]
 *     gate.more?.random;        // or how many more answers would help
 */
export function propagate(
  pool: PropagationPool,
  seeds: Seeds,
  verified: Verified = NOTHING_VERIFIED,
  options: PropagateOptions = {},
): Propagation {
  return drained(propagateSteps(pool, seeds, verified, options));
}

/** The same in steps, each at most a method on all items; yields the share that is done, 0..1. */
export function* propagateSteps(
  pool: PropagationPool,
  seeds: Seeds,
  verified: Verified,
  options: PropagateOptions = {},
): Generator<number, Propagation> {
  if (verified.items.length >= FOLD_MIN) return yield* crossFitSteps(pool, seeds, verified, options);
  const spreads = yield* atShare(methodSteps(pool, seeds, options.methods), 0);
  const choice = chooseMethod(spreads, verified);
  return { choice, gate: openGate(choice.spread, verified, seeds.items, options) };
}

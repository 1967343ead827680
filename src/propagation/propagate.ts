/** One label, many look-alikes: run the methods, choose by evidence, open the gate only as far as it holds. */
import { type Choice, chooseMethod } from './choose.ts';
import { type Gate, type GateOptions, openGate } from './gate.ts';
import { type MethodName, runMethods } from './methods/methods.ts';
import type { PropagationPool } from './pool.ts';
import type { Seeds } from './seeds.ts';
import { NOTHING_VERIFIED, type Verified } from './verified.ts';

export interface Propagation {
  readonly choice: Choice;
  readonly gate: Gate;
}

export interface PropagateOptions extends GateOptions {
  /** Methods that may be chosen; default all. */
  readonly methods?: readonly MethodName[];
}

/**
 * Spreads `seeds` over the pool and says which items may be labeled. `verified`: items of the random slice, none of
 * them a seed. Without any, Poisson learning is shown and nothing is accepted. Deterministic. Throws INPUT_BAD_FIELD
 * for seeds or verified items that do not fit the pool.
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
  const choice = chooseMethod(runMethods(pool, seeds, options.methods), verified);
  const stage = { ...verified, floor: Number.NEGATIVE_INFINITY };
  return { choice, gate: openGate(choice.spread, [stage], seeds.items, options) };
}

/** Which method to believe: the one that is right most often on verified items, with the evidence laid open. */
import { type Interval, wilsonInterval } from '../core/intervals.ts';
import type { MethodName } from './methods/methods.ts';
import { labelsOf, type Spread } from './methods/spread.ts';
import { correctShares, testShares } from './shares.ts';
import { checkVerified, type Verified } from './verified.ts';

export interface MethodEvidence {
  readonly method: MethodName;
  /** Class shares pulled to those of the verified items, because a chi-square test rejected the predicted ones. */
  readonly corrected: boolean;
  /** Verified items it is right on, of `total`; the interval is Wilson's, 95 %. */
  readonly right: number;
  readonly total: number;
  readonly interval: Interval;
}

export interface Choice {
  readonly method: MethodName;
  readonly corrected: boolean;
  readonly spread: Spread;
  /** Best first. Without verified items nothing tells the methods apart: then only what was taken. */
  readonly evidence: readonly MethodEvidence[];
}

/** A method that ranks first without evidence: the best single one with one label per class on four of six sets. */
export const FIRST_METHOD: MethodName = 'poisson';

/**
 * Chooses among spreads of the same pool by accuracy on `verified` items, which must not be among the seeds; equal ones
 * by their order in `spreads`. Corrected shares compete where the test rejects the predicted ones. With nothing verified
 * the first method is taken, or FIRST_METHOD where present. Throws INPUT_BAD_FIELD for bad verified items.
 */
export function chooseMethod(spreads: ReadonlyMap<MethodName, Spread>, verified: Verified): Choice {
  const candidates = [...spreads].flatMap(([method, spread]) => {
    checkVerified(verified, spread);
    return variants(method, spread, verified);
  });
  const judged = candidates.map((candidate) => ({ ...candidate, evidence: judge(candidate, verified) }));
  if (verified.items.length > 0) judged.sort((a, b) => b.evidence.right - a.evidence.right);
  const first = judged.find((one) => one.method === FIRST_METHOD) ?? judged[0]!;
  const best = verified.items.length > 0 ? judged[0]! : first;
  const evidence = verified.items.length > 0 ? judged.map((one) => one.evidence) : [best.evidence];
  return { method: best.method, corrected: best.corrected, spread: best.spread, evidence };
}

interface Candidate {
  readonly method: MethodName;
  readonly corrected: boolean;
  readonly spread: Spread;
}

function variants(method: MethodName, spread: Spread, verified: Verified): Candidate[] {
  const plain = { method, corrected: false, spread };
  if (verified.items.length === 0 || !testShares(spread, verified).rejected) return [plain];
  return [plain, { method, corrected: true, spread: correctShares(spread, verified) }];
}

function judge({ method, corrected, spread }: Candidate, { items, classes }: Verified): MethodEvidence {
  const labels = labelsOf(spread);
  let right = 0;
  for (let v = 0; v < items.length; v++) if (labels[items[v]!] === classes[v]) right++;
  return { method, corrected, right, total: items.length, interval: wilsonInterval(right, items.length) };
}

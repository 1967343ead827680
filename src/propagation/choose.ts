/** Which method to believe: the one that is right most often on verified items, with the evidence laid open. */
import { type Interval, wilsonInterval } from '../core/intervals.ts';
import { withAgreement } from './methods/ensemble.ts';
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

/** Three unlike views of a pool (graph, clusters, classifier), whose agreement becomes the confidence of the choice. */
export const VIEWS: readonly MethodName[] = ['poisson', 'kmeans', 'smoothed_head'];

/**
 * Corrected shares were fitted to the items that judge them: they must win by more than twice the standard error of
 * the items on which both differ (McNemar).
 */
const CORRECTION_Z = 2;

/**
 * Chooses among spreads of the same pool by accuracy on `verified` items, which must not be among the seeds; equal ones
 * by their order in `spreads`. Where a test rejects a method's class shares, the same method with corrected ones competes.
 * With nothing verified FIRST_METHOD is taken, or the first where it is absent. The confidence of the chosen spread is
 * how far it agrees with poisson, kmeans and smoothed_head, as far as they are among `spreads`. Throws INPUT_BAD_FIELD
 * for bad verified items.
 */
export function chooseMethod(spreads: ReadonlyMap<MethodName, Spread>, verified: Verified): Choice {
  const candidates = [...spreads].flatMap(([method, spread]) => {
    checkVerified(verified, spread);
    return variants(method, spread, verified);
  });
  const judged = candidates.map((candidate) => ({ ...candidate, evidence: judge(candidate, verified) }));
  const known = verified.items.length > 0;
  if (known) judged.sort((a, b) => b.evidence.right - a.evidence.right);
  const { method, corrected, spread } =
    (known ? judged.find((one) => !one.corrected || clearlyBetter(one, judged, verified)) : undefined) ??
    judged.find((one) => one.method === FIRST_METHOD) ??
    judged[0]!;
  const shown = judged.filter((one) => known || one.spread === spread);
  return { method, corrected, spread: agreed(method, spread, spreads), evidence: shown.map((one) => one.evidence) };
}

/** The spread with its agreement with the other views as confidence. */
export function agreed(method: MethodName, spread: Spread, spreads: ReadonlyMap<MethodName, Spread>): Spread {
  return withAgreement(
    spread,
    VIEWS.flatMap((view) => (view === method ? [] : (spreads.get(view) ?? []))),
  );
}

/** Against the best method whose shares were left alone. */
function clearlyBetter(one: Candidate, all: readonly Candidate[], { items, classes }: Verified): boolean {
  const rival = all.find((other) => !other.corrected)!;
  const [ours, theirs] = [labelsOf(one.spread), labelsOf(rival.spread)];
  let [won, lost] = [0, 0];
  for (let v = 0; v < items.length; v++) {
    const [a, b] = [ours[items[v]!] === classes[v], theirs[items[v]!] === classes[v]];
    if (a && !b) won++;
    if (b && !a) lost++;
  }
  return won - lost > CORRECTION_Z * Math.sqrt(won + lost);
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
  return evidenceOf(method, corrected, right, items.length);
}

export function evidenceOf(method: MethodName, corrected: boolean, right: number, total: number): MethodEvidence {
  return { method, corrected, right, total, interval: wilsonInterval(right, total) };
}

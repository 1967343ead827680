/**
 * Verified items that teach and check at once. Each fold of them is predicted by a spread that learned from the labels
 * and from all other folds; what is right there is evidence, and the final spread learns from everything. It knows more
 * than any fold's did, so a share of surest predictions that kept the promise in the folds keeps it here.
 * Stone, "Cross-validatory choice and assessment of statistical predictions" (1974), over semi-supervised methods.
 */
import { atShare } from '../core/steps.ts';
import { agreed, type Choice, evidenceOf, type MethodEvidence, VIEWS } from './choose.ts';
import {
  type Check,
  candidatesOf,
  checksOf,
  type Gate,
  type GateOptions,
  gateOn,
  gateWithRegion,
  type SecondStage,
} from './gate.ts';
import { METHOD_NAMES, type MethodName, methodSteps } from './methods/methods.ts';
import { labelsOf, type Spread } from './methods/spread.ts';
import type { PropagationPool } from './pool.ts';
import { type BulkLabels, speakingForRest } from './remaining.ts';
import type { Seeds } from './seeds.ts';
import { correctShares, testShares } from './shares.ts';
import { checkVerified, NOTHING_VERIFIED, type Verified } from './verified.ts';

const FOLDS = 5;

export interface CrossFitOptions extends GateOptions {
  readonly methods?: readonly MethodName[];
  /** Items verified inside a region that was fixed before: they teach as well, and check inside of it. */
  readonly second?: SecondStage;
  /** Seeds that were labeled in bulk: what is left without them is checked by what resembles it. */
  readonly bulk?: BulkLabels;
}

/** One way of predicting: a method, with the class shares of the verified items or its own. */
interface Way {
  readonly method: MethodName;
  readonly corrected: boolean;
}

/**
 * Chooses the method and opens the gate. `verified` must be drawn at random and hold no seed; fewer than five of them
 * cannot be folded. Yields the share that is done, 0..1. Confidences of the chosen spread are ranks: the share of the candidates that are less sure, 0..1.
 */
export function* crossFitSteps(
  pool: PropagationPool,
  seeds: Seeds,
  verified: Verified,
  options: CrossFitOptions = {},
): Generator<number, { readonly choice: Choice; readonly gate: Gate }> {
  const { methods = METHOD_NAMES, second = NO_SECOND } = options;
  const answered = joined(verified, second);
  const ways = methods.flatMap((method): Way[] => [
    { method, corrected: false },
    { method, corrected: true },
  ]);
  const checks = ways.map((): Check[] => []);
  const inside = ways.map((): Check[] => []);
  const folds = Math.min(FOLDS, verified.items.length);
  const different = new Set<MethodName>();
  for (let fold = 0; fold < folds; fold++) {
    const others = (v: number): boolean => v % folds !== fold;
    const learned = part(verified, others);
    const taught = joined(learned, part(second, others));
    const [held, heldInside] = [part(verified, (v) => !others(v)), part(second, (v) => !others(v))];
    const fit = methodSteps(pool, withLabels(seeds, taught), withViews(methods));
    const spreads = yield* atShare(fit, fold / (folds + 1));
    if (fold === 0) checkVerified(answered, spreads.get(methods[0]!)!);
    for (const [w, way] of ways.entries()) {
      yield (fold + 1) / (folds + 1);
      const spread = spreadOf(way, spreads, learned);
      if (way.corrected && spread === spreads.get(way.method)) continue;
      if (way.corrected) different.add(way.method);
      const judged = ranked(agreed(way.method, spread, spreads), seeds, answered);
      checks[w]!.push(...checksOf(judged, held));
      inside[w]!.push(...checksOf(judged, heldInside));
    }
  }
  const total = verified.items.length;
  const judged = ways
    .map((way, w) => ({
      way,
      checks: checks[w]!,
      inside: inside[w]!,
      right: checks[w]!.filter((check) => check.right).length,
    }))
    // A correction that most folds did not ask for was judged on too few items.
    .filter(({ way, checks }) => !way.corrected || (different.has(way.method) && checks.length > 0.9 * total))
    .sort((a, b) => b.right - a.right);
  const { way, checks: all, inside: chosenInside } = judged[0]!;
  const { bulk } = options;
  const speaking = bulk && speakingForRest(pool.graph, seeds.items, verified, bulk);
  const chosen = speaking ? all.filter(({ item }) => speaking.has(item)) : all;
  const last = methodSteps(pool, withLabels(seeds, answered), withViews([way.method]));
  const spreads = yield* atShare(last, folds / (folds + 1));
  const spread = ranked(agreed(way.method, spreadOf(way, spreads, verified), spreads), seeds, answered);
  const evidence: MethodEvidence[] = judged.map((one) =>
    evidenceOf(one.way.method, one.way.corrected, one.right, total),
  );
  const candidates = candidatesOf(labelsOf(spread), [seeds.items, answered.items]);
  const gate =
    second.region.size === 0
      ? gateOn(spread, chosen, candidates, options)
      : gateWithRegion(spread, chosen, { region: second.region, checks: chosenInside }, candidates, options);
  return { choice: { ...way, spread, evidence }, gate };
}

const NO_SECOND: SecondStage = { ...NOTHING_VERIFIED, region: new Set() };

function joined(a: Verified, b: Verified): Verified {
  return {
    items: [...Array.from(a.items), ...Array.from(b.items)],
    classes: [...Array.from(a.classes), ...Array.from(b.classes)],
  };
}

function part({ items, classes }: Verified, keep: (v: number) => boolean): Verified {
  const places = Array.from({ length: items.length }, (_, v) => v).filter(keep);
  return { items: places.map((v) => items[v]!), classes: places.map((v) => classes[v]!) };
}

function withLabels({ classCount, items, classes }: Seeds, { items: more, classes: theirs }: Verified): Seeds {
  return {
    classCount,
    items: [...Array.from(items), ...Array.from(more)],
    classes: [...Array.from(classes), ...Array.from(theirs)],
  };
}

function withViews(methods: readonly MethodName[]): MethodName[] {
  return [...new Set([...methods, ...VIEWS])];
}

/** The method's own spread where a test does not reject its class shares. */
function spreadOf(way: Way, spreads: ReadonlyMap<MethodName, Spread>, learned: Verified): Spread {
  const own = spreads.get(way.method)!;
  return way.corrected && testShares(own, learned).rejected ? correctShares(own, learned) : own;
}

/** Confidence as the share of the candidates that are less sure: comparable between spreads that know more or less. */
function ranked(spread: Spread, seeds: Seeds, verified: Verified): Spread {
  const candidates = candidatesOf(labelsOf(spread), [seeds.items, verified.items]);
  const rising = Float32Array.from(candidates, (i) => spread.confidence[i]!).sort();
  const confidence = spread.confidence.map((value) => {
    let [low, high] = [0, rising.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rising[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low / Math.max(1, rising.length);
  });
  return { ...spread, confidence };
}

/** The gate: which predictions may become votes under a promised precision, and what it would take to promise more. */
import { isAtLeast, lowerBound, upperBound } from './clopper-pearson.ts';
import { labelsOf, type Spread } from './methods/spread.ts';
import { plattFloor } from './platt.ts';
import { checkVerified, type Verified } from './verified.ts';

export interface GateOptions {
  /** Precision promised, 0..1. Default 0.95. */
  readonly target?: number;
  /** One-sided confidence of the bound, 0..1. Default 0.8. */
  readonly level?: number;
}

/** How a threshold was found, and what stands behind it. */
export interface GateEvidence {
  /** Exact bound with 100 verified items or more, a Platt fit with 30 or more, else nothing. */
  readonly rule: 'clopper-pearson' | 'platt' | 'too-few';
  /** Verified items at or above the threshold, and how many of them are right. */
  readonly right: number;
  readonly total: number;
  /** Their lower bound at the level asked for; 0 without items. */
  readonly bound: number;
}

export interface Gate {
  /** Items to label, ascending: neither verified nor excluded, sure enough for their label. */
  readonly accepted: Int32Array;
  /** (n) predicted label of every item, -1 where the method says nothing. */
  readonly labels: Int32Array;
  /** Share of the candidates that is accepted, 0..1. */
  readonly coverage: number;
  /** (classCount) smallest confidence accepted for the label; Infinity where nothing is. */
  readonly floors: Float64Array;
  readonly evidence: GateEvidence;
  /** Labels with a threshold of their own, and labels withheld because their own verified items speak against them. */
  readonly ownFloor: readonly number[];
  readonly withheld: readonly number[];
  /** What would widen the gate; null where the predictions themselves are not good enough. */
  readonly more: MoreVerified | null;
  /** Verified predictions, surest first. */
  readonly checks: readonly Check[];
}

export interface MoreVerified {
  /** Further random items to verify until the bound would hold, if they are right as often as those so far. */
  readonly random: number;
  /** The same, drawn only inside the tentative region: candidates of at least `floor`. */
  readonly inRegion: number;
  readonly floor: number;
}

/** A region that was fixed before anything in it was asked about (`planSecondStage`), and what was asked there since. */
export interface SecondStage extends Verified {
  /** Items of the region, those among the verified ones included. */
  readonly region: ReadonlySet<number>;
}

/** Below 100 items the exact bound accepts little; below 30 nothing can be promised at all. */
const EXACT_MIN = 100;
const PLATT_MIN = 30;
/** So many verified predictions of one label stand on their own. */
const LABEL_MIN = 150;
/** So few accepted ones are enough to withhold a label that is clearly worse than promised. */
const WITHHOLD_MIN = 20;
/** Planning beyond this many verified items helps nobody. */
const PLAN_MAX = 5_000;

/**
 * Accepts the surest predictions whose precision on verified items is at least `target` by Clopper and Pearson's
 * one-sided bound: the longest prefix of the verified items, by falling confidence, that keeps it. Labels are pooled;
 * a label with 150 verified predictions has its own prefix. Nothing accepted is a proper answer.
 *
 * `excluded`: items that people labeled. Throws INPUT_BAD_FIELD for verified items that do not exist.
 */
export function openGate(
  spread: Spread,
  verified: Verified,
  excluded: ArrayLike<number>,
  options: GateOptions = {},
): Gate {
  checkVerified(verified, spread);
  const labels = labelsOf(spread);
  return gateOn(spread, checksOf(spread, verified), candidatesOf(labels, [excluded, verified.items]), options);
}

/** The gate on predictions that were checked already, in any order; `candidates`: items that may be accepted, ascending. */
export function gateOn(
  spread: Spread,
  checked: readonly Check[],
  candidates: Int32Array,
  options: GateOptions = {},
  exactMin = EXACT_MIN,
): Gate {
  const { target = 0.95, level = 0.8 } = options;
  const labels = labelsOf(spread);
  const checks = [...checked].sort((a, b) => b.confidence - a.confidence);
  const pledge = { target, level };
  const pooled = floorOf(checks, spread, candidates, pledge, exactMin);
  const floors = new Float64Array(spread.classCount).fill(pooled.floor);
  const ownFloor = ownFloors(checks, floors, pledge);
  const withheld = withhold(checks, floors, pledge);
  const accepted = candidates.filter((i) => spread.confidence[i]! >= floors[labels[i]!]!);
  const inside = checks.filter((check) => check.confidence >= floors[check.label]!);
  return {
    accepted,
    labels,
    coverage: candidates.length > 0 ? accepted.length / candidates.length : 0,
    floors,
    evidence: { rule: pooled.rule, ...summary(inside, level) },
    ownFloor,
    withheld,
    more: planMore(checks, pledge),
    checks,
  };
}

/**
 * The gate with a second stage: what the random checks alone let through, or, where that is more, what passes inside the
 * region by all checks inside it. The region was fixed before, so both samples are random there, and only there.
 */
export function gateWithRegion(
  spread: Spread,
  random: readonly Check[],
  second: { readonly region: ReadonlySet<number>; readonly checks: readonly Check[] },
  candidates: Int32Array,
  options: GateOptions = {},
): Gate {
  const { region } = second;
  const whole = gateOn(spread, random, candidates, options);
  const checks = [...random.filter((check) => region.has(check.item)), ...second.checks];
  const own = candidates.filter((i) => region.has(i));
  const inside = gateOn(spread, checks, own, options, 1);
  if (inside.accepted.length <= whole.accepted.length) {
    // Further answers inside count together with those that are there.
    const inRegion = inside.more?.random ?? whole.more?.inRegion ?? 0;
    return { ...whole, more: whole.more && { ...whole.more, inRegion } };
  }
  return { ...inside, coverage: inside.accepted.length / candidates.length, more: whole.more, checks: whole.checks };
}

/** One verified prediction. */
export interface Check {
  readonly item: number;
  readonly label: number;
  readonly confidence: number;
  readonly right: boolean;
}

interface Pledge {
  readonly target: number;
  readonly level: number;
}

/** Predictions that a method did not make are not checked. */
export function checksOf(spread: Spread, { items, classes }: Verified): Check[] {
  const labels = labelsOf(spread);
  return Array.from(items, (item, v) => {
    const label = labels[item]!;
    return { item, label, confidence: spread.confidence[item]!, right: label === classes[v] };
  }).filter((check) => check.label >= 0);
}

/** Items about which a method says something, without those that people labeled. */
export function candidatesOf(labels: Int32Array, excluded: readonly ArrayLike<number>[]): Int32Array {
  const taken = new Uint8Array(labels.length);
  for (const list of excluded) {
    for (let v = 0; v < list.length; v++) taken[list[v]!] = 1;
  }
  const free: number[] = [];
  for (let i = 0; i < labels.length; i++) if (!taken[i] && labels[i]! >= 0) free.push(i);
  return Int32Array.from(free);
}

function floorOf(
  checks: readonly Check[],
  spread: Spread,
  candidates: Int32Array,
  pledge: Pledge,
  exactMin: number,
): { floor: number; rule: GateEvidence['rule'] } {
  if (checks.length >= exactMin) return { floor: exactFloor(checks, pledge), rule: 'clopper-pearson' };
  if (checks.length < PLATT_MIN) return { floor: Number.POSITIVE_INFINITY, rule: 'too-few' };
  const confidences = Float32Array.from(candidates, (i) => spread.confidence[i]!);
  return { floor: plattFloor(checks, confidences, pledge.target), rule: 'platt' };
}

/** Confidence at the end of the longest prefix that keeps the promise; Infinity when none does. */
function exactFloor(checks: readonly Check[], { target, level }: Pledge): number {
  let floor = Number.POSITIVE_INFINITY;
  for (const { right, total, confidence } of prefixes(checks)) {
    if (isAtLeast(target, right, total, level)) floor = confidence;
  }
  return floor;
}

interface Prefix {
  readonly right: number;
  readonly total: number;
  readonly confidence: number;
}

/** Prefixes end only where confidence changes. */
function prefixes(checks: readonly Check[]): Prefix[] {
  const found: Prefix[] = [];
  let right = 0;
  for (const [at, check] of checks.entries()) {
    if (check.right) right++;
    if (checks[at + 1]?.confidence === check.confidence) continue;
    found.push({ right, total: at + 1, confidence: check.confidence });
  }
  return found;
}

function ownFloors(checks: readonly Check[], floors: Float64Array, pledge: Pledge): number[] {
  const own: number[] = [];
  for (let c = 0; c < floors.length; c++) {
    const mine = checks.filter((check) => check.label === c);
    if (mine.length < LABEL_MIN) continue;
    floors[c] = exactFloor(mine, pledge);
    own.push(c);
  }
  return own;
}

function withhold(checks: readonly Check[], floors: Float64Array, { target, level }: Pledge): number[] {
  const withheld: number[] = [];
  for (let c = 0; c < floors.length; c++) {
    const inside = checks.filter((check) => check.label === c && check.confidence >= floors[c]!);
    const right = inside.filter((check) => check.right).length;
    if (inside.length < WITHHOLD_MIN || upperBound(right, inside.length, level) >= target) continue;
    floors[c] = Number.POSITIVE_INFINITY;
    withheld.push(c);
  }
  return withheld;
}

function summary(inside: readonly Check[], level: number): Omit<GateEvidence, 'rule'> {
  const right = inside.filter((check) => check.right).length;
  return { right, total: inside.length, bound: lowerBound(right, inside.length, level) };
}

/** The prefix that could be promised with the fewest further items, from the share of right ones so far (Jeffreys). */
function planMore(checks: readonly Check[], pledge: Pledge): MoreVerified | null {
  let best: MoreVerified | null = null;
  for (const { right, total, confidence } of prefixes(checks)) {
    if (isAtLeast(pledge.target, right, total, pledge.level)) continue;
    const needed = itemsNeeded((right + 0.5) / (total + 1), pledge);
    if (needed === null) continue;
    const inRegion = Math.max(1, needed - total);
    const random = Math.ceil((inRegion * checks.length) / total);
    if (best === null || random < best.random) best = { random, inRegion, floor: confidence };
  }
  return best;
}

/** Smallest sample at which a share of right items would keep the pledge. */
function itemsNeeded(share: number, { target, level }: Pledge): number | null {
  const holds = (n: number): boolean => isAtLeast(target, Math.round(share * n), n, level);
  if (share <= target || !holds(PLAN_MAX)) return null;
  let [low, high] = [1, PLAN_MAX];
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

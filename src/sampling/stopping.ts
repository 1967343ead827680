/** When further labels change little: agreement of successive heads on the same unlabeled items, as advice only. */

/** What one head said about a fixed set of items; the same items in the same order each time. */
export interface StopCheck {
  /** Labels it was trained on. */
  readonly labels: number;
  /** (n) class per item. */
  readonly said: ArrayLike<number>;
}

/** Two successive heads on the same items. */
export interface Agreement {
  readonly fromLabels: number;
  readonly toLabels: number;
  /** Items both answered. */
  readonly items: number;
  /** Cohen's kappa, at most 1. Bloodgood and Vijay-Shanker, "A method for stopping active learning" (2009). */
  readonly kappa: number;
  /** Predicted change of macro F1, 0..1. Altschuler and Bloodgood, "Stopping active learning based on predicted change of F measure" (2019). */
  readonly deltaF: number;
  /** Share of items whose class changed, 0..1. Zhu, Wang and Hovy, "Learning a stopping criterion" (2008). */
  readonly changed: number;
}

export interface StopAdvice {
  /** `early`: not enough windows to say. */
  readonly state: 'early' | 'continue' | 'stop';
  /** For people; advice, never an act. */
  readonly sentence: string;
  /** Oldest first. */
  readonly agreements: readonly Agreement[];
}

/**
 * All three have to hold over this many windows in a row. Kappa and windows as published; the other two are our own, not
 * measured: at 0.005 a single change among 200 tasks would already say "go on".
 */
const WINDOWS = 3;
const KAPPA_MIN = 0.99;
const DELTA_F_MAX = 0.01;
const CHANGED_MAX = 0.01;

/** `checks`: oldest first. Two checks under different labels make one window; an empty set of items is no evidence. */
export function stopAdvice(checks: readonly StopCheck[]): StopAdvice {
  const agreements = checks.slice(1).map((check, i) => agreementOf(checks[i]!, check));
  return { ...judge(agreements.filter((one) => one.items > 0)), agreements };
}

function judge(agreements: readonly Agreement[]): Pick<StopAdvice, 'state' | 'sentence'> {
  const recent = agreements.slice(-WINDOWS);
  if (recent.length < WINDOWS) {
    const missing = WINDOWS - recent.length;
    const sentence = `Too early to say: ${missing} more ${missing === 1 ? 'training' : 'trainings'} to compare.`;
    return { state: 'early', sentence };
  }
  const worst = (of: (one: Agreement) => number): number => Math.max(...recent.map(of));
  const changed = worst((one) => one.changed);
  const calm =
    worst((one) => -one.kappa) <= -KAPPA_MIN && worst((one) => one.deltaF) <= DELTA_F_MAX && changed <= CHANGED_MAX;
  const labels = recent.at(-1)!.toLabels - recent[0]!.fromLabels;
  const moved = `the last ${WINDOWS} trainings, ${labels} labels, changed at most ${percent(changed)} of the labels proposed`;
  return calm
    ? { state: 'stop', sentence: `Consider stopping: ${moved}.` }
    : { state: 'continue', sentence: `Keep labeling: ${moved}, and up to ${percent(CHANGED_MAX)} counts as settled.` };
}

/** Throws nothing; items beyond the shorter answer are left out. */
export function agreementOf(before: StopCheck, after: StopCheck): Agreement {
  const items = Math.min(before.said.length, after.said.length);
  const first = new Map<number, number>();
  const second = new Map<number, number>();
  const both = new Map<number, number>();
  let same = 0;
  for (let i = 0; i < items; i++) {
    const [a, b] = [before.said[i]!, after.said[i]!];
    first.set(a, (first.get(a) ?? 0) + 1);
    second.set(b, (second.get(b) ?? 0) + 1);
    if (a !== b) continue;
    both.set(a, (both.get(a) ?? 0) + 1);
    same++;
  }
  const classes = [...new Set([...first.keys(), ...second.keys()])];
  const expected = classes.reduce((sum, c) => sum + ((first.get(c) ?? 0) * (second.get(c) ?? 0)) / items ** 2, 0);
  const observed = items === 0 ? 1 : same / items;
  const overlaps = classes.map((c) => (2 * (both.get(c) ?? 0)) / ((first.get(c) ?? 0) + (second.get(c) ?? 0)));
  return {
    fromLabels: before.labels,
    toLabels: after.labels,
    items,
    // One class for everything, both times: chance agrees as much as the heads do, and nothing has changed.
    kappa: expected >= 1 || items === 0 ? 1 : (observed - expected) / (1 - expected),
    deltaF: overlaps.length === 0 ? 0 : 1 - overlaps.reduce((sum, f) => sum + f, 0) / overlaps.length,
    changed: 1 - observed,
  };
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

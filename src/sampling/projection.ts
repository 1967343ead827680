/** Where the learning curve goes: a power law behind blind answers, and how many more labels it asks for. */

/** Blind suggestions that were held against an answer while so many labels were there. */
export interface CurvePoint {
  readonly labels: number;
  readonly hits: number;
  readonly n: number;
}

/** Median and 80 % credible interval. */
export interface Estimate {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Projection {
  /** Accuracy asked for, 0..1. */
  readonly goal: number;
  /** Accuracy with the labels of now, 0..1. */
  readonly accuracy: Estimate;
  /** Labels still missing to the goal; Infinity where the curve may never get there. */
  readonly moreLabels: Estimate;
  readonly sentence: string;
}

/** With fewer blind answers the interval would span everything. */
const ANSWERS_MIN = 30;
/** Labels until the error starts to fall: a power law has no value at zero. */
const OFFSET = 10;
/** More labels than this are as good as never. */
const LABELS_MAX = 10_000;
const BINS_MAX = 40;
/** Coarse enough for a few milliseconds, fine enough that more steps move no quantile by much. */
const STEPS = { start: 18, speed: 12, floor: 14 } as const;
/** Slower curves than this cannot be told from a floor. */
const SPEED_MIN = 0.3;
const SPEED_MAX = 1.8;
const FLOOR_MAX = 0.5;

/** error(n) = floor + (start - floor) ((n + OFFSET) / OFFSET)^-speed. */
interface Law {
  readonly start: number;
  readonly speed: number;
  readonly floor: number;
}

/**
 * Fits error = floor + (start - floor)(1 + n / 10)^-speed to the blind answers: the posterior over a grid of laws under
 * a prior that favours low floors, no randomness. `now`: labels of today. null with fewer than 30 answers.
 * Learning curves follow power laws with a floor: Hestness et al., "Deep learning scaling is predictable" (2017).
 */
export function projectCurve(points: readonly CurvePoint[], goal: number, now: number): Projection | null {
  const answers = points.reduce((sum, point) => sum + point.n, 0);
  if (answers < ANSWERS_MIN) return null;
  const laws = lawGrid();
  const weights = posterior(laws, binned(points));
  const accuracy = estimate(
    laws.map((law) => 1 - errorAt(law, now)),
    weights,
  );
  const moreLabels = estimate(
    laws.map((law) => Math.max(0, Math.ceil(labelsTo(law, 1 - goal) - now))),
    weights,
  );
  return { goal, accuracy, moreLabels, sentence: sentenceOf(goal, accuracy, moreLabels) };
}

function errorAt({ start, speed, floor }: Law, labels: number): number {
  return floor + (start - floor) * (1 + labels / OFFSET) ** -speed;
}

function labelsTo({ start, speed, floor }: Law, error: number): number {
  if (error >= start) return 0;
  if (error <= floor || speed === 0) return Number.POSITIVE_INFINITY;
  const labels = OFFSET * (((error - floor) / (start - floor)) ** (-1 / speed) - 1);
  return labels > LABELS_MAX ? Number.POSITIVE_INFINITY : labels;
}

/** Cell centres; floors are dense near zero, where they decide whether a goal can be reached. */
function lawGrid(): Law[] {
  const centres = (count: number, of: (share: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => of((i + 0.5) / count));
  return centres(STEPS.start, (share) => share).flatMap((start) =>
    centres(STEPS.speed, (share) => SPEED_MIN + (SPEED_MAX - SPEED_MIN) * share).flatMap((speed) =>
      centres(STEPS.floor, (share) => FLOOR_MAX * share ** 4)
        .filter((floor) => floor < start)
        .map((floor) => ({ start, speed, floor })),
    ),
  );
}

/** Neighbouring points taken together: the law changes little between them. */
function binned(points: readonly CurvePoint[]): CurvePoint[] {
  const sorted = points.filter((point) => point.n > 0).sort((a, b) => a.labels - b.labels);
  const size = Math.ceil(sorted.length / BINS_MAX);
  const bins: CurvePoint[] = [];
  for (let i = 0; i < sorted.length; i += size) {
    const own = sorted.slice(i, i + size);
    const n = own.reduce((sum, point) => sum + point.n, 0);
    bins.push({
      labels: own.reduce((sum, point) => sum + point.labels * point.n, 0) / n,
      hits: own.reduce((sum, point) => sum + point.hits, 0),
      n,
    });
  }
  return bins;
}

/** Weights of the laws, summing to one. Flat in start and speed and in the fourth root of the floor. */
function posterior(laws: readonly Law[], points: readonly CurvePoint[]): Float64Array {
  // Few speeds among many laws: their powers are worked out once.
  const speeds = [...new Set(laws.map((law) => law.speed))];
  const decays = new Map(
    speeds.map((speed) => [speed, Float64Array.from(points, ({ labels }) => (1 + labels / OFFSET) ** -speed)]),
  );
  const logs = Float64Array.from(laws, ({ start, speed, floor }) => {
    const decay = decays.get(speed)!;
    let sum = 0;
    for (let i = 0; i < points.length; i++) {
      const { hits, n } = points[i]!;
      const error = floor + (start - floor) * decay[i]!;
      sum += hits * Math.log(1 - error) + (n - hits) * Math.log(error);
    }
    return sum;
  });
  const top = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = logs.map((log) => Math.exp(log - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function estimate(values: readonly number[], weights: Float64Array): Estimate {
  const order = [...values.keys()].sort((a, b) => (values[a]! === values[b]! ? a - b : values[a]! - values[b]!));
  const quantile = (share: number): number => {
    let reached = 0;
    for (const i of order) {
      reached += weights[i]!;
      if (reached >= share) return values[i]!;
    }
    return values[order.at(-1)!]!;
  };
  return { median: quantile(0.5), low: quantile(0.1), high: quantile(0.9) };
}

function sentenceOf(goal: number, accuracy: Estimate, { median, low, high }: Estimate): string {
  const today = `Now about ${accuracy.median.toFixed(2)}`;
  if (median === 0) return `${today}; ${goal} is likely reached.`;
  if (low === Number.POSITIVE_INFINITY) return `${today}; ${goal} is not in sight with this model.`;
  if (median === Number.POSITIVE_INFINITY) {
    return `${today}; ${goal} may be out of reach, and takes ${rounded(low)} more labels at the least.`;
  }
  const upper = high === Number.POSITIVE_INFINITY ? 'without limit' : rounded(high);
  const interval = `80 % interval ${rounded(low)}${high === Number.POSITIVE_INFINITY ? ' to ' : '-'}${upper}`;
  return `${today}; about ${rounded(median)} more labels to ${goal}; ${interval}.`;
}

/** Two significant digits: more would be made up. */
function rounded(labels: number): string {
  return String(Number(labels.toPrecision(2)));
}

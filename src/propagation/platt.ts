/** Platt's fit for few verified items: P(right) from the rank of the confidence, accepted while its mean is high. */
import { solveLogistic } from '../heads/logistic.ts';

/** The mean of a fitted curve is no bound: it must lie this much above what is promised. */
const MARGIN = 0.01;
const L2 = 1e-3;

/**
 * Smallest confidence of the longest run of candidates, surest first, whose mean predicted precision stays at least
 * target + 0.01; Infinity when there is none. Platt, 1999, with his smoothed targets.
 */
export function plattFloor(
  checks: readonly { readonly confidence: number; readonly right: boolean }[],
  confidences: Float32Array,
  target: number,
): number {
  const falling = confidences.slice().sort().reverse();
  const predict = fitCurve(checks, falling);
  let floor = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < falling.length; i++) {
    sum += predict(1 - i / falling.length);
    const ends = i + 1 === falling.length || falling[i + 1]! < falling[i]!;
    if (ends && sum / (i + 1) >= target + MARGIN) floor = falling[i]!;
  }
  return floor;
}

/** P(right) at a confidence that is a rank already (0..1, 1 = surest), fitted to checked predictions. */
export function precisionCurve(
  checks: readonly { readonly confidence: number; readonly right: boolean }[],
): (confidence: number) => number {
  return fitOn(checks.map((check) => ({ rank: check.confidence, right: check.right })));
}

function fitCurve(
  checks: readonly { readonly confidence: number; readonly right: boolean }[],
  falling: Float32Array,
): (rank: number) => number {
  return fitOn(checks.map((check) => ({ rank: rankOf(check.confidence, falling), right: check.right })));
}

function fitOn(checks: readonly { readonly rank: number; readonly right: boolean }[]): (rank: number) => number {
  const right = checks.filter((check) => check.right).length;
  const wrong = checks.length - right;
  const [high, low] = [(right + 1) / (right + 2), 1 / (wrong + 2)];
  const solution = solveLogistic({
    features: checks.map((check) => Float64Array.of(check.rank)),
    width: 1,
    targets: Float32Array.from(checks, (check) => (check.right ? high : low)),
    classCount: 1,
    link: 'sigmoid',
    l2: L2,
  });
  const [slope, bias] = [solution.weights[0]!, solution.bias[0]!];
  // Where surer ones are wrong more often the confidence is useless: everybody gets the mean.
  const mean = (right + 1) / (checks.length + 2);
  return slope < 0 ? () => mean : (rank) => 1 / (1 + Math.exp(-(bias + slope * rank)));
}

/** Share of candidates that are less sure, 0..1. */
function rankOf(confidence: number, falling: Float32Array): number {
  let [low, high] = [0, falling.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (falling[middle]! > confidence) low = middle + 1;
    else high = middle;
  }
  return 1 - low / Math.max(1, falling.length);
}

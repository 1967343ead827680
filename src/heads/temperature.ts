/** Temperature scaling: one number that turns out-of-fold logits into honest probabilities. */
import { crossEntropy, type Link } from './link.ts';

export interface TemperatureFit {
  /** Logits are divided by this; 1 when scaling was not accepted. */
  readonly temperature: number;
  readonly accepted: boolean;
  /** Mean negative log-likelihood at temperature 1 and at the best one, nats. */
  readonly nllBefore: number;
  readonly nllAfter: number;
}

/** Scales from e^-3 to e^3: beyond, a head is broken rather than badly calibrated. */
const LOG_SCALE_MAX = 3;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const SEARCH_STEPS = 40;
/** Fewer items say nothing about a second parameter. */
const ITEMS_MIN = 10;

/**
 * Fits the temperature on the `rows` of `logits` (n x classCount; `weights`: how much each of the n counts) and accepts it only if the likelihood gained per
 * item exceeds its standard error. Guo et al., "On calibration of modern neural networks" (2017).
 */
export function fitTemperature(
  link: Link,
  logits: Float64Array,
  targets: Float32Array,
  classCount: number,
  rows: readonly number[],
  weights?: ArrayLike<number>,
): TemperatureFit {
  const losses = (scale: number): Float64Array =>
    Float64Array.from(
      rows,
      (i) => (weights?.[i] ?? 1) * crossEntropy(link, logits, targets, i * classCount, classCount, scale),
    );
  const before = losses(1);
  const nllBefore = mean(before);
  const rejected = { temperature: 1, accepted: false, nllBefore, nllAfter: nllBefore };
  if (rows.length < ITEMS_MIN) return rejected;

  const scale = Math.exp(goldenSection((logScale) => mean(losses(Math.exp(logScale))), -LOG_SCALE_MAX, LOG_SCALE_MAX));
  const after = losses(scale);
  const gain = before.map((loss, i) => loss - after[i]!);
  if (!(mean(gain) > standardError(gain))) return rejected;
  return { temperature: 1 / scale, accepted: true, nllBefore, nllAfter: mean(after) };
}

/** Minimum of a one-humped function; cross-entropy is convex in the scale. */
function goldenSection(f: (x: number) => number, from: number, to: number): number {
  let low = from;
  let high = to;
  let a = high - GOLDEN * (high - low);
  let b = low + GOLDEN * (high - low);
  let atA = f(a);
  let atB = f(b);
  for (let step = 0; step < SEARCH_STEPS; step++) {
    if (atA <= atB) {
      [high, b, atB] = [b, a, atA];
      a = high - GOLDEN * (high - low);
      atA = f(a);
    } else {
      [low, a, atA] = [a, b, atB];
      b = low + GOLDEN * (high - low);
      atB = f(b);
    }
  }
  return (low + high) / 2;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function standardError(values: Float64Array): number {
  const centre = mean(values);
  const variance = values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1);
  return Math.sqrt(variance / values.length);
}

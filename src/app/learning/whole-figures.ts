/** Macro F1 and calibration error over all answers, each with an interval: figures that are no share of anything. */
import type { Interval } from '../../core/intervals.ts';
import { seededRandom } from '../../core/random.ts';
import { type HeadMetrics, headMetrics, type Link } from '../../heads/index.ts';

export interface Measured extends Interval {
  readonly value: number;
}

export interface WholeFigures {
  /** 0..1. */
  readonly macroF1: Measured;
  /** Expected calibration error, 0..1. */
  readonly calibrationError: Measured;
}

/** The deviation of a figure is known to a tenth by then. */
const ROUNDS = 100;
/** Answers drawn per round, however many there are: the figures are worked out where requests are answered. */
const DRAWN_MAX = 500;
/** Two-sided 95 %. */
const Z = 1.96;

/**
 * @param probabilities, targets (n x classCount).
 * The interval is the figure and 1.96 deviations; the deviation is that of m out of n answers drawn with replacement,
 * scaled to n (Bickel, Goetze and van Zwet, "Resampling fewer than n observations", 1997).
 */
export function wholeFigures(
  link: Link,
  probabilities: Float32Array,
  targets: Float32Array,
  classCount: number,
): WholeFigures {
  const n = targets.length / classCount;
  const drawn = Math.min(n, DRAWN_MAX);
  const random = seededRandom('whole figures', n);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const rows = Array.from({ length: drawn }, () => random.int(n));
    return headMetrics(link, probabilities, targets, classCount, rows);
  });
  const whole = headMetrics(link, probabilities, targets, classCount);
  const measured = (of: (metrics: HeadMetrics) => number): Measured => {
    const value = of(whole);
    const spread = Z * deviation(rounds.map(of)) * Math.sqrt(drawn / n);
    return { value, low: Math.max(0, value - spread), high: Math.min(1, value + spread) };
  };
  return { macroF1: measured((one) => one.macroF1), calibrationError: measured((one) => one.ece) };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

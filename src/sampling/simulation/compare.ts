/** Strategies against random over paired seeds: what a report says of each. */
import { type Interval, median } from '../../core/intervals.ts';
import type { Curve } from './replay.ts';
import {
  area,
  holm,
  labelsSaved,
  labelsSavedInPair,
  mean,
  meanCurve,
  meanInterval,
  savedInterval,
  wilcoxon,
} from './statistics.ts';

/** What everything is held against. */
export const BASELINE = 'random';

/** One strategy under several seeds. */
export interface Trial {
  readonly strategy: string;
  /** By seed; the same seeds in the same order for every strategy. */
  readonly curves: readonly Curve[];
}

export interface CurvePoint {
  readonly labels: number;
  /** Mean over seeds, 0..100, with its 5 % and 95 % bootstrap bounds. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly macroF1: number;
}

export interface Summary {
  readonly strategy: string;
  readonly curve: readonly CurvePoint[];
  /** Area under the budget curve, 0..100, with its bounds. */
  readonly aubc: number;
  readonly aubcInterval: Interval;
  /** Accuracy after the first and the last batch, 0..100. */
  readonly start: number;
  readonly end: number;
  /** null for the baseline itself. */
  readonly againstRandom: Gain | null;
}

export interface Gain {
  /** Mean difference in area, points, with its bounds. */
  readonly aubc: number;
  readonly interval: Interval;
  /** Seeds in which the area was larger. */
  readonly wins: number;
  /** Labels saved, 0..100: on the mean curve with bounds, per seed, and the median of those. */
  readonly labelsSaved: number;
  readonly labelsSavedInterval: Interval;
  readonly labelsSavedPerSeed: readonly number[];
  readonly labelsSavedMedian: number;
  /** Paired Wilcoxon on areas, two-sided, and after Holm over all strategies. */
  readonly p: number;
  readonly holmP: number;
}

/** `trials` must hold the baseline. Bounds are 5 % and 95 %. */
export function summarise(trials: readonly Trial[]): Summary[] {
  const random = trials.find((trial) => trial.strategy === BASELINE)!;
  const others = trials.filter((trial) => trial !== random);
  const adjusted = holm(others.map((trial) => wilcoxon(gainsOf(trial, random))));
  return trials.map((trial) => {
    const areas = trial.curves.map(areaOf);
    return {
      strategy: trial.strategy,
      curve: pointsOf(trial.curves),
      aubc: mean(areas),
      aubcInterval: meanInterval(areas),
      start: mean(trial.curves.map((curve) => curve.accuracy[0]!)),
      end: mean(trial.curves.map((curve) => curve.accuracy.at(-1)!)),
      againstRandom: trial === random ? null : gainOf(trial, random, adjusted[others.indexOf(trial)]!),
    };
  });
}

function gainOf(trial: Trial, random: Trial, holmP: number): Gain {
  const gains = gainsOf(trial, random);
  const saved = trial.curves.map((curve, i) => labelsSavedInPair(curve, random.curves[i]!));
  return {
    aubc: mean(gains),
    interval: meanInterval(gains),
    wins: gains.filter((gain) => gain > 0).length,
    labelsSaved: labelsSaved(trial.curves, random.curves),
    labelsSavedInterval: savedInterval(trial.curves, random.curves),
    labelsSavedPerSeed: saved,
    labelsSavedMedian: median(saved),
    p: wilcoxon(gains),
    holmP,
  };
}

function gainsOf(trial: Trial, random: Trial): number[] {
  return trial.curves.map((curve, i) => areaOf(curve) - areaOf(random.curves[i]!));
}

function pointsOf(curves: readonly Curve[]): CurvePoint[] {
  const accuracy = meanCurve(curves);
  return curves[0]!.labels.map((labels, i) => ({
    labels,
    accuracy: accuracy[i]!,
    ...meanInterval(curves.map((curve) => curve.accuracy[i]!)),
    macroF1: mean(curves.map((curve) => curve.macroF1[i]!)),
  }));
}

/** A single point is its own area. */
function areaOf({ labels, accuracy }: Curve): number {
  return labels.length === 1 ? accuracy[0]! : area(labels, accuracy);
}

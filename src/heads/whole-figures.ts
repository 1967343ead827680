/** Macro F1 and calibration error over all answers, each with an interval: figures that are no share of anything. */
import type { Interval } from '../core/intervals.ts';
import { seededRandom } from '../core/random.ts';
import type { Link } from './link.ts';
import { argmax, ECE_BINS } from './metrics.ts';

/** What a head says of answered items, and what was answered. */
export interface Judged {
  readonly link: Link;
  /** (n x classCount) probabilities. */
  readonly probabilities: Float32Array;
  /** (n x classCount) 1 for each class that was given. */
  readonly targets: Float32Array;
  readonly classCount: number;
}

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
/** Answers drawn per round, however many there are: it bounds the work. */
const DRAWN_MAX = 500;
/** Two-sided 95 %. */
const Z = 1.96;

/**
 * The interval is the figure and 1.96 deviations; the deviation is that of m out of n answers drawn with replacement,
 * scaled to n (Bickel, Goetze and van Zwet, "Resampling fewer than n observations", 1997).
 */
export function wholeFigures(judged: Judged): WholeFigures {
  const cells = decide(judged);
  const n = judged.targets.length / judged.classCount;
  const drawn = Math.min(n, DRAWN_MAX);
  const random = seededRandom('whole figures', n);
  const rounds = Array.from({ length: ROUNDS }, () => {
    return figuresOf(
      cells,
      judged.classCount,
      Array.from({ length: drawn }, () => random.int(n)),
    );
  });
  const whole = figuresOf(
    cells,
    judged.classCount,
    Uint32Array.from({ length: n }, (_, i) => i),
  );
  const measured = (of: (figures: Figures) => number): Measured => {
    const value = of(whole);
    const spread = Z * deviation(rounds.map(of)) * Math.sqrt(drawn / n);
    return { value, low: Math.max(0, value - spread), high: Math.min(1, value + spread) };
  };
  return { macroF1: measured((one) => one.macroF1), calibrationError: measured((one) => one.ece) };
}

/** Decisions, worked out once for all rounds: one per item, or where several classes may hold one per item and class. */
interface Cells {
  readonly perItem: number;
  /** (n x perItem) class that was said, and that was given; -1 for none. */
  readonly said: Int32Array;
  readonly given: Int32Array;
  /** (n x perItem) bin of the confidence, and confidence - 1 where the decision is right, else confidence. */
  readonly bin: Uint8Array;
  readonly gap: Float32Array;
}

function decide({ link, probabilities, targets, classCount: k }: Judged): Cells {
  const perItem = link === 'softmax' ? 1 : k;
  const count = (targets.length / k) * perItem;
  const [said, given] = [new Int32Array(count), new Int32Array(count)];
  const [bin, gap] = [new Uint8Array(count), new Float32Array(count)];
  for (let cell = 0; cell < count; cell++) {
    let confidence: number;
    if (link === 'softmax') {
      said[cell] = argmax(probabilities, cell * k, k);
      given[cell] = argmax(targets, cell * k, k);
      confidence = probabilities[cell * k + said[cell]!]!;
    } else {
      const p = probabilities[cell]!;
      said[cell] = p >= 0.5 ? cell % k : -1;
      given[cell] = targets[cell]! >= 0.5 ? cell % k : -1;
      confidence = Math.max(p, 1 - p);
    }
    bin[cell] = Math.min(ECE_BINS - 1, Math.floor(confidence * ECE_BINS));
    gap[cell] = confidence - (said[cell] === given[cell] ? 1 : 0);
  }
  return { perItem, said, given, bin, gap };
}

interface Figures {
  readonly macroF1: number;
  readonly ece: number;
}

/** As `headMetrics` has them. */
function figuresOf({ perItem, said, given, bin, gap }: Cells, classCount: number, items: ArrayLike<number>): Figures {
  // Said and given together, and hits twice: the parts of 2 hits / (said + given).
  const [named, hits] = [new Float64Array(classCount), new Float64Array(classCount)];
  const gaps = new Float64Array(ECE_BINS);
  for (let i = 0; i < items.length; i++) {
    const end = (items[i]! + 1) * perItem;
    for (let cell = end - perItem; cell < end; cell++) {
      const [s, g] = [said[cell]!, given[cell]!];
      gaps[bin[cell]!]! += gap[cell]!;
      if (s >= 0) named[s]! += 1;
      if (g >= 0) named[g]! += 1;
      if (s >= 0 && s === g) hits[s]! += 2;
    }
  }
  let [sum, present] = [0, 0];
  for (let c = 0; c < classCount; c++) {
    if (named[c] === 0) continue;
    sum += hits[c]! / named[c]!;
    present += 1;
  }
  return {
    macroF1: sum / present,
    ece: gaps.reduce((all, one) => all + Math.abs(one), 0) / (items.length * perItem),
  };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

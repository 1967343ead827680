/** Honest figures of predicted probabilities against known targets. */
import type { Link } from './link.ts';

export interface HeadMetrics {
  /** Items the figures stand on. */
  readonly n: number;
  /** 0..1. Softmax: the top class is right. Sigmoid: share of (item, class) cells decided right at 0.5. */
  readonly accuracy: number;
  /** 0..1, mean over classes that occur in targets or answers. */
  readonly macroF1: number;
  /** Mean negative log-likelihood per item, nats; probabilities floored at 1e-6 so that one item cannot decide it. */
  readonly nll: number;
  /** Expected calibration error, 15 equal bins of confidence, 0..1. */
  readonly ece: number;
}

export const ECE_BINS = 15;
const PROBABILITY_FLOOR = 1e-6;

/** `probabilities` and `targets`: (n x classCount); `rows` restricts the figures to some of the items. */
export function headMetrics(
  link: Link,
  probabilities: Float32Array | Float64Array,
  targets: Float32Array,
  classCount: number,
  rows: readonly number[] = Array.from({ length: targets.length / classCount }, (_, i) => i),
): HeadMetrics {
  const cells = decisions(link, probabilities, targets, classCount, rows);
  return {
    n: rows.length,
    accuracy: mean(cells.map((cell) => (cell.right ? 1 : 0))),
    macroF1: macroF1(link, probabilities, targets, classCount, rows),
    nll: mean(rows.map((i) => itemNll(link, probabilities, targets, i * classCount, classCount))),
    ece: calibrationError(cells),
  };
}

/** Negative log-likelihood of one item, nats. */
export function itemNll(
  link: Link,
  probabilities: Float32Array | Float64Array,
  targets: Float32Array,
  at: number,
  classCount: number,
): number {
  let loss = 0;
  for (let c = 0; c < classCount; c++) {
    const p = probabilities[at + c]!;
    const y = targets[at + c]!;
    if (y > 0) loss -= y * Math.log(Math.max(p, PROBABILITY_FLOOR));
    if (link === 'sigmoid' && y < 1) loss -= (1 - y) * Math.log(Math.max(1 - p, PROBABILITY_FLOOR));
  }
  return loss;
}

/** Index of the largest of `values[at ... at + count]`; the lowest index among equals. */
export function argmax(values: Float32Array | Float64Array, at: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[at + c]! > values[at + best]!) best = c;
  return best;
}

interface Decision {
  /** Probability of the decision taken, 0..1. */
  readonly confidence: number;
  readonly right: boolean;
}

function decisions(
  link: Link,
  probabilities: Float32Array | Float64Array,
  targets: Float32Array,
  classCount: number,
  rows: readonly number[],
): Decision[] {
  if (link === 'softmax') {
    return rows.map((i) => {
      const top = argmax(probabilities, i * classCount, classCount);
      return {
        confidence: probabilities[i * classCount + top]!,
        right: top === argmax(targets, i * classCount, classCount),
      };
    });
  }
  return rows.flatMap((i) =>
    Array.from({ length: classCount }, (_, c) => {
      const p = probabilities[i * classCount + c]!;
      return { confidence: Math.max(p, 1 - p), right: p >= 0.5 === targets[i * classCount + c]! >= 0.5 };
    }),
  );
}

/** Guo et al., "On calibration of modern neural networks" (2017). */
function calibrationError(cells: readonly Decision[]): number {
  const count = new Float64Array(ECE_BINS);
  const gap = new Float64Array(ECE_BINS);
  for (const cell of cells) {
    const bin = Math.min(ECE_BINS - 1, Math.floor(cell.confidence * ECE_BINS));
    count[bin]!++;
    gap[bin]! += cell.confidence - (cell.right ? 1 : 0);
  }
  return cells.length === 0 ? Number.NaN : gap.reduce((sum, g) => sum + Math.abs(g), 0) / cells.length;
}

function macroF1(
  link: Link,
  probabilities: Float32Array | Float64Array,
  targets: Float32Array,
  classCount: number,
  rows: readonly number[],
): number {
  const hit = new Float64Array(classCount);
  const said = new Float64Array(classCount);
  const real = new Float64Array(classCount);
  for (const i of rows) {
    const at = i * classCount;
    const top = argmax(probabilities, at, classCount);
    const truth = argmax(targets, at, classCount);
    for (let c = 0; c < classCount; c++) {
      const isSaid = link === 'softmax' ? c === top : probabilities[at + c]! >= 0.5;
      const isReal = link === 'softmax' ? c === truth : targets[at + c]! >= 0.5;
      said[c]! += isSaid ? 1 : 0;
      real[c]! += isReal ? 1 : 0;
      hit[c]! += isSaid && isReal ? 1 : 0;
    }
  }
  const present = [...hit.keys()].filter((c) => said[c]! + real[c]! > 0);
  return mean(present.map((c) => (2 * hit[c]!) / (said[c]! + real[c]!)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, v) => sum + v, 0) / values.length;
}

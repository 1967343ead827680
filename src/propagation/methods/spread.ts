/** What a method says about every item, and how values become it. */

export interface Spread {
  readonly classCount: number;
  /** (n x classCount) rows sum to 1, or are all zero where the method says nothing. */
  readonly probabilities: Float32Array;
  /** (n) larger = surer; only the order means something, the gate measures what it is worth. */
  readonly confidence: Float32Array;
}

/** Most probable class of every item; -1 where the method says nothing. */
export function labelsOf({ probabilities, classCount }: Spread): Int32Array {
  const labels = new Int32Array(probabilities.length / classCount);
  for (let i = 0; i < labels.length; i++) labels[i] = bestAt(probabilities, i * classCount, classCount);
  return labels;
}

/** The first largest entry above zero, or -1. */
function bestAt(values: Float32Array, at: number, count: number): number {
  let best = -1;
  for (let c = 0; c < count; c++) if (values[at + c]! > (best < 0 ? 0 : values[at + best]!)) best = c;
  return best;
}

/** Difference of the two largest entries of each row. */
export function gaps(values: Float32Array, width: number): Float32Array {
  const out = new Float32Array(values.length / width);
  for (let i = 0; i < out.length; i++) {
    let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let c = 0; c < width; c++) {
      const value = values[i * width + c]!;
      if (value > first) [first, second] = [value, first];
      else if (value > second) second = value;
    }
    out[i] = first - second;
  }
  return out;
}

/** Rows of values >= 0 scaled to sum 1, confidence the gap; rows without mass stay zero. */
export function fromMass(values: Float32Array, classCount: number): Spread {
  const probabilities = values.slice();
  for (let at = 0; at < values.length; at += classCount) {
    let sum = 0;
    for (let c = 0; c < classCount; c++) sum += probabilities[at + c] = Math.max(0, values[at + c]!);
    if (sum > 0) for (let c = 0; c < classCount; c++) probabilities[at + c]! /= sum;
  }
  return { classCount, probabilities, confidence: gaps(probabilities, classCount) };
}

/** Softmax of each row of scale x values; rows that are all zero say nothing. Confidence: the gap before the softmax. */
export function fromScores(values: Float32Array, classCount: number, scale: number): Spread {
  const probabilities = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += classCount) {
    const row = values.subarray(at, at + classCount);
    if (row.every((value) => value === 0)) continue;
    const top = row.reduce((a, b) => Math.max(a, b));
    let sum = 0;
    for (let c = 0; c < classCount; c++) sum += probabilities[at + c] = Math.exp(scale * (row[c]! - top));
    for (let c = 0; c < classCount; c++) probabilities[at + c]! /= sum;
  }
  return { classCount, probabilities, confidence: gaps(values, classCount).map((gap) => scale * gap) };
}

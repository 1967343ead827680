/** Slow, obvious float64 forms of what src/heads does, for differential tests. */
import { gaussian, type Random } from '../../src/core/random.ts';

/** Softmax regression by plain gradient descent with a step that cannot diverge. */
export function slowLogistic(
  rows: readonly Float32Array[],
  targets: Float32Array,
  classCount: number,
  l2: number,
  steps = 20_000,
): { weights: number[][]; bias: number[] } {
  const dim = rows[0]!.length;
  const weights = Array.from({ length: classCount }, () => new Array<number>(dim).fill(0));
  const bias = new Array<number>(classCount).fill(0);
  const rate = 1 / (rows.length + l2);
  for (let step = 0; step < steps; step++) {
    const slope = weights.map((row) => row.map((w) => l2 * w));
    const biasSlope = new Array<number>(classCount).fill(0);
    for (const [i, row] of rows.entries()) {
      const p = softmax(weights.map((w, c) => bias[c]! + w.reduce((sum, v, j) => sum + v * row[j]!, 0)));
      for (let c = 0; c < classCount; c++) {
        const error = p[c]! - targets[i * classCount + c]!;
        biasSlope[c]! += error;
        for (let j = 0; j < dim; j++) slope[c]![j]! += error * row[j]!;
      }
    }
    for (let c = 0; c < classCount; c++) {
      bias[c]! -= rate * biasSlope[c]!;
      for (let j = 0; j < dim; j++) weights[c]![j]! -= rate * slope[c]![j]!;
    }
  }
  return { weights, bias };
}

/** Of softmax regression at a solution, by weight and then by bias: all zero at the optimum. */
export function slowSlope(
  rows: readonly Float32Array[],
  targets: Float32Array,
  {
    weights,
    bias,
    classCount,
    width,
  }: { weights: Float64Array; bias: Float64Array; classCount: number; width: number },
  l2: number,
): number[] {
  const slope = [...weights].map((w) => l2 * w).concat(new Array<number>(classCount).fill(0));
  for (const [i, row] of rows.entries()) {
    const logits = [...bias].map((b, c) => row.reduce((sum, v, j) => sum + v * weights[c * width + j]!, b));
    for (const [c, p] of softmax(logits).entries()) {
      const error = p - targets[i * classCount + c]!;
      for (const [j, v] of row.entries()) slope[c * width + j]! += error * v;
      slope[classCount * width + c]! += error;
    }
  }
  return slope;
}

export function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - max));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
}

/** Solves a x = b by Gauss elimination with pivoting; b has several columns. */
export function solveLinear(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  const n = a.length;
  const m = a.map((row, i) => [...row, ...b[i]!]);
  for (let k = 0; k < n; k++) {
    const pivot = m.slice(k).reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(m[best]![k]!) ? k + i : best), k);
    [m[k], m[pivot]] = [m[pivot]!, m[k]!];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = m[i]![k]! / m[k]![k]!;
      m[i] = m[i]!.map((v, j) => v - factor * m[k]![j]!);
    }
  }
  return m.map((row, i) => row.slice(n).map((v) => v / row[i]!));
}

export function unitRow(random: Random, dim: number, centre: readonly number[] = [], spread = 1): Float32Array {
  const row = Float32Array.from({ length: dim }, (_, j) => (centre[j] ?? 0) + spread * gaussian(random));
  const norm = Math.hypot(...row) || 1;
  return row.map((v) => v / norm);
}

/** Labeled rows around random class centres. */
export function clusters(
  random: Random,
  n: number,
  dim: number,
  classCount: number,
  spread = 0.5,
): { rows: Float32Array[]; classOf: number[] } {
  const centres = Array.from({ length: classCount }, () => Array.from({ length: dim }, () => gaussian(random)));
  const classOf = Array.from({ length: n }, (_, i) => i % classCount);
  return { rows: classOf.map((c) => unitRow(random, dim, centres[c]!, spread)), classOf };
}

export function flat(rows: readonly Float32Array[]): Float32Array {
  const dim = rows[0]?.length ?? 0;
  const out = new Float32Array(rows.length * dim);
  for (const [i, row] of rows.entries()) out.set(row, i * dim);
  return out;
}

export function oneHot(classOf: readonly number[], classCount: number): Float32Array {
  const targets = new Float32Array(classOf.length * classCount);
  for (const [i, c] of classOf.entries()) targets[i * classCount + c] = 1;
  return targets;
}

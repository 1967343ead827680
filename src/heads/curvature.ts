/** How features go together, as a preconditioner: what makes a search over many items take few steps. */

/** Items looked at: more hardly change how features go together, and each costs width^2 / 2 multiply-adds. */
const ITEMS_MAX = 4_000;

/** Multiply-adds that `curvatureOf` takes. */
export function curvatureWork(items: number, width: number): number {
  return (Math.min(items, ITEMS_MAX) * width ** 2) / 2 + width ** 3 / 6;
}

export interface Curvature {
  /** Multiplies a step (classCount x width weights, then classCount biases) by the inverse, in place. */
  readonly undo: (step: Float64Array) => void;
}

export interface CurvatureOptions {
  readonly width: number;
  readonly classCount: number;
  /** Mean curvature of one item's loss along a logit: p (1 - p) of a typical item. */
  readonly perItem: number;
  /** Penalties, on the diagonal. */
  readonly weightL2: number;
  readonly biasL2: number;
}

/**
 * Böhning's bound of the multinomial Hessian, "Multinomial logistic regression algorithm" (1992), as one block for all
 * classes: perItem x (sum of [x 1] [x 1]^T) + penalties, from at most 4,000 evenly chosen items, by its Cholesky factor.
 */
export function curvatureOf(features: readonly Float64Array[], options: CurvatureOptions): Curvature {
  const { width, classCount } = options;
  const factor = choleskyInPlace(secondMoments(features, options));
  const part = new Float64Array(width + 1);
  const undo = (step: Float64Array): void => {
    const biasAt = classCount * width;
    for (let c = 0; c < classCount; c++) {
      part.set(step.subarray(c * width, (c + 1) * width));
      part[width] = step[biasAt + c]!;
      solveFactored(factor, part);
      step.set(part.subarray(0, width), c * width);
      step[biasAt + c] = part[width]!;
    }
  };
  return { undo };
}

/** Lower triangle by rows, row j of length j + 1; the last row is the bias. */
function secondMoments(
  features: readonly Float64Array[],
  { width, perItem, weightL2, biasL2 }: CurvatureOptions,
): Float64Array[] {
  const moments = Array.from({ length: width + 1 }, (_, j) => new Float64Array(j + 1));
  const last = moments[width]!;
  const count = Math.min(features.length, ITEMS_MAX);
  const scale = (perItem * features.length) / count;
  for (let s = 0; s < count; s++) {
    const row = features[Math.floor((s * features.length) / count)]!;
    for (let j = 0; j < row.length; j++) {
      const value = scale * row[j]!;
      const line = moments[j]!;
      last[j]! += value;
      for (let k = 0; k <= j; k++) line[k]! += value * row[k]!;
    }
  }
  last[width] = perItem * features.length;
  for (let j = 0; j <= width; j++) moments[j]![j]! += j < width ? weightL2 : biasL2;
  return moments;
}

function choleskyInPlace(matrix: Float64Array[]): Float64Array[] {
  for (const [j, line] of matrix.entries()) {
    for (let k = 0; k <= j; k++) {
      const other = matrix[k]!;
      let value = line[k]!;
      for (let q = 0; q < k; q++) value -= line[q]! * other[q]!;
      line[k] = k === j ? Math.sqrt(value) : value / other[k]!;
    }
  }
  return matrix;
}

function solveFactored(factor: readonly Float64Array[], v: Float64Array): void {
  for (let j = 0; j < v.length; j++) {
    const line = factor[j]!;
    let value = v[j]!;
    for (let k = 0; k < j; k++) value -= line[k]! * v[k]!;
    v[j] = value / line[j]!;
  }
  for (let j = v.length - 1; j >= 0; j--) {
    const line = factor[j]!;
    v[j]! /= line[j]!;
    for (let k = 0; k < j; k++) v[k]! -= line[k]! * v[j]!;
  }
}

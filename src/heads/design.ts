/** Turns labeled rows into the features a solver should see: span coordinates when few, the rows themselves when many. */
import { SpanBasis } from './span.ts';

export interface Design {
  /** One row per item. */
  readonly features: readonly Float64Array[];
  readonly width: number;
  /** Weights on the features (classCount x width) as weights on the rows (classCount x dim). */
  toWeights(onFeatures: Float64Array, classCount: number): Float64Array;
}

/** Below this share of the dimension, n labeled rows are cheaper as n coordinates than as dim values. */
const SPAN_SHARE = 0.8;

export function spanPays(itemCount: number, dim: number): boolean {
  return itemCount < SPAN_SHARE * dim;
}

/** `rows`: each of length `dim`. Both forms have the same optimum under a weight penalty. */
export function buildDesign(rows: readonly Float32Array[], dim: number): Design {
  if (!spanPays(rows.length, dim)) {
    return { features: rows.map((row) => Float64Array.from(row)), width: dim, toWeights: (weights) => weights };
  }
  const basis = new SpanBasis(dim);
  const features = rows.map((row) => basis.add(row));
  return { features, width: basis.rank, toWeights: (weights, classCount) => basis.toWeights(weights, classCount) };
}

/** A committee for numbers: ridge regressions on bootstrap samples of the labels. */
import { hashUnit } from '../core/random.ts';
import { buildDesign } from '../heads/design.ts';
import { RankOneUpdater } from '../heads/rankone.ts';
import type { Ragged } from './structured/score.ts';

export interface NumberLabels {
  readonly dim: number;
  /** (n x dim), unit-norm. */
  readonly rows: Float32Array;
  /** (n) finite numbers. */
  readonly values: ArrayLike<number>;
}

export interface RegressionCommittee {
  readonly dim: number;
  /** One linear function per member: (dim) weights, then the bias. */
  readonly members: readonly Float64Array[];
}

const MEMBERS = 5;
const L2 = 0.1;

/** Each member draws n of the n labels with replacement; deterministic in (labels, seed). Breiman, "Bagging" (1996). */
export function trainRegressionCommittee(labels: NumberLabels, seed: number): RegressionCommittee {
  const { dim, rows, values } = labels;
  const n = values.length;
  const items = Array.from({ length: n }, (_, i) => rows.subarray(i * dim, (i + 1) * dim));
  const design = buildDesign(items, dim);
  // Span coordinates of early rows end where the span did then.
  const features = design.features.map((row) => {
    const padded = new Float32Array(design.width);
    padded.set(row);
    return padded;
  });
  const members = Array.from({ length: MEMBERS }, (_, member) => {
    const updater = new RankOneUpdater(design.width, L2);
    const onFeatures = new Float64Array(design.width + 1);
    for (let draw = 0; draw < n; draw++) {
      const i = Math.floor(n * hashUnit('regression', seed, member, draw));
      let residual = values[i]! - onFeatures[design.width]!;
      for (let j = 0; j < design.width; j++) residual -= onFeatures[j]! * features[i]![j]!;
      const direction = updater.add(features[i]!, 1);
      for (let j = 0; j <= design.width; j++) onFeatures[j]! += residual * direction[j]!;
    }
    const weights = design.toWeights(onFeatures.subarray(0, design.width), 1);
    const member64 = new Float64Array(dim + 1);
    member64.set(weights);
    member64[dim] = onFeatures[design.width]!;
    return member64;
  });
  return { dim, members };
}

/** What each member predicts for each of `rows` (n x dim), in the shape that `committee-variance` takes. */
export function predictNumbers({ dim, members }: RegressionCommittee, rows: Float32Array): Ragged {
  const n = rows.length / dim;
  const data = new Float32Array(n * members.length);
  for (let i = 0; i < n; i++) {
    for (const [m, member] of members.entries()) {
      let value = member[dim]!;
      for (let j = 0; j < dim; j++) value += member[j]! * rows[i * dim + j]!;
      data[i * members.length + m] = value;
    }
  }
  return { data, width: 1, offsets: Uint32Array.from({ length: n + 1 }, (_, i) => i * members.length) };
}

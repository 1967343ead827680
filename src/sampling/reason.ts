/** Why an item is next: the numbers, and one sentence for the annotator. */
import type { Rows } from './rows.ts';
import type { PoolPredictions, QueryContext } from './strategy.ts';

export interface Reason {
  /** `seed`: chosen without labels. `uncertainty`: chosen by what the head does not know. */
  readonly phase: 'seed' | 'uncertainty';
  /** (classes) calibrated, 0..1; null when there is no head yet. */
  readonly probabilities: Float32Array | null;
  /** Gap between the two likeliest classes (multi-label: mean over the classes of |2p - 1|), 0..1; null without a head. */
  readonly margin: number | null;
  /** Euclidean distance to the nearest labeled row, 0..2; null when nothing is labeled. */
  readonly nearestLabeled: number | null;
  /** exp(-s^2) with s the distance to the 20th nearest neighbour, 0..1: high in a crowd, low for an outlier. */
  readonly density: number;
}

/** Above this density an item has many close look-alikes. */
const CROWDED = 0.6;

/** A model that is so sure of its decision, over the alternative, does not waver. */
const SURE = 0.5;

/** One plain sentence. `classes` are the names behind the probabilities, of which `several` may hold at once. */
export function explain(reason: Reason, classes: readonly string[], several = false): string {
  const crowd = reason.density >= CROWDED ? 'stands for many similar items' : 'covers a part of the data not seen yet';
  if (reason.phase === 'seed' || reason.probabilities === null)
    return `Chosen before the model knows much: it ${crowd}.`;
  const [first, second] = several ? [leastSure(reason.probabilities)] : topTwo(reason.probabilities);
  const percent = (c: number): string => `${classes[c]} ${Math.round(100 * reason.probabilities![c]!)} %`;
  if (several) return `The model is least sure of ${percent(first)}; the item ${crowd}.`;
  const sure = second === undefined || reason.probabilities[first]! - reason.probabilities[second]! >= SURE;
  if (sure) return `The model says ${percent(first)}; the item ${crowd}.`;
  return `The model wavers between ${percent(first)} and ${percent(second)}; the item ${crowd}.`;
}

/** The label whose yes or no is nearest to even. */
function leastSure(probabilities: Float32Array): number {
  return [...probabilities.keys()].reduce((a, b) =>
    Math.abs(probabilities[b]! - 0.5) < Math.abs(probabilities[a]! - 0.5) ? b : a,
  );
}

function topTwo(probabilities: Float32Array): [number, number | undefined] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  return [order[0]!, order[1]];
}

/** The numbers behind one item of an order. `predictions`: calibrated, for people. */
export function reasonFor(
  ordinal: number,
  phase: Reason['phase'],
  context: QueryContext,
  predictions: PoolPredictions | null,
  nearestLabeled: number | null,
): Reason {
  const open = predictions?.scores('margin', Int32Array.of(ordinal))[0];
  return {
    phase,
    probabilities: probabilitiesOf(ordinal, predictions, context.rows),
    margin: open === undefined ? null : 1 - open,
    nearestLabeled,
    density: context.coverage.density(ordinal),
  };
}

/** (classes) of one item, 0..1; null without a head or without a row. */
export function probabilitiesOf(ordinal: number, predictions: PoolPredictions | null, rows: Rows): Float32Array | null {
  if (predictions === null || !rows.has(ordinal)) return null;
  const probabilities = new Float32Array(predictions.classCount);
  predictions.probabilitiesInto(ordinal, probabilities, 0);
  return probabilities;
}

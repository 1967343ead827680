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

/** One plain sentence. `classes` are the names behind the probabilities. */
export function explain(reason: Reason, classes: readonly string[]): string {
  const crowd = reason.density >= CROWDED ? 'stands for many similar items' : 'covers a part of the data not seen yet';
  if (reason.phase === 'seed' || reason.probabilities === null)
    return `Chosen before the model knows much: it ${crowd}.`;
  const [first, second] = topTwo(reason.probabilities);
  const percent = (c: number): string => `${classes[c]} ${Math.round(100 * reason.probabilities![c]!)} %`;
  if (second === undefined) return `The model says ${percent(first)}; the item ${crowd}.`;
  return `The model wavers between ${percent(first)} and ${percent(second)}; the item ${crowd}.`;
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

/** A committee of heads on bootstrap samples of the labels. */
import { hashUnit } from '../core/random.ts';
import { buildDesign } from '../heads/design.ts';
import { headFrom, type TrainingSet } from '../heads/fit.ts';
import { type Head, predict } from '../heads/head.ts';
import { solveLogistic } from '../heads/logistic.ts';
import type { Rows } from './rows.ts';

/** A few heads trained on bootstrap samples of the labels: what they disagree on is not settled by the data. */
export interface Committee {
  readonly size: number;
  readonly classCount: number;
  /** Probabilities (size x classCount) of one item, written to `out`. */
  probabilitiesInto(ordinal: number, out: Float32Array): void;
}

export const COMMITTEE_SIZE = 5;

/** Oza and Russell's online bagging (2001): each member weighs each item by a Poisson(1) draw of (seed, member, ordinal). */
export function trainCommittee(set: TrainingSet, rows: Rows, l2: number, seed: number): Committee {
  const classCount = set.classes.length;
  const items = set.ordinals.map((_, i) => set.rows.subarray(i * set.dim, (i + 1) * set.dim));
  const design = buildDesign(items, set.dim);
  const members = Array.from({ length: COMMITTEE_SIZE }, (_, member): Head => {
    const drawn = set.ordinals.flatMap((ordinal, i) => new Array<number>(poisson(seed, member, ordinal)).fill(i));
    const targets = new Float32Array(drawn.length * classCount);
    for (const [k, i] of drawn.entries()) {
      targets.set(set.targets.subarray(i * classCount, (i + 1) * classCount), k * classCount);
    }
    const features = drawn.map((i) => design.features[i]!);
    const problem = { features, width: design.width, targets, classCount, link: set.link, l2 };
    return headFrom(set, design, solveLogistic(problem), l2, 1);
  });
  return {
    size: members.length,
    classCount,
    probabilitiesInto: (ordinal, out) => {
      for (const [m, head] of members.entries()) out.set(predict(head, rows.row(ordinal)), m * classCount);
    },
  };
}

/** Poisson(1) by inversion. */
function poisson(seed: number, member: number, ordinal: number): number {
  const coin = hashUnit('committee', seed, member, ordinal);
  let count = 0;
  let probability = Math.exp(-1);
  let reached = probability;
  while (coin > reached && count < 8) {
    count++;
    probability /= count;
    reached += probability;
  }
  return count;
}

/** Do the first places of the label-error list hold the planted errors? */
import { seededRandom } from '../../src/core/random.ts';
import { fitHead } from '../../src/heads/index.ts';
import { type GivenLabel, labelErrors } from '../../src/sampling/index.ts';
import { answerShares, simulateAnswers } from './annotators.ts';
import type { LearningSet } from './sets.ts';

export interface ErrorPrecision {
  /** Single answers: precision among as many first places as answers are wrong. */
  readonly answers: number;
  readonly planted: number;
  /** The same for the label that most annotators of an item gave. */
  readonly majority: number;
  readonly plantedMajority: number;
}

/** Heads learn from the answers of 3 to 5 annotators per item; truth only measures. */
export function labelErrorPrecision(set: LearningSet, seed: number): ErrorPrecision {
  const classCount = set.classes.length;
  const answers = simulateAnswers(set.labels, classCount, seededRandom('annotators', set.name, seed));
  const shares = answerShares(answers, set.labels.length, classCount);
  const majority = Array.from(set.labels, (_, item) => {
    const own = shares.subarray(item * classCount, (item + 1) * classCount);
    return { item, label: own.indexOf(Math.max(...own)) };
  });
  const single = new Float32Array(shares.length);
  for (const { item, label } of majority) single[item * classCount + label] = 1;
  const ofAnswers = precision(set, shares, answers, seed);
  const ofMajority = precision(set, single, majority, seed);
  return {
    answers: ofAnswers.precision,
    planted: ofAnswers.planted,
    majority: ofMajority.precision,
    plantedMajority: ofMajority.planted,
  };
}

function precision(
  set: LearningSet,
  targets: Float32Array,
  given: readonly { readonly item: number; readonly label: number }[],
  seed: number,
): { precision: number; planted: number } {
  const { outOfFold } = fitHead(
    { link: 'softmax', classes: set.classes, dim: set.dim, rows: set.rows, targets, ordinals: [...set.labels.keys()] },
    seed,
  );
  const rowOf = new Map(outOfFold!.ordinals.map((ordinal, row) => [ordinal, row]));
  const judged = given.filter(({ item }) => rowOf.has(item));
  const labels = judged.map(({ item, label }): GivenLabel => ({ item: rowOf.get(item)!, classes: [label] }));
  const isWrong = judged.map(({ item, label }) => set.labels[item] !== label);
  const planted = isWrong.filter(Boolean).length;
  const { ranked } = labelErrors('softmax', outOfFold!.probabilities, set.classes.length, labels);
  return { precision: ranked.slice(0, planted).filter((one) => isWrong[one.index]).length / planted, planted };
}

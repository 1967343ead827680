/** Simulated annotators: a few per item, each wrong at a rate of their own. */
import type { Random } from '../../src/core/random.ts';

export interface SimulatedAnswer {
  readonly item: number;
  readonly annotator: number;
  readonly label: number;
}

const ANNOTATORS = 10;
const [ACCURACY_MIN, ACCURACY_MAX] = [0.6, 0.95];
const [PER_ITEM_MIN, PER_ITEM_MAX] = [3, 5];

/** 3 to 5 of ten annotators per item; a wrong answer is any other class. */
export function simulateAnswers(truth: ArrayLike<number>, classCount: number, random: Random): SimulatedAnswer[] {
  const accuracy = Array.from(
    { length: ANNOTATORS },
    () => ACCURACY_MIN + (ACCURACY_MAX - ACCURACY_MIN) * random.next(),
  );
  return Array.from(truth).flatMap((right, item) => {
    const count = PER_ITEM_MIN + random.int(PER_ITEM_MAX - PER_ITEM_MIN + 1);
    const asked = new Set<number>();
    while (asked.size < count) asked.add(random.int(ANNOTATORS));
    return [...asked].map((annotator) => {
      const wrong = (right + 1 + random.int(classCount - 1)) % classCount;
      return { item, annotator, label: random.next() < accuracy[annotator]! ? right : wrong };
    });
  });
}

/** (n x classes) shares of the answers. */
export function answerShares(answers: readonly SimulatedAnswer[], n: number, classCount: number): Float32Array {
  const counts = new Float32Array(n);
  for (const { item } of answers) counts[item]!++;
  const shares = new Float32Array(n * classCount);
  for (const { item, label } of answers) shares[item * classCount + label]! += 1 / counts[item]!;
  return shares;
}

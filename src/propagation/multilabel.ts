/** Several labels per item: each label is a question of its own, yes against no. */
import { AppError } from '../core/errors.ts';
import { type MethodName, runMethods } from './methods/methods.ts';
import type { Spread } from './methods/spread.ts';
import type { PropagationPool } from './pool.ts';
import type { Seeds } from './seeds.ts';

/** Answers of labeled items: 1 yes, 0 no, -1 not answered. */
export interface MultiLabelSeeds {
  readonly classCount: number;
  /** Labeled items, distinct. */
  readonly items: ArrayLike<number>;
  /** (items x classCount) */
  readonly answers: ArrayLike<number>;
}

export const [NO, YES] = [0, 1];

/**
 * One spread over NO and YES per class, so that methods are chosen and gates opened for each class alone. A class that is
 * always or never answered yes stays silent. Throws INPUT_BAD_FIELD for answers other than -1, 0, 1 or of a wrong count.
 */
export function runMultiLabel(
  pool: PropagationPool,
  seeds: MultiLabelSeeds,
  names?: readonly MethodName[],
): Map<MethodName, Spread>[] {
  return Array.from({ length: seeds.classCount }, (_, c) => runMethods(pool, questionOf(seeds, c), names));
}

/** The labels of one class as a two-class problem. */
export function questionOf({ classCount, items, answers }: MultiLabelSeeds, label: number): Seeds {
  if (answers.length !== items.length * classCount) refuse(`${answers.length} answers`);
  const [asked, classes]: [number[], number[]] = [[], []];
  for (let s = 0; s < items.length; s++) {
    const answer = answers[s * classCount + label]!;
    if (answer !== YES && answer !== NO && answer !== -1) refuse(`an answer of ${answer}`);
    if (answer === -1) continue;
    asked.push(items[s]!);
    classes.push(answer);
  }
  return { classCount: 2, items: asked, classes };
}

function refuse(what: string): never {
  throw new AppError('INPUT_BAD_FIELD', `The labels to spread hold ${what}.`, { details: { field: 'seeds' } });
}

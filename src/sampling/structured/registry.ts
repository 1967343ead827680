/** Every score of structured predictions by name. Adding one: its file, one line here, one test. */
import { AppError } from '../../core/errors.ts';
import { boxMarginMax, boxMarginMean, boxMarginSum } from './boxes.ts';
import { committeeVariance } from './members.ts';
import type { StructuredScore } from './score.ts';
import { lowestTokenProbability, mnlp, tokenEntropy } from './tokens.ts';

export const STRUCTURED_SCORES: readonly StructuredScore[] = [
  mnlp,
  lowestTokenProbability,
  tokenEntropy,
  boxMarginSum,
  boxMarginMean,
  boxMarginMax,
  committeeVariance,
];

/** Throws INPUT_BAD_FIELD naming what there is. */
export function structuredScore(name: string): StructuredScore {
  const found = STRUCTURED_SCORES.find((score) => score.name === name);
  if (found !== undefined) return found;
  const known = STRUCTURED_SCORES.map((score) => score.name);
  throw new AppError('INPUT_BAD_FIELD', `There is no score '${name}'; there are: ${known.join(', ')}.`, {
    details: { field: 'score', known },
  });
}

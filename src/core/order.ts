/** Ranking that does not depend on rounding noise: scores are quantised, ties broken by id. */

/** Scores closer than this are equal: padding alone moves a model's output by up to 3e-7. */
export const SCORE_QUANTUM = 1e-6;

export function quantise(score: number): number {
  return Math.round(score / SCORE_QUANTUM);
}

/** Highest score first, then lowest id. */
export function compareByScore(scoreA: number, idA: number, scoreB: number, idB: number): number {
  return quantise(scoreB) - quantise(scoreA) || idA - idB;
}

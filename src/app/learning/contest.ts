/** Champion against challenger on answers that neither has seen: who serves from now on, and why. */

export interface Contest {
  readonly championNumber: number;
  /** Several classes may hold at once. */
  readonly multiple: boolean;
  readonly pairs: readonly ContestPair[];
}

export interface ContestPair {
  /** Share of each class among the answers, 0..1. */
  readonly truth: readonly number[];
  /** Probabilities, one per class. */
  readonly champion: ArrayLike<number>;
  readonly challenger: ArrayLike<number>;
}

export interface Verdict {
  readonly accepted: boolean;
  readonly sentence: string;
}

/** Keeps one certain mistake from deciding the contest alone. */
const PROBABILITY_MIN = 1e-3;
/** With fewer common answers a difference says nothing. */
const PAIRS_MIN = 10;

/** The challenger is refused only when it is worse by more than one standard error of the paired log loss. */
export function judge(contest: Contest | null): Verdict {
  if (contest === null) return { accepted: true, sentence: 'The first version for these labels.' };
  const { pairs, championNumber, multiple } = contest;
  if (pairs.length < PAIRS_MIN) {
    return {
      accepted: true,
      sentence: `Trained on more answers than version ${championNumber}; too few to compare them on.`,
    };
  }
  const worseBy = pairs.map(
    (pair) => logLoss(pair.challenger, pair.truth, multiple) - logLoss(pair.champion, pair.truth, multiple),
  );
  const mean = worseBy.reduce((sum, one) => sum + one, 0) / worseBy.length;
  const variance = worseBy.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (worseBy.length - 1);
  const error = Math.sqrt(variance / worseBy.length);
  const figures = `log loss ${signed(mean)} ± ${error.toFixed(3)} against version ${championNumber} on ${pairs.length} answers`;
  return mean > error
    ? { accepted: false, sentence: `Not served: worse, ${figures}.` }
    : { accepted: true, sentence: `Not worse: ${figures}.` };
}

/** Cross-entropy against the shares; where several classes may hold, each class is a question of its own. */
function logLoss(probabilities: ArrayLike<number>, truth: readonly number[], multiple: boolean): number {
  const surprise = (p: number): number => -Math.log(Math.max(p, PROBABILITY_MIN));
  return truth.reduce((sum, share, index) => {
    const p = probabilities[index]!;
    const against = multiple ? (1 - share) * surprise(1 - p) : 0;
    return sum + share * surprise(p) + against;
  }, 0);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

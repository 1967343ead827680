/** Do suggestions still keep what they promise? Hidden ones of the random slice against the answers given to them. */

export interface DriftFigures {
  /** Blind answers since the count began. */
  readonly n: number;
  /** Suggestions that said what the answer says. */
  readonly hits: number;
  /** Hits to be expected by the suggestions' own probabilities, and the standard error of that. */
  readonly expected: number;
  readonly error: number;
}

/** Counts since the last training; an answer that changes is counted as it stands now. */
export class DriftCount {
  readonly #answers = new Map<number, { readonly hit: boolean; readonly score: number }>();

  /** `score`: calibrated probability of the hidden suggestion, 0..1. */
  set(annotationId: number, hit: boolean, score: number): void {
    this.#answers.set(annotationId, { hit, score });
  }

  begin(): void {
    this.#answers.clear();
  }

  figures(): DriftFigures {
    let [hits, expected, variance] = [0, 0, 0];
    for (const { hit, score } of this.#answers.values()) {
      if (hit) hits += 1;
      expected += score;
      variance += score * (1 - score);
    }
    return { n: this.#answers.size, hits, expected, error: Math.sqrt(variance) };
  }
}

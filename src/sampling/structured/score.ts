/** Scores of items whose prediction is a list of any length: tokens of a text, boxes of an image, members of a committee. */

/** Predictions of n items, one after the other. */
export interface Ragged {
  /** (records x width) */
  readonly data: Float32Array;
  readonly width: number;
  /** (n + 1) first record of each item; the last entry is the number of records. */
  readonly offsets: ArrayLike<number>;
}

export interface StructuredScore {
  readonly name: string;
  /** What a record is: the class probabilities of a token or of a box (0..1), or the number(s) a member predicts. */
  readonly records: 'tokens' | 'boxes' | 'members';
  /** One sentence for the settings page. */
  readonly summary: string;
  readonly source: string;
  /** (n) score per item, higher = sooner; an item without records scores 0. */
  of(predictions: Ragged): Float64Array;
}

/** Folds the records of each item: `fold` gets the item's records (count x width), count > 0. */
export function perItem(
  { data, width, offsets }: Ragged,
  fold: (records: Float32Array, count: number) => number,
): Float64Array {
  const scores = new Float64Array(Math.max(0, offsets.length - 1));
  for (let i = 0; i < scores.length; i++) {
    const [from, to] = [offsets[i]!, offsets[i + 1]!];
    if (to > from) scores[i] = fold(data.subarray(from * width, to * width), to - from);
  }
  return scores;
}

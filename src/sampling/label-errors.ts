/** Confident learning: which annotations are most likely wrong, from probabilities that have not seen them. */
import type { Link } from '../heads/link.ts';

/** One annotation. */
export interface GivenLabel {
  /** Row of its item in the probabilities. */
  readonly item: number;
  /** Classes it says hold: exactly one under `softmax`, any number under `sigmoid`. */
  readonly classes: readonly number[];
}

export interface LabelError {
  /** Position in the given annotations. */
  readonly index: number;
  /** Class in doubt: the given one, or for multi-label a class that was left out although it seems to hold. */
  readonly given: number;
  /** What it likely should be: another class; for multi-label the same class, held the other way round. */
  readonly suggested: number;
  /** Probability of what was given, 0..1. */
  readonly confidence: number;
  /** What was given minus the likeliest alternative, -1..1; the list ascends by it. */
  readonly margin: number;
  /** The alternative passes its class's own threshold: counted among the errors by confident learning. */
  readonly confident: boolean;
}

export interface LabelErrors {
  /** Every annotation once, the likeliest error first; ties by position. */
  readonly ranked: readonly LabelError[];
  /** How many of them are wrong by the confident joint. */
  readonly estimated: number;
}

/** One statement of an annotation over `size` alternatives. */
interface Claim {
  readonly index: number;
  readonly column: number;
  readonly given: number;
  /** (size) probabilities of the alternatives. */
  readonly p: ArrayLike<number>;
}

/**
 * Ranks annotations by how much held-out probabilities speak against them.
 *
 * `probabilities`: (n x classCount), 0..1, from a head that was not trained on the item: out-of-fold ones. Several
 * annotations may share an item. The threshold of a class is the mean probability it gets where it was given; an
 * annotation counts as an error when another class passes its own threshold and beats the given one. Multi-label
 * annotations are judged class by class and stand at their worst class.
 * Northcutt, Jiang and Chuang, "Confident learning" (2021); the order is their normalised margin.
 */
export function labelErrors(
  link: Link,
  probabilities: Float32Array,
  classCount: number,
  annotations: readonly GivenLabel[],
): LabelErrors {
  const claims = link === 'softmax' ? choices : decisions;
  const judged = claims(probabilities, classCount, annotations);
  const size = link === 'softmax' ? classCount : 2;
  const thresholds = thresholdsOf(judged, size, link === 'softmax' ? 1 : classCount);
  const worst = new Map<number, LabelError>();
  let estimated = 0;
  for (const claim of judged) {
    const error = judge(claim, thresholds, size, link);
    if (error.confident) estimated++;
    const known = worst.get(error.index);
    if (known === undefined || error.margin < known.margin) worst.set(error.index, error);
  }
  const ranked = [...worst.values()].sort((a, b) => a.margin - b.margin || a.index - b.index);
  return { ranked, estimated: link === 'softmax' ? estimated : ranked.filter((one) => one.confident).length };
}

function choices(probabilities: Float32Array, classCount: number, annotations: readonly GivenLabel[]): Claim[] {
  return annotations.map(({ item, classes }, index) => ({
    index,
    column: 0,
    given: classes[0]!,
    p: probabilities.subarray(item * classCount, (item + 1) * classCount),
  }));
}

/** Alternatives 0 = does not hold, 1 = holds, per class. */
function decisions(probabilities: Float32Array, classCount: number, annotations: readonly GivenLabel[]): Claim[] {
  return annotations.flatMap(({ item, classes }, index) =>
    Array.from({ length: classCount }, (_, column) => {
      const p = probabilities[item * classCount + column]!;
      return { index, column, given: classes.includes(column) ? 1 : 0, p: [1 - p, p] };
    }),
  );
}

/** (columns x size) mean probability of each alternative where it was given; above 1 where it never was. */
function thresholdsOf(claims: readonly Claim[], size: number, columns: number): Float64Array {
  const sum = new Float64Array(columns * size);
  const count = new Float64Array(columns * size);
  for (const { column, given, p } of claims) {
    sum[column * size + given]! += p[given]!;
    count[column * size + given]!++;
  }
  return sum.map((total, at) => (count[at]! > 0 ? total / count[at]! : 2));
}

function judge({ index, column, given, p }: Claim, thresholds: Float64Array, size: number, link: Link): LabelError {
  let rival = given === 0 ? 1 : 0;
  let confident = false;
  for (let c = 0; c < size; c++) {
    if (c === given) continue;
    if (p[c]! > p[rival]!) rival = c;
    confident ||= p[c]! > p[given]! && p[c]! >= thresholds[column * size + c]!;
  }
  return {
    index,
    given: link === 'softmax' ? given : column,
    suggested: link === 'softmax' ? rival : column,
    confidence: p[given]!,
    margin: p[given]! - (p[rival] ?? 0),
    confident,
  };
}

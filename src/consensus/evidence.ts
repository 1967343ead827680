/** What votes say about a class, apart from how common it is: the linear part of any fitted label model, kept sparse. */
import type { LabelModel } from './model.ts';
import type { VoteTable } from './votes.ts';

/** Plain data, so that it can be stored and sent. */
export interface Evidence {
  /** (classes) log share of each class among rows with votes; zeros where the model does not know it. */
  readonly logPrior: readonly number[];
  /** (classes) what silence says. */
  readonly silence: readonly number[];
  /** (used votes) voter * classes + class, ascending: votes that were seen at least once. */
  readonly pairs: readonly number[];
  /** (used votes x classes) what each adds to the score of each class. */
  readonly weights: readonly number[];
}

/** The evidence of a model, for the votes that its table holds. */
export function rowEvidence(model: LabelModel, table: VoteTable): Evidence {
  const k = model.classCount;
  const pairs = [...new Set(table.pairs)].sort((a, b) => a - b);
  // A majority has no idea of how common classes are.
  const logPrior = model.form === 'softmax' ? Array.from(model.prior, Math.log) : new Array<number>(k).fill(0);
  return {
    logPrior,
    silence: Array.from(model.bias, (bias, c) => bias - logPrior[c]!),
    pairs,
    weights: pairs.flatMap((pair) => Array.from(model.weights.subarray(pair * k, (pair + 1) * k))),
  };
}

/** (classes) sum over the votes of a row. Votes that were never seen before say nothing. */
export function evidenceOf({ silence, pairs, weights }: Evidence, votes: ArrayLike<number>): Float64Array {
  const k = silence.length;
  const out = Float64Array.from(silence);
  for (let i = 0; i < votes.length; i++) {
    const at = indexOf(pairs, votes[i]!);
    if (at >= 0) for (let c = 0; c < k; c++) out[c]! += weights[at * k + c]!;
  }
  return out;
}

/** Binary search; -1 when it is not there. */
function indexOf(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! === value) return middle;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

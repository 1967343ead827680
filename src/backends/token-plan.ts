/** Long texts as windows of tokens, and windows as sub-batches of like length: padding costs as much as text. */

export interface TokenWindow {
  /** The item it belongs to. */
  readonly item: number;
  readonly ids: Int32Array;
}

/** Cuts each item's ids into up to `windowsMax` windows of `tokensMax`; what lies beyond is not read. */
export function cutWindows(tokens: readonly Int32Array[], tokensMax: number, windowsMax: number): TokenWindow[] {
  return tokens.flatMap((ids, item) => {
    const count = Math.min(windowsMax, Math.max(1, Math.ceil(ids.length / tokensMax)));
    return Array.from({ length: count }, (_, w) => ({ item, ids: ids.subarray(w * tokensMax, (w + 1) * tokensMax) }));
  });
}

/**
 * Groups lengths into sub-batches, longest first, by index. Each stays within `budget` padded tokens (save one window alone),
 * and closes once its padding costs more than `callTokens`, the price of one more call to the model in tokens.
 */
export function planByLength(lengths: ArrayLike<number>, budget: number, callTokens: number): number[][] {
  const order = Array.from(lengths, (_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const groups: number[][] = [];
  let group: number[] = [];
  let longest = 0;
  let padding = 0;
  for (const index of order) {
    const length = lengths[index]!;
    const waste = padding + longest - length;
    if (group.length > 0 && waste <= callTokens && (group.length + 1) * longest <= budget) {
      group.push(index);
      padding = waste;
    } else {
      group = [index];
      groups.push(group);
      longest = length;
      padding = 0;
    }
  }
  return groups;
}

/** Tokens of texts as they come: most are sentences, a few are long. */
const TYPICAL_LENGTHS = [8, 16, 24, 32, 44, 64, 128];

/** Texts of each length: a batch is sorted, so that neighbours in it are of like length and can share a call. */
const TEXTS_PER_LENGTH = 8;

/**
 * Lengths for measuring a call size, the same for each: what calls of one length alone would say does not hold for texts,
 * and sizes that group these in the same way are equally good.
 */
export function probeLengths(tokensMax: number): number[] {
  return TYPICAL_LENGTHS.flatMap((length) => new Array<number>(TEXTS_PER_LENGTH).fill(Math.min(length, tokensMax)));
}

/** (windows x dim) rows -> (items x dim): the mean of each item's windows, brought back to unit length. */
export function meanOfWindows(
  rows: Float32Array,
  windows: readonly TokenWindow[],
  itemCount: number,
  dim: number,
): Float32Array {
  const means = new Float32Array(itemCount * dim);
  windows.forEach(({ item }, w) => {
    for (let d = 0; d < dim; d++) means[item * dim + d]! += rows[w * dim + d]!;
  });
  for (let item = 0; item < itemCount; item++) normaliseRow(means.subarray(item * dim, (item + 1) * dim));
  return means;
}

/** To unit length in place; a zero row stays zero. */
export function normaliseRow(row: Float32Array): void {
  let squares = 0;
  for (let d = 0; d < row.length; d++) squares += row[d]! * row[d]!;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let d = 0; d < row.length; d++) row[d]! *= scale;
}

/** In place, without overflow. */
export function softmax(row: Float32Array): void {
  const highest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i]! - highest);
  for (let i = 0; i < row.length; i++) row[i]! /= sum;
}

/** Votes of any labelers on the rows of one control: sparse, with equal rows found once. */
import { assert } from '../core/errors.ts';

/** No vote, no answer. */
export const ABSTAIN = -1;

/** Votes as given: parallel columns in any order; a labeler that says nothing on a row has no entry. */
export interface VoteRows {
  readonly rowCount: number;
  readonly voterCount: number;
  readonly classCount: number;
  /** (n) row, voter and class of each vote. */
  readonly rows: ArrayLike<number>;
  readonly voters: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
}

/** Votes by row, each as the number of its (voter, class) pair; rows with the same votes share one pattern. */
export interface VoteTable {
  readonly rowCount: number;
  readonly voterCount: number;
  readonly classCount: number;
  /** (patterns + 1) where the votes of each pattern start in `pairs`; pattern 0 is the row without votes. */
  readonly starts: Uint32Array;
  /** voter * classCount + class, ascending within a pattern. */
  readonly pairs: Uint32Array;
  /** (patterns) rows that have it. */
  readonly weights: Float64Array;
  /** (rows) pattern of each row. */
  readonly patternOf: Uint32Array;
}

/** Sorts votes into a table. A repeated vote counts once; a voter may vote for several classes of a row. */
export function voteTable(votes: VoteRows): VoteTable {
  const { rowCount, voterCount, classCount, rows, voters, classes } = votes;
  assert(voterCount * classCount < 2 ** 31, 'voters x classes must fit in 31 bits');
  const starts = new Uint32Array(rowCount + 1);
  for (let i = 0; i < rows.length; i++) starts[rows[i]! + 1]!++;
  for (let row = 0; row < rowCount; row++) starts[row + 1]! += starts[row]!;
  const cursor = starts.slice(0, rowCount);
  const pairs = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) pairs[cursor[rows[i]!]!++] = voters[i]! * classCount + classes[i]!;
  return groupRows(rowCount, voterCount, classCount, starts, pairs);
}

/** A dense (rows x voters) matrix of classes with ABSTAIN, row-major. */
export function voteTableFromDense(matrix: ArrayLike<number>, voterCount: number, classCount: number): VoteTable {
  const rowCount = matrix.length / voterCount;
  const rows: number[] = [];
  const voters: number[] = [];
  const classes: number[] = [];
  for (let i = 0; i < matrix.length; i++) {
    if (matrix[i]! < 0) continue;
    rows.push(Math.floor(i / voterCount));
    voters.push(i % voterCount);
    classes.push(matrix[i]!);
  }
  return voteTable({ rowCount, voterCount, classCount, rows, voters, classes });
}

/** Gives rows with the same votes one pattern. `rowPairs` is sorted within rows and reused for the patterns. */
function groupRows(
  rowCount: number,
  voterCount: number,
  classCount: number,
  rowStarts: Uint32Array,
  rowPairs: Uint32Array,
): VoteTable {
  const patternOf = new Uint32Array(rowCount);
  const starts = new Uint32Array(rowCount + 2);
  const weights = new Float64Array(rowCount + 1);
  // Open addressing: slot -> pattern, 0 for none, since the pattern without votes is never looked up.
  let capacity = 16;
  while (capacity < rowCount * 2) capacity *= 2;
  const slots = new Uint32Array(capacity);
  const hashes = new Uint32Array(capacity);
  let patterns = 1;
  for (let row = 0; row < rowCount; row++) {
    const from = rowStarts[row]!;
    const length = sortDistinct(rowPairs, from, rowStarts[row + 1]!);
    if (length === 0) {
      weights[0]!++;
      continue;
    }
    const hash = hashOf(rowPairs, from, length);
    let slot = hash & (capacity - 1);
    for (; slots[slot] !== 0; slot = (slot + 1) & (capacity - 1)) {
      if (hashes[slot] === hash && sameVotes(rowPairs, starts, slots[slot]!, from, length)) break;
    }
    if (slots[slot] === 0) {
      slots[slot] = patterns;
      hashes[slot] = hash;
      // Patterns are packed in front of the rows still to come, so nothing unread is overwritten.
      rowPairs.copyWithin(starts[patterns]!, from, from + length);
      starts[patterns + 1] = starts[patterns]! + length;
      patterns++;
    }
    patternOf[row] = slots[slot]!;
    weights[slots[slot]!]!++;
  }
  return {
    rowCount,
    voterCount,
    classCount,
    starts: starts.slice(0, patterns + 1),
    pairs: rowPairs.slice(0, starts[patterns]!),
    weights: weights.slice(0, patterns),
    patternOf,
  };
}

function sameVotes(pairs: Uint32Array, starts: Uint32Array, pattern: number, from: number, length: number): boolean {
  const at = starts[pattern]!;
  if (starts[pattern + 1]! - at !== length) return false;
  for (let i = 0; i < length; i++) if (pairs[at + i] !== pairs[from + i]) return false;
  return true;
}

/** Sorts [from, to) in place, moves distinct values to the front, returns how many there are. */
function sortDistinct(values: Uint32Array, from: number, to: number): number {
  // Insertion sort: rows hold a handful of votes, mostly in order already.
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    let j = i - 1;
    for (; j >= from && values[j]! > value; j--) values[j + 1] = values[j]!;
    values[j + 1] = value;
  }
  let count = 0;
  for (let i = from; i < to; i++) if (i === from || values[i] !== values[i - 1]) values[from + count++] = values[i]!;
  return count;
}

function hashOf(values: Uint32Array, from: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < from + length; i++) {
    hash = Math.imul(hash ^ values[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/** Share of rows with votes, with two or more, with votes for different classes. */
export function voteShares(table: VoteTable): { coverage: number; overlap: number; conflict: number } {
  let [covered, overlapped, conflicting] = [0, 0, 0];
  for (let p = 1; p < table.weights.length; p++) {
    const own = table.pairs.subarray(table.starts[p]!, table.starts[p + 1]!);
    const weight = table.weights[p]!;
    const classes = new Set(own.map((pair) => pair % table.classCount));
    const voters = new Set(own.map((pair) => Math.floor(pair / table.classCount)));
    covered += weight;
    if (voters.size > 1) overlapped += weight;
    if (classes.size > 1) conflicting += weight;
  }
  const n = Math.max(1, table.rowCount);
  return { coverage: covered / n, overlap: overlapped / n, conflict: conflicting / n };
}

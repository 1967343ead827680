/**
 * The moment model: what voters say of a class is read off how often pairs of votes come together, because votes that
 * depend only on the class satisfy P(a, b) = sum over classes of P(class) P(a | class) P(b | class) (Ratner et al. 2019,
 * the label model of Snorkel). Solved by alternating least squares on the pairs of different voters.
 */
import { AppError } from '../core/errors.ts';
import type { LabelModel } from './model.ts';
import { naiveBayes } from './naive-bayes.ts';
import type { VoteTable } from './votes.ts';

/** (different votes x classes) squared; a sweep costs that much, and a second holds about 10^9. */
const MOMENTS_MAX = 1e7;

export interface MomentOptions {
  readonly sweepsMax?: number;
  /** Pull towards "right `assumed` of the time", in units of squared co-occurrence. */
  readonly ridge?: number;
  readonly assumed?: number;
  readonly abstainCounts?: boolean;
}

/**
 * @param prior (classes) class shares, from gold or assumed; moments alone do not give them.
 * @throws LIMIT_SIZE when there are more different votes than can be solved; the triplet model too.
 */
export function momentModel(table: VoteTable, prior: Float64Array, options: MomentOptions = {}): LabelModel {
  const { sweepsMax = 60, ridge = 0.3, assumed = 0.8, abstainCounts = false } = options;
  const columns = usedColumns(table);
  const together = pairMoments(table, columns);
  const rates = startRates(columns, prior, assumed);
  const start = rates.slice();
  for (let sweep = 0; sweep < sweepsMax; sweep++) {
    const next = solvedColumns(columns, together, rates, start, prior, ridge);
    let moved = 0;
    for (let i = 0; i < rates.length; i++) {
      moved = Math.max(moved, Math.abs(next[i]! - rates[i]!));
      // All columns step together and half way: alternating in turn would let the order of the voters matter.
      rates[i] = (rates[i]! + next[i]!) / 2;
    }
    if (moved < 1e-6) break;
  }
  return naiveBayes('moment', table, spread(columns, rates, table), prior, abstainCounts);
}

/** Every column's best rates, the others held. */
function solvedColumns(
  columns: Columns,
  together: Float64Array,
  rates: Float64Array,
  start: Float64Array,
  prior: Float64Array,
  ridge: number,
): Float64Array {
  const k = prior.length;
  const d = columns.pairs.length;
  const out = new Float64Array(d * k);
  const normal = new Float64Array(k * k);
  const right = new Float64Array(k);
  for (let a = 0; a < d; a++) {
    normal.fill(0);
    right.fill(0);
    for (let b = 0; b < d; b++) {
      if (columns.voters[a] === columns.voters[b]) continue;
      addMoment(normal, right, rates.subarray(b * k, (b + 1) * k), prior, together[a * d + b]!);
    }
    const rate = columns.rates[a]!;
    for (let i = 0; i < k; i++) {
      // The column's own frequency is a moment too, and the surest one.
      right[i]! += prior[i]! * (rate + ridge * rate * start[a * k + i]!);
      for (let j = 0; j < k; j++) normal[i * k + j]! += prior[i]! * prior[j]!;
      normal[i * k + i]! += ridge * rate * prior[i]! + 1e-12;
    }
    solveInPlace(normal, right, k);
    for (let c = 0; c < k; c++) out[a * k + c] = Math.min(1, Math.max(rate * 1e-3, right[c]!));
  }
  return out;
}

/** The (voter, vote) pairs that occur. */
export interface Columns {
  readonly pairs: Uint32Array;
  readonly voters: Uint32Array;
  readonly votes: Uint32Array;
  /** Share of the rows with votes. */
  readonly rates: Float64Array;
  /** (voters x classes) column of each pair; -1 where it never occurs. */
  readonly columnOf: Int32Array;
  readonly covered: number;
}

export function usedColumns(table: VoteTable): Columns {
  const k = table.classCount;
  const counts = new Float64Array(table.voterCount * k);
  let covered = 0;
  for (let p = 1; p < table.weights.length; p++) {
    covered += table.weights[p]!;
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) counts[table.pairs[i]!]! += table.weights[p]!;
  }
  const pairs = new Uint32Array(counts.length).map((_, i) => i).filter((pair) => counts[pair]! > 0);
  const columnOf = new Int32Array(counts.length).fill(-1);
  pairs.forEach((pair, column) => {
    columnOf[pair] = column;
  });
  return {
    pairs,
    voters: pairs.map((pair) => Math.floor(pair / k)),
    votes: pairs.map((pair) => pair % k),
    rates: Float64Array.from(pairs, (pair) => counts[pair]! / Math.max(1, covered)),
    columnOf,
    covered,
  };
}

/** (columns x columns) share of rows with votes on which both occur. */
export function pairMoments(table: VoteTable, columns: Columns): Float64Array {
  const d = columns.pairs.length;
  if ((d * table.classCount) ** 2 > MOMENTS_MAX) {
    throw new AppError(
      'LIMIT_SIZE',
      `Moments of ${d} different votes on ${table.classCount} classes are too many to solve.`,
      {
        details: { votes: d, classes: table.classCount },
      },
    );
  }
  const out = new Float64Array(d * d);
  for (let p = 1; p < table.weights.length; p++) {
    const weight = table.weights[p]! / columns.covered;
    for (let i = table.starts[p]!; i < table.starts[p + 1]!; i++) {
      const a = columns.columnOf[table.pairs[i]!]! * d;
      for (let j = table.starts[p]!; j < table.starts[p + 1]!; j++)
        out[a + columns.columnOf[table.pairs[j]!]!]! += weight;
    }
  }
  return out;
}

/** A vote goes with its class `assumed` of the time, and with the others by their shares. */
function startRates(columns: Columns, prior: Float64Array, assumed: number): Float64Array {
  const k = prior.length;
  const out = new Float64Array(columns.pairs.length * k);
  columns.pairs.forEach((_, a) => {
    const vote = columns.votes[a]!;
    const others = Math.max(1e-9, 1 - prior[vote]!);
    for (let c = 0; c < k; c++) {
      const share = c === vote ? assumed : ((1 - assumed) * prior[c]!) / others;
      out[a * k + c] = Math.min(1, (columns.rates[a]! * share) / prior[c]!);
    }
  });
  return out;
}

function addMoment(
  normal: Float64Array,
  right: Float64Array,
  other: Float64Array,
  prior: Float64Array,
  moment: number,
): void {
  const k = prior.length;
  for (let i = 0; i < k; i++) {
    const x = prior[i]! * other[i]!;
    if (x === 0) continue;
    right[i]! += x * moment;
    for (let j = 0; j < k; j++) normal[i * k + j]! += x * prior[j]! * other[j]!;
  }
}

/** Gaussian elimination with partial pivoting; the answer replaces `right`. */
function solveInPlace(matrix: Float64Array, right: Float64Array, n: number): void {
  for (let col = 0; col < n; col++) {
    let pivot = col;
    for (let row = col + 1; row < n; row++) {
      if (Math.abs(matrix[row * n + col]!) > Math.abs(matrix[pivot * n + col]!)) pivot = row;
    }
    for (let j = 0; j < n; j++) swap(matrix, col * n + j, pivot * n + j);
    swap(right, col, pivot);
    for (let row = 0; row < n; row++) {
      if (row === col) continue;
      const factor = matrix[row * n + col]! / matrix[col * n + col]!;
      if (factor === 0) continue;
      for (let j = col; j < n; j++) matrix[row * n + j]! -= factor * matrix[col * n + j]!;
      right[row]! -= factor * right[col]!;
    }
  }
  for (let i = 0; i < n; i++) right[i]! /= matrix[i * n + i]!;
}

function swap(values: Float64Array, a: number, b: number): void {
  const held = values[a]!;
  values[a] = values[b]!;
  values[b] = held;
}

/** Column rates back into the (voters x classes voted x classes) form. */
export function spread(columns: Columns, rates: Float64Array, table: VoteTable): Float64Array {
  const k = table.classCount;
  const out = new Float64Array(table.voterCount * k * k);
  columns.pairs.forEach((pair, a) => {
    for (let c = 0; c < k; c++) out[pair * k + c] = rates[a * k + c]!;
  });
  return out;
}

/**
 * The label model of a project: every candidate is held against gold, and the majority stands unless one is better by
 * more than chance. No single model wins everywhere, and plain Dawid-Skene loses to the majority on a third of sets.
 */
import { calibrated } from './calibrate.ts';
import { dawidSkene } from './dawid-skene.ts';
import type { GoldCounts } from './expectation.ts';
import { majority, weightedMajority } from './majority.ts';
import { creditOf, type LabelModel, patternPosterior, priorFromGold } from './model.ts';
import { momentModel } from './moment.ts';
import { goldCounts, supervisedModel } from './supervised.ts';
import { tripletModel } from './triplet.ts';
import type { VoteTable } from './votes.ts';

/** What a candidate may look at: all votes, and gold that the score does not come from. */
export interface FitInput {
  readonly table: VoteTable;
  readonly prior: Float64Array;
  readonly gold: GoldCounts;
}

export interface Candidate {
  readonly name: string;
  /** Learns from gold rows themselves, so it is scored on held-out ones. */
  readonly usesGold: boolean;
  fit(input: FitInput): LabelModel;
}

export const CANDIDATES: readonly Candidate[] = [
  { name: 'majority', usesGold: false, fit: ({ table, prior }) => majority(table, prior) },
  { name: 'weighted-majority', usesGold: false, fit: ({ table, prior }) => weightedMajority(table, prior) },
  {
    name: 'dawid-skene',
    usesGold: false,
    fit: ({ table, prior }) => dawidSkene(table, { prior, strength: 10, assumed: 0.9 }),
  },
  {
    name: 'dawid-skene-votes',
    usesGold: false,
    fit: ({ table, prior }) => dawidSkene(table, { prior, abstainCounts: false, strength: 10, assumed: 0.7 }),
  },
  { name: 'moment', usesGold: false, fit: ({ table, prior }) => momentModel(table, prior) },
  { name: 'triplet', usesGold: false, fit: ({ table, prior }) => tripletModel(table, prior) },
  {
    name: 'triplet-silence',
    usesGold: false,
    fit: ({ table, prior }) => tripletModel(table, prior, { abstainCounts: true }),
  },
  { name: 'gold-weights', usesGold: true, fit: ({ table, prior, gold }) => supervisedModel(table, gold, prior) },
  {
    name: 'dawid-skene-gold',
    usesGold: true,
    fit: ({ table, prior, gold }) => dawidSkene(table, { prior, gold, strength: 10, assumed: 0.9 }),
  },
];

export interface CandidateScore {
  readonly name: string;
  /** Share of gold rows with votes answered right; ties share credit. */
  readonly accuracy: number;
  /** Mean and standard error of the gain over the majority, row by row. */
  readonly gain: number;
  readonly gainError: number;
  /** Why it has no score, if it failed. */
  readonly error: string;
}

export interface Selection {
  /** The chosen model, fitted on all votes and all gold, its posterior calibrated. */
  readonly model: LabelModel;
  readonly candidate: Candidate;
  readonly scores: readonly CandidateScore[];
  /** One sentence for people. */
  readonly reason: string;
}

export interface SelectOptions {
  readonly candidates?: readonly Candidate[];
  /** Standard errors by which a model must beat the majority; 1.28 is 90 %, one-sided. */
  readonly margin?: number;
  /** Gold rows with votes below which the majority is taken without a contest. */
  readonly goldMin?: number;
  readonly folds?: number;
}

/**
 * Chooses a label model on gold.
 * @param gold (rows) class, or -1 where it is not known.
 */
export function selectModel(table: VoteTable, gold: ArrayLike<number>, options: SelectOptions = {}): Selection {
  const { candidates = CANDIDATES, margin = 1.28, goldMin = 30, folds = 5 } = options;
  const input = fitInput(table, gold);
  const counts = input.gold;
  const rows = goldRows(table, gold);
  const floor = credits(majority(table, input.prior), table, gold, rows);
  if (rows.length < goldMin) {
    const model = calibrated(majority(table, input.prior), table, counts);
    const reason = `Majority: ${rows.length} annotated tasks have votes, and a contest needs ${goldMin}.`;
    return { model, candidate: CANDIDATES[0]!, scores: [], reason };
  }
  const scores = candidates.map((candidate) => score(candidate, input, gold, rows, floor, folds));
  const better = scores.filter((one) => one.gain > margin * one.gainError && one.gain > 0);
  const best = better.reduce<CandidateScore | undefined>((a, b) => (a && a.accuracy >= b.accuracy ? a : b), undefined);
  const chosen = candidates.find((one) => one.name === best?.name) ?? CANDIDATES[0]!;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const reason = best
    ? `${best.name} answers ${percent(best.accuracy)} of ${rows.length} annotated tasks right, the majority ${percent(mean(floor))}.`
    : `Majority: it answers ${percent(mean(floor))} of ${rows.length} annotated tasks right, and no model is surely better.`;
  return { model: calibrated(chosen.fit(input), table, counts), candidate: chosen, scores, reason };
}

/** What candidates are fitted on when all gold is known. */
export function fitInput(table: VoteTable, gold: ArrayLike<number>): FitInput {
  // Gold of rows with votes: the prior of the others is not what votes are weighed against.
  const covered = goldRows(table, gold).map((row) => gold[row]!);
  return { table, prior: priorFromGold(covered, table.classCount), gold: goldCounts(table, gold) };
}

/** Rows with gold and votes. */
export function goldRows(table: VoteTable, gold: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (let row = 0; row < table.rowCount; row++) if (gold[row]! >= 0 && table.patternOf[row] !== 0) out.push(row);
  return out;
}

function score(
  candidate: Candidate,
  input: FitInput,
  gold: ArrayLike<number>,
  rows: readonly number[],
  floor: readonly number[],
  folds: number,
): CandidateScore {
  try {
    const own = new Array<number>(rows.length).fill(0);
    for (const { model, at } of honestFits(candidate, input, gold, rows, folds)) {
      const all = credits(model, input.table, gold, rows);
      for (const i of at) own[i] = all[i]!;
    }
    const gains = own.map((credit, i) => credit - floor[i]!);
    const gain = mean(gains);
    const variance = mean(gains.map((one) => (one - gain) ** 2));
    return { name: candidate.name, accuracy: mean(own), gain, gainError: Math.sqrt(variance / rows.length), error: '' };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { name: candidate.name, accuracy: Number.NaN, gain: Number.NaN, gainError: Number.NaN, error: text };
  }
}

/**
 * Fits that have not seen the gold of the rows they answer, `at` (indices into `rows`): one for candidates that never
 * look at gold, one per fold for the others. Rows go to folds in turn, so that order does not matter.
 */
export function honestFits(
  candidate: Candidate,
  input: FitInput,
  gold: ArrayLike<number>,
  rows: readonly number[],
  folds = 5,
): { model: LabelModel; at: number[] }[] {
  const all = rows.map((_, i) => i);
  if (!candidate.usesGold) return [{ model: candidate.fit(input), at: all }];
  return Array.from({ length: Math.min(folds, rows.length) }, (_, fold) => {
    const seen = new Int32Array(input.table.rowCount).fill(-1);
    for (const i of all) if (i % folds !== fold) seen[rows[i]!] = gold[rows[i]!]!;
    const prior = priorFromGold(seen, input.table.classCount);
    const model = candidate.fit({ table: input.table, prior, gold: goldCounts(input.table, seen) });
    return { model, at: all.filter((i) => i % folds === fold) };
  });
}

function credits(model: LabelModel, table: VoteTable, gold: ArrayLike<number>, rows: readonly number[]): number[] {
  const k = table.classCount;
  const posterior = patternPosterior(model, table);
  return rows.map((row) => {
    const pattern = table.patternOf[row]!;
    return creditOf(posterior.subarray(pattern * k, (pattern + 1) * k), gold[row]!);
  });
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

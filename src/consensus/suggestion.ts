/**
 * The label model of a project as a table that answers one task at a time: the votes of its labelers and, where there is
 * one, the calibrated opinion of the head. Fitting looks at many tasks; answering costs the task's votes and nothing else.
 */
import { type Evidence, evidenceOf, rowEvidence } from './evidence.ts';
import type { GoldCounts } from './expectation.ts';
import { labelTable, NO, oneSidedVoters, YES } from './multilabel.ts';
import { POOL_GOLD_MIN, type PoolRow, pooled, poolWeights } from './pool.ts';
import { type Candidate, fitInput, goldRows, honestFits, selectModel } from './select.ts';
import { supervisedModel } from './supervised.ts';
import { type VoteRows, type VoteTable, voteTable } from './votes.ts';

export interface SuggestionFit {
  /** Votes of everybody but the head. */
  readonly votes: VoteRows;
  /** Several classes may hold at once: one question per class. */
  readonly multiple: boolean;
  /** (rows) class or -1; with `multiple` (rows x classes) 1, 0 or -1 where it is not known. */
  readonly gold: Int32Array;
  /** Rows on which the head's honest opinion is known: of a head that had not seen their answer. */
  readonly headRows: Uint32Array;
  /** (headRows x classes) calibrated probabilities. */
  readonly headProbabilities: Float32Array;
}

/** One choice among classes, or yes and no to one class of several. */
export interface Question extends Evidence {
  /** Weights of head and votes where both speak, and of votes where there is no head. */
  readonly head: number;
  readonly votes: number;
  readonly alone: number;
  /** Are the weights with a head, and those without, fitted on gold? Else the posterior is a belief, not a measurement. */
  readonly measured: { readonly withHead: boolean; readonly alone: boolean };
}

export interface SuggestionModel {
  /** The label model that was chosen; of the first question where there are several. */
  readonly name: string;
  /** One sentence for people. */
  readonly reason: string;
  readonly multiple: boolean;
  readonly classCount: number;
  /** Voters that were seen to vote for one class only: with `multiple`, they do not deny the others. */
  readonly oneSided: readonly number[];
  /**
   * (voters) estimated share of right votes, annotations counted as they are; null for one that never voted. With
   * `multiple`, of the labels given: a label that is not given is no vote.
   */
  readonly accuracy: readonly (number | null)[];
  readonly questions: readonly Question[];
}

export interface VoterVote {
  readonly voter: number;
  readonly label: number;
}

export interface Opinion {
  /** (classes) sums to 1, or with `multiple` each by itself. */
  readonly probabilities: Float64Array;
  /** Are they calibrated on gold? */
  readonly measured: boolean;
}

/** Fits on all votes; chooses on gold, with the majority as the floor; calibrates together with the head. */
export function fitSuggestion(fit: SuggestionFit): SuggestionModel {
  const { votes, multiple, gold } = fit;
  const k = votes.classCount;
  const oneSided = oneSidedVoters(votes);
  if (!multiple) {
    const table = voteTable(votes);
    const heads = headsOf(fit, (row) => Float64Array.from(row, logShare));
    const { question, name, reason, tally } = fitQuestion(table, gold, heads, () => true);
    const accuracy = accuracyOfVoters([tally], votes.voterCount);
    return { name, reason, multiple, classCount: k, oneSided: [...oneSided], accuracy, questions: [question] };
  }
  const fitted = Array.from({ length: k }, (_, label) => {
    const own = new Int32Array(votes.rowCount);
    for (let row = 0; row < votes.rowCount; row++) own[row] = gold[row * k + label]!;
    const heads = headsOf(fit, (row) => yesNo(row[label]!));
    return fitQuestion(labelTable(votes, label, oneSided), own, heads, (said) => said === YES);
  });
  const [first] = fitted;
  return {
    name: first?.name ?? '',
    reason: first?.reason ?? '',
    multiple,
    classCount: k,
    oneSided: [...oneSided],
    accuracy: accuracyOfVoters(
      fitted.map((one) => one.tally),
      votes.voterCount,
    ),
    questions: fitted.map((one) => one.question),
  };
}

/**
 * What votes and head together say of a task; null when neither says anything. Without votes it is exactly the head's.
 * @param head (classes) calibrated probabilities, or null; with `multiple`, NaN where it has none.
 */
export function weighVotes(
  model: SuggestionModel,
  votes: readonly VoterVote[],
  head: ArrayLike<number> | null,
): Opinion | null {
  if (votes.length === 0) return head && { probabilities: Float64Array.from(head), measured: true };
  if (model.multiple) return weighLabels(model, votes, head);
  const pairs = new Set(votes.map(({ voter, label }) => voter * model.classCount + label));
  const question = model.questions[0]!;
  return answer(question, [...pairs], head && Float64Array.from(head, logShare));
}

function weighLabels(model: SuggestionModel, votes: readonly VoterVote[], head: ArrayLike<number> | null): Opinion {
  const probabilities = new Float64Array(model.classCount);
  const oneSided = new Set(model.oneSided);
  const saidBy = new Map<number, Set<number>>();
  for (const { voter, label } of votes) saidBy.set(voter, (saidBy.get(voter) ?? new Set()).add(label));
  let measured = true;
  model.questions.forEach((question, label) => {
    const pairs = [...saidBy].flatMap(([voter, labels]) => {
      if (labels.has(label)) return [voter * 2 + YES];
      return oneSided.has(voter) ? [] : [voter * 2 + NO];
    });
    const share = head?.[label] ?? Number.NaN;
    if (pairs.length === 0) {
      // A label that nobody speaks of is not suggested.
      probabilities[label] = Number.isNaN(share) ? 0 : share;
      return;
    }
    const own = answer(question, pairs, Number.isNaN(share) ? null : yesNo(share));
    probabilities[label] = own.probabilities[YES]!;
    measured &&= own.measured;
  });
  return { probabilities, measured };
}

function answer(question: Question, pairs: ArrayLike<number>, head: Float64Array | null): Opinion {
  const evidence = evidenceOf(question, pairs);
  const probabilities = new Float64Array(evidence.length);
  if (head === null) {
    pooled({ opinions: [evidence], base: question.logPrior }, [question.alone], probabilities);
    return { probabilities, measured: question.measured.alone };
  }
  pooled({ opinions: [head, evidence] }, [question.head, question.votes], probabilities);
  return { probabilities, measured: question.measured.withHead };
}

interface FittedQuestion {
  readonly question: Question;
  readonly name: string;
  readonly reason: string;
  /** Null where nothing is measured. */
  readonly tally: Tally | null;
}

/** (voters) votes that were given, and how many of them are held to be right. */
interface Tally {
  readonly right: Float64Array;
  readonly given: Float64Array;
}

/** @param isVote Which classes of the question count as votes that somebody gave. */
function fitQuestion(
  table: VoteTable,
  gold: Int32Array,
  heads: ReadonlyMap<number, Float64Array>,
  isVote: (said: number) => boolean,
): FittedQuestion {
  const rows = goldRows(table, gold);
  const input = fitInput(table, gold);
  if (rows.length < POOL_GOLD_MIN) {
    // Too little to choose by: every vote is believed as much as its few gold rows and a careful guess allow, and nothing
    // is read from silence.
    const model = supervisedModel(table, input.gold, input.prior, { abstainCounts: false });
    const question = {
      ...rowEvidence(model, table),
      head: 1,
      votes: 1,
      alone: 1,
      measured: { withHead: false, alone: false },
    };
    const reason = `${rows.length} annotated tasks have votes; from ${POOL_GOLD_MIN} on they are weighed by what proved right.`;
    // A belief put in is no estimate that comes out.
    return { question, name: model.name, reason, tally: null };
  }
  const { candidate, reason } = selectModel(table, gold);
  const model = candidate.fit(input);
  const evidence = honestEvidence(candidate, table, gold, rows);
  const alone = rows.map((row, i): PoolRow => ({ ...evidence[i]!, truth: gold[row]! }));
  const both = rows.flatMap((row, i): PoolRow[] => {
    const head = heads.get(row);
    return head ? [{ opinions: [head, ...evidence[i]!.opinions], truth: gold[row]! }] : [];
  });
  const withHead = both.length >= POOL_GOLD_MIN;
  const [headWeight = 1, votesWeight = 1] = withHead ? poolWeights(both, 2) : [];
  const [aloneWeight = 1] = poolWeights(alone, 1);
  const question: Question = {
    ...rowEvidence(model, table),
    head: headWeight,
    votes: withHead ? votesWeight : aloneWeight,
    alone: aloneWeight,
    measured: { withHead, alone: true },
  };
  return { question, name: candidate.name, reason, tally: tallyOf(question, table, input.gold, isVote) };
}

/**
 * Right is what gold says, and elsewhere as much as the calibrated answer holds it to be: a model that has not been held
 * against gold takes most votes for right.
 */
function tallyOf(question: Question, table: VoteTable, gold: GoldCounts, isVote: (said: number) => boolean): Tally {
  const { classCount: k, voterCount, starts, pairs, weights } = table;
  const [right, given] = [new Float64Array(voterCount), new Float64Array(voterCount)];
  for (let p = 1; p < weights.length; p++) {
    const own = pairs.subarray(starts[p]!, starts[p + 1]!);
    const known = gold.counts.subarray(p * k, (p + 1) * k);
    const open = weights[p]! - known.reduce((a, b) => a + b, 0);
    const { probabilities } = answer(question, own, null);
    for (const pair of own) {
      const [voter, said] = [Math.floor(pair / k), pair % k];
      if (!isVote(said)) continue;
      given[voter]! += weights[p]!;
      right[voter]! += known[said]! + open * probabilities[said]!;
    }
  }
  return { right, given };
}

/** (voters) share of right votes over all questions; null for one that never voted. */
function accuracyOfVoters(tallies: readonly (Tally | null)[], voterCount: number): (number | null)[] {
  const sum = (of: keyof Tally, voter: number): number =>
    tallies.reduce((all, tally) => all + (tally?.[of][voter] ?? 0), 0);
  return Array.from({ length: voterCount }, (_, voter) => {
    const given = sum('given', voter);
    return given === 0 ? null : sum('right', voter) / given;
  });
}

/** What the votes of each gold row say, by fits that have not seen its answer. */
function honestEvidence(
  candidate: Candidate,
  table: VoteTable,
  gold: Int32Array,
  rows: readonly number[],
): { opinions: Float64Array[]; base: readonly number[] }[] {
  const out = new Array<{ opinions: Float64Array[]; base: readonly number[] }>(rows.length);
  for (const { model, at } of honestFits(candidate, fitInput(table, gold), gold, rows)) {
    const own = rowEvidence(model, table);
    for (const i of at) {
      const pattern = table.patternOf[rows[i]!]!;
      const pairs = table.pairs.subarray(table.starts[pattern]!, table.starts[pattern + 1]!);
      out[i] = { opinions: [evidenceOf(own, pairs)], base: own.logPrior };
    }
  }
  return out;
}

function headsOf(
  { headRows, headProbabilities, votes }: SuggestionFit,
  form: (row: Float32Array) => Float64Array,
): Map<number, Float64Array> {
  const k = votes.classCount;
  return new Map(
    Array.from(headRows, (row, i) => [row, form(headProbabilities.subarray(i * k, (i + 1) * k))] as const),
  );
}

/** No opinion is taken as proof. */
const SHARE_MIN = 1e-4;

function logShare(share: number): number {
  return Math.log(Math.min(Math.max(share, SHARE_MIN), 1));
}

function yesNo(yes: number): Float64Array {
  const out = new Float64Array(2);
  out[NO] = logShare(1 - yes);
  out[YES] = logShare(yes);
  return out;
}

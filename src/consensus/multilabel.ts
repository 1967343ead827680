/** Several labels per task: one question per label, answered by a label model of its own. */
import { type LabelModel, type Posterior, posteriorOf } from './model.ts';
import { type VoteRows, type VoteTable, voteTable } from './votes.ts';

/** Classes of each question. */
export const NO = 0;
export const YES = 1;

/**
 * The question "does it have label c?": a voter that names c says yes, one that names only others says no, and one that
 * is silent on the row says nothing. For voters that can only ever say one label, `silentOthers` turns the no into silence.
 */
export function labelTable(votes: VoteRows, label: number, silentOthers: ReadonlySet<number> = new Set()): VoteTable {
  const rows: number[] = [];
  const voters: number[] = [];
  const classes: number[] = [];
  const said = new Map<number, boolean>();
  for (let i = 0; i < votes.rows.length; i++) {
    const key = votes.rows[i]! * votes.voterCount + votes.voters[i]!;
    said.set(key, (said.get(key) ?? false) || votes.classes[i] === label);
  }
  for (const [key, yes] of said) {
    const voter = key % votes.voterCount;
    if (!yes && silentOthers.has(voter)) continue;
    rows.push(Math.floor(key / votes.voterCount));
    voters.push(voter);
    classes.push(yes ? YES : NO);
  }
  return voteTable({ rowCount: votes.rowCount, voterCount: votes.voterCount, classCount: 2, rows, voters, classes });
}

/** Voters that were seen to vote for one class only: a rule that says "spam" does not deny "urgent". */
export function oneSidedVoters(votes: VoteRows): ReadonlySet<number> {
  const first = new Map<number, number>();
  const several = new Set<number>();
  for (let i = 0; i < votes.rows.length; i++) {
    const voter = votes.voters[i]!;
    const known = first.get(voter);
    if (known === undefined) first.set(voter, votes.classes[i]!);
    else if (known !== votes.classes[i]) several.add(voter);
  }
  return new Set([...first.keys()].filter((voter) => !several.has(voter)));
}

export interface MultiLabelPosterior {
  readonly rowCount: number;
  readonly classCount: number;
  /** (rows x classes) probability of each label by itself; rows do not sum to 1. */
  readonly probabilities: Float64Array;
  /** (rows x classes) 1 where somebody voted on the question. */
  readonly covered: Uint8Array;
  readonly models: readonly LabelModel[];
}

/** One-vs-rest: fits a model per label with `fitOne` and gathers the answers. */
export function oneVsRest(
  votes: VoteRows,
  fitOne: (table: VoteTable, label: number) => LabelModel,
): MultiLabelPosterior {
  const { rowCount, classCount: k } = votes;
  const silent = oneSidedVoters(votes);
  const probabilities = new Float64Array(rowCount * k);
  const covered = new Uint8Array(rowCount * k);
  const models: LabelModel[] = [];
  for (let label = 0; label < k; label++) {
    const table = labelTable(votes, label, silent);
    const model = fitOne(table, label);
    models.push(model);
    copyColumn(posteriorOf(model, table), label, k, probabilities, covered);
  }
  return { rowCount, classCount: k, probabilities, covered, models };
}

function copyColumn(
  posterior: Posterior,
  label: number,
  k: number,
  probabilities: Float64Array,
  covered: Uint8Array,
): void {
  for (let row = 0; row < posterior.rowCount; row++) {
    probabilities[row * k + label] = posterior.probabilities[row * 2 + YES]!;
    covered[row * k + label] = posterior.covered[row]!;
  }
}

/**
 * Which votes of rules count. A run says which rule versions it stands for and which earlier runs it leans on, because a
 * changed rule is applied alone; so undoing a run brings back exactly what was there before it.
 */
import type { Prediction, Run, Vote } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { RuleFaultRow } from '../../store/ports/rules.ts';
import { withoutOldPropagation } from '../spread/votes.ts';

export interface RuleRunParams {
  /** Number of the document. */
  readonly document: number;
  /** First ordinal it looked at, and the first it did not. */
  readonly from: number;
  readonly to: number;
  /** Labelers of all enabled rules of the document. */
  readonly labelers: readonly number[];
  /** Those it applied itself. */
  readonly applied: readonly number[];
  /** Earlier runs whose votes of these labelers go on counting. */
  readonly sources: readonly number[];
  /** The run whose rules it brings to new tasks; null when it was applied by hand. */
  readonly root: number | null;
  /** Rules strike out each other's votes, so its votes are of no use to another document. */
  readonly interacts: boolean;
}

export function paramsOf(run: Run): RuleRunParams {
  return run.params as unknown as RuleRunParams;
}

export function asParams(params: RuleRunParams): JsonObject {
  return params as unknown as JsonObject;
}

/** Runs of rules that ended well and were not undone, oldest first. */
export function standingRuns(runs: readonly Run[]): Run[] {
  const done = runs.filter((run) => run.kind === 'rules' && run.state === 'done' && run.revokedAt === null);
  const ids = new Set(done.map((run) => run.id));
  return done.filter((run) => paramsOf(run).root === null || ids.has(paramsOf(run).root!)).sort((a, b) => a.id - b.id);
}

export interface RulesInForce {
  /** The run applied by hand that decides. */
  readonly run: Run;
  readonly labelers: ReadonlySet<number>;
  readonly runs: ReadonlySet<number>;
  /** First ordinal that these rules have not seen. */
  readonly to: number;
}

/** Undefined while no rules are applied. */
export function rulesInForce(runs: readonly Run[], faults: readonly RuleFaultRow[]): RulesInForce | undefined {
  const standing = standingRuns(runs);
  const run = standing.filter((one) => paramsOf(one).root === null).at(-1);
  if (!run) return undefined;
  const { labelers, sources } = paramsOf(run);
  const faulty = new Set(faults.map((fault) => fault.labelerId));
  const extensions = standing.filter((one) => paramsOf(one).root === run.id);
  return {
    run,
    labelers: new Set(labelers.filter((id) => !faulty.has(id))),
    runs: new Set([run.id, ...extensions.map((one) => one.id), ...sources]),
    to: Math.max(paramsOf(run).to, ...extensions.map((one) => paramsOf(one).to)),
  };
}

/** Leaves out votes that do not count: of propagation out of force, and of rules: of unfinished runs, of replaced versions, of versions that failed. */
export function countingVotes(
  votes: readonly Vote[],
  runs: readonly Run[],
  inForce: RulesInForce | undefined,
): readonly Vote[] {
  const current = withoutOldPropagation(votes, runs);
  const ofRules = new Set(runs.filter((run) => run.kind === 'rules').map((run) => run.id));
  const seen = new Set<string>();
  return current.filter((vote) => {
    if (!ofRules.has(vote.runId)) return true;
    // A rule that failed once and was applied again has said some things twice.
    const key = `${vote.taskId} ${vote.labelId} ${vote.labelerId}`;
    if (!isInForce(vote, inForce) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Leaves out what span rules marked in unfinished runs, or in versions that were replaced or failed. */
export function countingPredictions<T extends Pick<Prediction, 'runId' | 'labelerId'>>(
  predictions: readonly T[],
  runs: readonly Run[],
  inForce: RulesInForce | undefined,
): T[] {
  const ofRules = new Set(runs.filter((run) => run.kind === 'rules').map((run) => run.id));
  return predictions.filter(({ runId, labelerId }) => {
    if (runId === null || !ofRules.has(runId)) return true;
    return (inForce?.runs.has(runId) && inForce.labelers.has(labelerId)) ?? false;
  });
}

export function isInForce(vote: Vote, inForce: RulesInForce | undefined): boolean {
  if (inForce === undefined || vote.labelerId === undefined) return false;
  return inForce.runs.has(vote.runId) && inForce.labelers.has(vote.labelerId);
}

/** What a new document can take over: labelers that were applied to everything before `to`, and from which runs. */
export function reusable(runs: readonly Run[]): {
  labelers: ReadonlySet<number>;
  sources: readonly number[];
  to: number;
} {
  const standing = standingRuns(runs).filter((run) => !paramsOf(run).interacts);
  const to = Math.max(0, ...standing.map((run) => paramsOf(run).to));
  const reach = new Map<number, number>();
  for (const run of [...standing].sort((a, b) => paramsOf(a).from - paramsOf(b).from)) {
    const { applied, from, to: end } = paramsOf(run);
    for (const id of applied) if ((reach.get(id) ?? 0) >= from) reach.set(id, Math.max(reach.get(id) ?? 0, end));
  }
  const labelers = new Set([...reach].filter(([, end]) => end >= to).map(([id]) => id));
  return { labelers, sources: standing.map((run) => run.id), to };
}

/** Which votes of propagation count: those of the newest run that ended well and was not undone. */
import type { Run, Vote } from '../../core/domain.ts';

/** A run of votes: spans are propagated as predictions, which need no such rule. */
function isVoting(run: Run): boolean {
  return run.kind === 'propagation' && run.params.spans === undefined;
}

/** Undefined while nothing is propagated. */
export function propagationInForce(runs: readonly Run[]): Run | undefined {
  return runs.filter(isStanding).sort((a, b) => b.id - a.id)[0];
}

function isStanding(run: Run): boolean {
  return isVoting(run) && run.state === 'done' && run.revokedAt === null;
}

/** Leaves out votes of propagation runs that go on, failed, or have a newer one beside them. */
export function withoutOldPropagation(votes: readonly Vote[], runs: readonly Run[]): readonly Vote[] {
  const all = runs.filter(isVoting);
  if (all.length === 0) return votes;
  const newest = propagationInForce(all);
  const others = new Set(all.filter((run) => run.id !== newest?.id).map((run) => run.id));
  return votes.filter((vote) => !others.has(vote.runId));
}

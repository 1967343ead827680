/** Who votes beside the head, and which of their votes count: rules in force, models, neighbours. */
import type { Labeler, Run, Vote } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import { labelerKey } from '../../formats/index.ts';
import type { RuleFaultRow } from '../../store/ports/rules.ts';
import { rulesInForce } from '../rules/runs.ts';

/** The labeler under which the heads of the project vote; their opinion is weighed by its probability, not as a vote. */
export const HEAD = 'head';

/** Plain data: it is stored with the label model, so that reading votes needs no list of runs. */
export interface Voters {
  /** What people call them. */
  readonly names: readonly string[];
  /** (labeler id, voter) for votes that name their labeler. */
  readonly byLabeler: readonly (readonly [number, number])[];
  /** Runs in which votes name their labeler. */
  readonly labelerRuns: readonly number[];
  /** (run id, voter) for runs of one labeler. */
  readonly byRun: readonly (readonly [number, number])[];
}

export function votersOf(
  runs: readonly Run[],
  faults: readonly RuleFaultRow[],
  labelers: ReadonlyMap<number, Labeler>,
): Voters {
  const names: string[] = [];
  const byLabeler: [number, number][] = [];
  const byRun: [number, number][] = [];
  const inForce = rulesInForce(runs, faults);
  for (const id of [...(inForce?.labelers ?? [])].sort((a, b) => a - b)) {
    byLabeler.push([id, names.length]);
    names.push(nameOf(labelers.get(id)));
  }
  const standing = runs.filter((run) => run.state === 'done' && run.revokedAt === null && run.labelerId !== null);
  for (const own of newestVersions(standing, labelers)) {
    for (const run of own) byRun.push([run.id, names.length]);
    names.push(nameOf(labelers.get(own[0]!.labelerId!)));
  }
  // One voice for all of them: what one spread to is mostly what the next one spreads to.
  const spread = standing.filter((run) => run.kind === 'propagation');
  for (const run of spread) byRun.push([run.id, names.length]);
  if (spread.length > 0) names.push('neighbour');
  return { names, byLabeler, labelerRuns: [...(inForce?.runs ?? [])], byRun };
}

/** The voter of a vote; undefined for votes that do not count. */
export function voterLookup({
  byLabeler,
  labelerRuns,
  byRun,
}: Omit<Voters, 'names'>): (vote: Pick<Vote, 'runId' | 'labelerId'>) => number | undefined {
  const ofLabeler = new Map(byLabeler);
  const named = new Set(labelerRuns);
  const ofRun = new Map(byRun);
  return ({ runId, labelerId }) => {
    if (labelerId === undefined) return ofRun.get(runId);
    return named.has(runId) ? ofLabeler.get(labelerId) : undefined;
  };
}

/** Runs of each model's newest version, by model. */
function newestVersions(standing: readonly Run[], labelers: ReadonlyMap<number, Labeler>): Run[][] {
  const ofModels = standing.filter((run) => {
    const labeler = labelers.get(run.labelerId!);
    return run.kind === 'prelabel' && labeler?.kind === 'model' && labeler.name !== HEAD;
  });
  const byName = groupBy(ofModels, (run) => labelers.get(run.labelerId!)!.name);
  return [...byName.values()].map((own) => {
    const newest = own.reduce((a, b) => (b.id > a.id ? b : a)).labelerId;
    return own.filter((run) => run.labelerId === newest);
  });
}

function nameOf(labeler: Labeler | undefined): string {
  return labeler ? labelerKey(labeler) : '';
}

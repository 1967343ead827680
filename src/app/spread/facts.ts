/** What people have said so far, as labels that teach and labels that check as well. */
import type { LabeledOrdinal } from '../../compute/neighbours.ts';
import type { Annotation, Project } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import { stableHash } from '../../core/json.ts';
import { hashUnit } from '../../core/random.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { lessonOf } from '../queue/answers.ts';
import { BlindSlice } from '../queue/blind-slice.ts';

export interface Facts {
  readonly seeds: readonly LabeledOrdinal[];
  /** Tasks of the random slice, and those drawn at random for checking; in random order. */
  readonly verified: readonly LabeledOrdinal[];
  /** Task of each ordinal. */
  readonly taskIds: ReadonlyMap<number, number>;
  /** Changes with every answer and every task. */
  readonly fingerprint: string;
}

const PAGE = 500;
const ORDINALS_PAGE = 10_000;
/** A class of several holds when at least half of the people chose it. */
const HELD = 0.5;

export async function factsOf(deps: Deps, project: Project, config: ProjectConfig): Promise<Facts> {
  const [taskIds, annotations, chosen] = await Promise.all([
    taskIdsOf(deps, project.id),
    allAnnotations(deps, project.id),
    randomTasks(deps, project),
  ]);
  const ordinals = new Map([...taskIds].map(([ordinal, id]) => [id, ordinal]));
  const bulk = await bulkRuns(deps, project.id);
  const seeds: LabeledOrdinal[] = [];
  const verified: (LabeledOrdinal & { readonly place: number })[] = [];
  for (const [taskId, own] of groupBy(annotations, (one) => one.taskId)) {
    // Tasks labeled in bulk were picked because they looked sure: such labels teach, and prove nothing.
    const { shares, proven } = lessonOf(config, own, bulk);
    const ordinal = ordinals.get(taskId);
    if (shares === null || ordinal === undefined) continue;
    // What was labeled in bulk first was still open before all bulk acts, its own among them, whoever looked at it since.
    const reviewed = proven && own.some(({ runId }) => runId !== null && bulk.has(runId));
    const at = reviewed ? 0 : Math.min(...own.map((one) => one.id));
    const labeled = { ordinal, classes: classesOf(shares, config.control!.multiple), at, inBulk: !proven };
    if (proven && chosen(taskId)) verified.push({ ...labeled, place: hashUnit(project.settings.seed, 'fold', taskId) });
    else seeds.push(labeled);
  }
  verified.sort((a, b) => a.place - b.place);
  seeds.sort((a, b) => a.ordinal - b.ordinal);
  return {
    seeds,
    verified: verified.map(({ place: _, ...labeled }) => labeled),
    taskIds,
    fingerprint: stableHash([seeds, verified, taskIds.size, config.classes]).slice(0, 16),
  };
}

function classesOf(shares: readonly number[], multiple: boolean): number[] {
  if (!multiple) return [shares.indexOf(Math.max(...shares))];
  return [...shares.keys()].filter((c) => shares[c]! >= HELD);
}

async function randomTasks({ store }: Deps, project: Project): Promise<(taskId: number) => boolean> {
  const slice = new BlindSlice(project.settings.seed, project.settings.blindShare);
  const checks = new Set((await store.spread.wanted(project.id)).filter((one) => one.checks).map((one) => one.taskId));
  return (taskId) => slice.has(taskId) || checks.has(taskId);
}

/** Runs whose annotations people gave by the dozen, or never looked at. */
async function bulkRuns({ store }: Deps, projectId: number): Promise<Set<number>> {
  const runs = await store.runs.list(projectId);
  return new Set(runs.filter(({ kind }) => kind === 'promote' || kind === 'auto-accept').map((run) => run.id));
}

async function taskIdsOf({ store }: Deps, projectId: number): Promise<Map<number, number>> {
  const all = new Map<number, number>();
  for (let from = 0; ; ) {
    const { ids, ordinals } = await store.tasks.ordinals(projectId, from, ORDINALS_PAGE);
    if (ordinals.length === 0) return all;
    for (const [i, ordinal] of ordinals.entries()) all.set(ordinal, ids[i]!);
    from = ordinals.at(-1)! + 1;
  }
}

async function allAnnotations({ store }: Deps, projectId: number): Promise<Annotation[]> {
  const all: Annotation[] = [];
  for (let after = 0; ; ) {
    const page = await store.annotations.list(projectId, { after, limit: PAGE });
    if (page.length === 0) return all;
    all.push(...page);
    after = page.at(-1)!.id;
  }
}

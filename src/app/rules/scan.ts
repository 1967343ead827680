/** Rules over many tasks without writing anything: votes, what people say of the same tasks, and what it cost. */
import type { MatchedRules, RuleProgram } from '../../compute/rules-compute.ts';
import type { Annotation, Project, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Place, RuleVotes, TaskTruth } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { ofPeople, promotionRuns, sharesOf } from '../queue/answers.ts';
import type { KnownFacts } from './media-facts.ts';
import { spansIn } from './span-target.ts';
import { viewsOf } from './views.ts';

/** Reports look at no more: their figures no longer change in the second digit, and votes are held in memory. */
export const RULE_REPORT_TASKS_MAX = 200_000;
const CHUNK = 1_000;
/** Share of the annotators from which a label or a span counts. */
const AGREED = 0.5;

export interface RuleScan {
  readonly taskIds: number[];
  readonly parts: RuleVotes[];
  /** (tasks) what people say. */
  readonly truth: TaskTruth[];
  readonly ruleMs: Float64Array;
  chars: number;
  /** What rules could not know of media. */
  readonly gaps: { readonly waiting: number[]; readonly unreadable: KnownFacts['unreadable'][number][] };
}

export function newScan(ruleCount: number): RuleScan {
  return {
    taskIds: [],
    parts: [],
    truth: [],
    ruleMs: new Float64Array(ruleCount),
    chars: 0,
    gaps: { waiting: [], unreadable: [] },
  };
}

/** Matches tasks and adds them to the scan. */
export async function scanTasks(
  deps: Deps,
  config: ProjectConfig,
  program: RuleProgram,
  tasks: readonly Task[],
  scan: RuleScan,
): Promise<MatchedRules> {
  const { views, gaps } = await viewsOf(deps.store, config, program.rules, tasks);
  for (const id of gaps.waiting) scan.gaps.waiting.push(id);
  for (const one of gaps.unreadable) scan.gaps.unreadable.push(one);
  const matched = await deps.compute.rules.match(program, views, scan.taskIds.length);
  for (const one of await truthOf(deps, config, tasks)) scan.truth.push(one);
  for (const task of tasks) scan.taskIds.push(task.id);
  scan.parts.push(matched.votes);
  scan.chars += matched.chars;
  for (const [rule, ms] of matched.ruleMs.entries()) scan.ruleMs[rule]! += ms;
  return matched;
}

/** All tasks of the project in id order, up to the most that a report looks at. */
export async function scanProject(
  deps: Deps,
  project: Project,
  config: ProjectConfig,
  programs: readonly RuleProgram[],
): Promise<RuleScan[]> {
  const scans = programs.map((program) => newScan(program.rules.length));
  for (let after = 0, seen = 0; seen < RULE_REPORT_TASKS_MAX; ) {
    const tasks = await deps.store.tasks.list(project.id, { after, limit: CHUNK });
    if (tasks.length === 0) break;
    await Promise.all(programs.map((program, i) => scanTasks(deps, config, program, tasks, scans[i]!)));
    after = tasks.at(-1)!.id;
    seen += tasks.length;
  }
  return scans;
}

/**
 * What the annotators of each task agree on, with indices of `ruleLabels`: its class, and the spans that at least half of
 * them marked exactly so. An answer that is known to be right speaks alone.
 */
export async function truthOf({ store }: Deps, config: ProjectConfig, tasks: readonly Task[]): Promise<TaskTruth[]> {
  const [first] = tasks;
  if (!first) return [];
  const given = await store.annotations.ofTasks(tasks.map((task) => task.id));
  const annotations = groupBy(ofPeople(given, await promotionRuns(store, first.projectId)), (one) => one.taskId);
  return tasks.map((task) => {
    const own = annotations.get(task.id) ?? [];
    return { labels: classTruth(config, own), places: placeTruth(config, own) };
  });
}

/** Labels of the task and of its spans, each once. */
export function labelsOf({ labels, places }: TaskTruth): number[] {
  return [...new Set([...(labels ?? []), ...(places ?? []).map((place) => place.label)])];
}

export function isAnnotated({ labels, places }: TaskTruth): boolean {
  return labels !== null || places !== null;
}

/** Null where nobody has answered, or two classes equally often. */
function classTruth(config: ProjectConfig, annotations: readonly Annotation[]): number[] | null {
  const shares = sharesOf(config, annotations);
  if (shares === null) return null;
  if (config.control?.multiple) return [...shares.keys()].filter((i) => shares[i]! >= AGREED);
  const most = Math.max(...shares);
  const best = [...shares.keys()].filter((i) => shares[i] === most);
  return best.length === 1 ? best : null;
}

/** Null where nobody has answered. */
function placeTruth({ spans, ruleLabels }: ProjectConfig, annotations: readonly Annotation[]): Place[] | null {
  const answers = annotations.filter((one) => !one.skipped);
  if (spans === null || answers.length === 0) return null;
  const known = answers.find((one) => one.groundTruth);
  const heard = known ? [known] : answers;
  const counts = new Map<string, { place: Place; answers: number }>();
  for (const { result } of heard) {
    for (const [key, span] of new Map(
      spansIn(spans, result).map((one) => [`${one.start}-${one.end}-${one.label}`, one]),
    )) {
      const place = { ...span, label: ruleLabels.indexOf(spans.labels[span.label]!) };
      counts.set(key, { place, answers: (counts.get(key)?.answers ?? 0) + 1 });
    }
  }
  return [...counts.values()].filter((one) => one.answers >= AGREED * heard.length).map((one) => one.place);
}

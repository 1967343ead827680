/** A draft against some tasks, at once: a spread of the project for coverage, the annotated ones for what it contradicts. */
import type { Project, Task } from '../../core/domain.ts';
import type { Rule } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { RulePreview, RuleTask } from './api.ts';
import { missingFacts } from './media-facts-job.ts';
import { examineScan, reportView, ruleTasks } from './report.ts';
import { labelsOf, newScan, type RuleScan, scanTasks } from './scan.ts';
import { programOf } from './source.ts';

const SPREAD = 1_000;
/** Annotated tasks beside the spread; together they are matched in a few milliseconds. */
const ANNOTATED = 300;
/** Tasks shown per list. */
const SHOWN = 50;

export async function previewRules(
  deps: Deps,
  project: Project,
  config: ProjectConfig,
  rules: readonly Rule[],
  ruleId?: string,
): Promise<RulePreview> {
  const started = performance.now();
  const program = programOf(rules, config);
  const spread = await spreadOf(deps, project);
  const known = new Set(spread.map((task) => task.id));
  const annotated = (await annotatedTasks(deps, project)).filter((task) => !known.has(task.id));
  const scan = newScan(rules.length);
  await scanTasks(deps, config, program, spread, scan);
  const spreadOnly: RuleScan = { ...scan, taskIds: [...scan.taskIds], parts: [...scan.parts], truth: [...scan.truth] };
  if (annotated.length > 0) await scanTasks(deps, config, program, annotated, scan);

  // Coverage is a share of the project, so annotated tasks, which are no fair sample of it, do not count there.
  const whole = examineScan(deps, config, program, scan);
  const shares = annotated.length === 0 ? whole : examineScan(deps, config, program, spreadOnly);
  const [all, share] = await Promise.all([whole, shares]);
  const media = await missingFacts(deps, { projectId: project.id, config, rules, all: false }, scan.gaps);
  const view = reportView(program, scan, all, media);
  const index = rules.findIndex((rule) => rule.id === ruleId);
  const lists = await shownTasks(deps, config, rules, scan, new Map([...spread, ...annotated].map((t) => [t.id, t])), {
    rule: index === -1 ? undefined : index,
    contradicted: all.contradicted,
  });
  return {
    ...view,
    tasks: spread.length,
    coverage: share.coverage,
    overlap: share.overlap,
    conflict: share.conflict,
    rules: view.rules.map((rule, i) => {
      const { hits, coverage, overlap, conflict } = share.rules[i]!;
      return { ...rule, hits, coverage, overlap, conflict };
    }),
    lists,
    ms: performance.now() - started,
  };
}

/** Evenly over all ordinals: the beginning of a file is seldom like the rest of it. */
async function spreadOf({ store }: Deps, project: Project): Promise<Task[]> {
  const step = Math.max(1, project.ordinals / SPREAD);
  const count = Math.min(SPREAD, project.ordinals);
  return store.tasks.byOrdinals(
    project.id,
    Array.from({ length: count }, (_, i) => Math.floor(i * step)),
  );
}

async function annotatedTasks({ store }: Deps, project: Project): Promise<Task[]> {
  const annotations = await store.annotations.list(project.id, { after: 0, limit: ANNOTATED });
  const ids = new Set(annotations.filter((one) => !one.skipped).map((one) => one.taskId));
  const tasks = await Promise.all([...ids].map((id) => store.tasks.get(id)));
  return tasks.filter((task) => task !== undefined);
}

interface Wanted {
  readonly rule: number | undefined;
  /** Numbers of tasks on which rules disagree with annotations or with each other. */
  readonly contradicted: readonly number[];
}

async function shownTasks(
  deps: Deps,
  config: ProjectConfig,
  rules: readonly Rule[],
  scan: RuleScan,
  tasks: ReadonlyMap<number, Task>,
  { rule, contradicted }: Wanted,
): Promise<RulePreview['lists']> {
  const numbers =
    rule === undefined
      ? { hits: hitsOf(scan), conflicts: contradicted, misses: missesOf(scan) }
      : (await examineScan(deps, config, programOf(rules, config), scan, { rule, limit: SHOWN })).lists!;
  const idsOf = (list: readonly number[]) => list.slice(0, SHOWN).map((number) => scan.taskIds[number]!);
  const lists = { hits: idsOf(numbers.hits), conflicts: idsOf(numbers.conflicts), misses: idsOf(numbers.misses) };
  const ids = new Set([...lists.hits, ...lists.conflicts, ...lists.misses]);
  const views = await ruleTasks(
    deps,
    config,
    rules,
    [...ids].map((id) => tasks.get(id)!),
  );
  const shown = (list: readonly number[]): RuleTask[] => list.map((id) => views.get(id)!);
  return { hits: shown(lists.hits), conflicts: shown(lists.conflicts), misses: shown(lists.misses) };
}

/** Tasks on which any rule votes. */
function hitsOf(scan: RuleScan): number[] {
  const hits = new Set<number>();
  for (const part of scan.parts) for (const task of part.tasks) hits.add(task);
  return [...hits];
}

/** Tasks that people labeled, or marked spans in, and on which no rule votes. */
function missesOf(scan: RuleScan): number[] {
  const hits = new Set(hitsOf(scan));
  return [...scan.truth.keys()].filter((task) => labelsOf(scan.truth[task]!).length > 0 && !hits.has(task));
}

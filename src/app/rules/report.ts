/** What rules are worth: figures, contradictions, and tasks to look at with the stretches that made rules fire. */
import type { ExaminedRules, RuleProgram } from '../../compute/rules-compute.ts';
import type { Task } from '../../core/domain.ts';
import {
  factAt,
  factsIn,
  matchFields,
  type Rule,
  type RuleVotes,
  type SpanCounts,
  wilsonInterval,
} from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ShareWithInterval } from '../learning/insights-api.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { RuleMatch, RuleMedia, RuleReportView, RuleTask, RuleView, SpanQuality } from './api.ts';
import { factSourceOf } from './media-facts.ts';
import { isAnnotated, labelsOf, type RuleScan, truthOf } from './scan.ts';
import { programOf } from './source.ts';
import { viewsOf } from './views.ts';

export interface ListRequest {
  readonly rule: number;
  readonly limit: number;
}

export async function examineScan(
  { compute }: Deps,
  { control }: ProjectConfig,
  program: RuleProgram,
  scan: RuleScan,
  list?: ListRequest,
): Promise<ExaminedRules> {
  const listed = list && program.rules[list.rule]!;
  const labels = listed?.labels.map((label) => program.labels.indexOf(label)) ?? [];
  return compute.rules.examine({
    parts: scan.parts,
    taskCount: scan.taskIds.length,
    ruleCount: program.rules.length,
    labelCount: program.labels.length,
    truth: scan.truth,
    several: control?.multiple ?? false,
    ...(list ? { list: { ...list, labels, spans: listed!.spans !== null } } : {}),
  });
}

export function reportView(
  program: RuleProgram,
  scan: RuleScan,
  examined: ExaminedRules,
  media: RuleMedia | null,
  estimated: readonly (number | null)[] = [],
): RuleReportView {
  const faults = new Map(scan.parts.flatMap(({ faults }) => faults.map((one) => [one.rule, one.error.message])));
  const skipped = new Map<number, number>();
  for (const part of scan.parts) {
    for (const [rule, count] of part.skipped) skipped.set(rule, (skipped.get(rule) ?? 0) + count);
  }
  return {
    tasks: scan.taskIds.length,
    annotated: scan.truth.filter(isAnnotated).length,
    coverage: examined.coverage,
    overlap: examined.overlap,
    conflict: examined.conflict,
    accuracy: Number.isNaN(examined.accuracy) ? null : examined.accuracy,
    spans: program.rules.some((rule) => rule.spans !== null) ? spanQuality(examined.spans) : null,
    rules: program.rules.map((rule, i): RuleView => {
      const { hits, coverage, overlap, conflict, checked, correct, interval, covers, flips } = examined.rules[i]!;
      return {
        id: rule.id,
        version: rule.version,
        line: rule.line,
        enabled: rule.enabled,
        labels: rule.labels,
        hits,
        coverage,
        overlap,
        conflict,
        precision: shareOf(correct, checked, interval),
        counts: rule.spans === null ? 'tasks' : 'spans',
        estimated: estimated[i] ?? null,
        covers,
        flips,
        msPerMillionChars: scan.chars === 0 ? 0 : (1e6 * scan.ruleMs[i]!) / scan.chars,
        fault: faults.get(i) ?? null,
        skipped: skipped.get(i) ?? 0,
      };
    }),
    conflicts: examined.conflicts.map(({ a, b, tasks }) => ({
      a: program.rules[a]!.id,
      b: program.rules[b]!.id,
      tasks,
    })),
    media,
  };
}

function spanQuality({ marked, correct, wanted }: SpanCounts): SpanQuality {
  return { precision: shareOf(correct, marked), recall: shareOf(correct, wanted) };
}

function shareOf(hits: number, n: number, interval = wilsonInterval(hits, n)): ShareWithInterval | null {
  return n === 0 ? null : { n, hits, share: hits / n, low: interval.low, high: interval.high };
}

/** (rules) how often each is right as a label model sees it; rules that mark spans are not asked. */
export async function estimateRules(
  { compute }: Deps,
  { rules }: RuleProgram,
  config: ProjectConfig,
  { parts, taskIds, truth }: RuleScan,
): Promise<readonly (number | null)[]> {
  const { control, classes } = config;
  const columns = { rows: [] as number[], voters: [] as number[], classes: [] as number[] };
  for (const votes of parts) {
    votes.rules.forEach((rule, i) => {
      if (rules[rule]!.spans !== null || votes.labels[i]! >= classes.length) return;
      columns.rows.push(votes.tasks[i]!);
      columns.voters.push(rule);
      columns.classes.push(votes.labels[i]!);
    });
  }
  if (control === null || columns.rows.length === 0) return [];
  const gold = control.multiple
    ? truth.flatMap(({ labels }) => classes.map((_, c) => (labels === null ? -1 : Number(labels.includes(c)))))
    : truth.map(({ labels }) => labels?.[0] ?? -1);
  const model = await compute.fitSuggestion({
    votes: { ...columns, rowCount: taskIds.length, voterCount: rules.length, classCount: classes.length },
    multiple: control.multiple,
    gold: Int32Array.from(gold),
    headRows: new Uint32Array(0),
    headProbabilities: new Float32Array(0),
  });
  return model.accuracy;
}

/** Tasks as people look at them: matched once more, this time with the places. */
export async function ruleTasks(
  deps: Deps,
  config: ProjectConfig,
  rules: readonly Rule[],
  tasks: readonly Task[],
): Promise<Map<number, RuleTask>> {
  const program = programOf(rules, config);
  const marking = { ...program, key: `${program.key}/marks`, rules: rules.map(markingRule) };
  const { views } = await viewsOf(deps.store, config, rules, tasks);
  const paths = [...new Set(rules.flatMap((rule) => (rule.enabled ? factsIn(rule.when) : [])))];
  const media = shownMedia(config);
  const [voted, marked, truth] = await Promise.all([
    deps.compute.rules.match(program, views, 0),
    deps.compute.rules.match(marking, views, 0),
    truthOf(deps, config, tasks),
  ]);
  const votes = rowsByTask(voted.votes, (i) => ({
    rule: rules[voted.votes.rules[i]!]!.id,
    label: config.ruleLabels[voted.votes.labels[i]!]!,
  }));
  const places = matchesOf(rules, marked.votes);
  return new Map(
    tasks.map((task, i) => [
      task.id,
      {
        taskId: task.id,
        text: config.textOf(task.data) ?? '',
        votes: votes.get(i) ?? [],
        matches: places.get(i) ?? [],
        facts: paths.map((path) => ({ path, value: factAt(views[i]!.facts, path) })),
        media,
        annotated: labelsOf(truth[i]!).map((index) => config.ruleLabels[index]!),
      },
    ]),
  );
}

/** What the page shows where there is no text. */
function shownMedia(config: ProjectConfig): RuleTask['media'] {
  return config.input === 'text' ? null : factSourceOf(config);
}

/** The same rule, saying where it matches, if it matches text in one field. Veto and priority would hide places. */
function markingRule(rule: Rule): Rule {
  const marks = rule.labels.length > 0 && matchFields(rule.when).size === 1;
  return { ...rule, priority: 0, veto: [], spans: rule.spans ?? (marks ? { group: 0 } : null) };
}

function matchesOf(rules: readonly Rule[], { spans }: RuleVotes): Map<number, RuleMatch[]> {
  const fields = rules.map((rule) => [...matchFields(rule.when)][0] ?? '');
  const out = new Map<number, RuleMatch[]>();
  const seen = new Set<string>();
  for (let i = 0; i < spans.tasks.length; i++) {
    const [task, rule, start, end] = [spans.tasks[i]!, spans.rules[i]!, spans.starts[i]!, spans.ends[i]!];
    // A rule with several labels marks the same place once for each.
    const key = `${task} ${rule} ${start} ${end}`;
    if (seen.has(key)) continue;
    seen.add(key);
    out.set(task, [...(out.get(task) ?? []), { rule: rules[rule]!.id, field: fields[rule]!, start, end }]);
  }
  return out;
}

function rowsByTask<T>(votes: RuleVotes, row: (i: number) => T): Map<number, T[]> {
  const out = new Map<number, T[]>();
  for (let i = 0; i < votes.tasks.length; i++) {
    const own = out.get(votes.tasks[i]!) ?? [];
    own.push(row(i));
    out.set(votes.tasks[i]!, own);
  }
  return out;
}

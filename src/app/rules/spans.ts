/** What span rules marked, kept as predictions of the run: one per task and rule. */
import type { Run, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { RuleVotes } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { spanRegion } from './span-target.ts';

interface SpanAct {
  readonly config: ProjectConfig;
  readonly run: Run;
  /** Labeler of each rule. */
  readonly labelers: readonly number[];
}

/** @param again whether some of these tasks may have been done before a crash. Returns how many predictions it kept. */
export async function writeSpans(
  { store }: Deps,
  act: SpanAct,
  { spans }: RuleVotes,
  tasks: readonly Task[],
  again: boolean,
): Promise<number> {
  const target = act.config.spans;
  if (target === null || spans.tasks.length === 0) return 0;
  const indexOf = new Map(target.labels.map((name, label) => [act.config.ruleLabels.indexOf(name), label]));
  const marked = groupBy(spans.tasks.keys(), (i) => `${spans.tasks[i]} ${spans.rules[i]}`);
  // A chunk that a crash has cut short is done again; votes are written once by themselves, predictions are not.
  const known = again ? await store.predictions.ofTasks(tasks.map((task) => task.id)) : [];
  const done = new Set(known.flatMap((one) => (one.runId === act.run.id ? [`${one.taskId} ${one.labelerId}`] : [])));
  const fresh = [...marked.values()].flatMap((places) => {
    const task = tasks[spans.tasks[places[0]!]!]!;
    const labelerId = act.labelers[spans.rules[places[0]!]!]!;
    const found = places.flatMap((i) => {
      const label = indexOf.get(spans.labels[i]!);
      return label === undefined ? [] : [{ start: spans.starts[i]!, end: spans.ends[i]!, label }];
    });
    if (found.length === 0 || done.has(`${task.id} ${labelerId}`)) return [];
    const result = found.map((span) => spanRegion(target, task.data, span, null));
    const { projectId, id: taskId, ordinal } = task;
    return [{ projectId, taskId, ordinal, labelerId, runId: act.run.id, result, score: null }];
  });
  return (await store.predictions.add(fresh)).length;
}

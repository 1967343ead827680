/** What rules see of tasks: their data and meta, and the scores of models where a rule asks for them. */
import type { Run, Task } from '../core/domain.ts';
import type { Condition, Rule, TaskView } from '../rules/index.ts';
import type { Store } from '../store/store.ts';

/** Does the condition, or one inside it, look at such things? */
export function looksAt(condition: Condition, kind: Condition['kind']): boolean {
  if (condition.kind === kind) return true;
  if (condition.kind === 'near') return looksAt(condition.first, kind) || looksAt(condition.second, kind);
  if (!('of' in condition)) return false;
  return [condition.of].flat().some((one) => looksAt(one, kind));
}

export function asksScores(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.enabled && looksAt(rule.when, 'score'));
}

export async function viewsOf(
  store: Store,
  rules: readonly Rule[],
  tasks: readonly Pick<Task, 'id' | 'projectId' | 'data' | 'meta'>[],
): Promise<TaskView[]> {
  const [first] = tasks;
  if (!first || !asksScores(rules)) return tasks.map(({ data, meta }) => ({ data, meta }));
  const scores = await scoresOf(
    store,
    first.projectId,
    tasks.map((task) => task.id),
  );
  return tasks.map(({ id, data, meta }) => ({ data, meta, scores: scores.get(id) ?? {} }));
}

type Scores = Record<string, Record<string, number>>;

/** By task: what each model's newest standing run says, for the labels that it chose. */
async function scoresOf(store: Store, projectId: number, taskIds: readonly number[]): Promise<Map<number, Scores>> {
  const models = await modelNames(store, await store.runs.list(projectId));
  const labels = new Map((await store.labels.list(projectId)).map((label) => [label.id, label.value]));
  const out = new Map<number, Scores>();
  const newest = new Map<string, number>();
  // Votes come ordered by task and run.
  for (const { taskId, runId, labelId, score } of await store.votes.ofTasks(taskIds)) {
    const model = models.get(runId);
    const label = labels.get(labelId);
    if (model === undefined || label === undefined) continue;
    const own = out.get(taskId) ?? {};
    const key = `${taskId} ${model}`;
    if (newest.get(key) !== runId) own[model] = {};
    newest.set(key, runId);
    own[model]![label] = score;
    out.set(taskId, own);
  }
  return out;
}

/** Model behind each run of a model that ended well: `head` for the trained ones. */
async function modelNames(store: Store, runs: readonly Run[]): Promise<Map<number, string>> {
  const names = new Map((await store.labelers.list()).map((labeler) => [labeler.id, labeler.name]));
  const done = runs.filter((run) => run.kind === 'prelabel' && run.state === 'done' && run.revokedAt === null);
  return new Map(
    done.flatMap((run) => {
      const name = run.labelerId === null ? undefined : names.get(run.labelerId);
      return name === undefined ? [] : [[run.id, name] as const];
    }),
  );
}

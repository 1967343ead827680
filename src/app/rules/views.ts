/** What rules see of tasks: data and meta, and, where a rule asks for them, scores of models, facts of media, regions. */
import type { Run, Task } from '../../core/domain.ts';
import { type Condition, conditionsIn, factsIn, PIXEL_FACTS, type Rule, type TaskView } from '../../rules/index.ts';
import type { Store } from '../../store/store.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type FactSource, factSourceOf, type KnownFacts, knownFacts } from './media-facts.ts';
import { regionsOf } from './regions.ts';

type Kind = Condition['kind'];

function ask(rules: readonly Rule[], kind: Kind): boolean {
  return rules.some((rule) => rule.enabled && conditionsIn(rule.when).some((one) => one.kind === kind));
}

/** Do votes hang on more than the task and the rule: on models, files or answers of the day? */
export function asksElsewhere(rules: readonly Rule[]): boolean {
  return (['score', 'fact', 'within'] as const).some((kind) => ask(rules, kind));
}

/** The files whose facts the rules ask for, and whether their colours are wanted; null when they ask for none. */
export function wantedFacts(
  rules: readonly Rule[],
  config: ProjectConfig,
): { readonly source: FactSource; readonly pixels: boolean } | null {
  const paths = rules.flatMap((rule) => (rule.enabled ? factsIn(rule.when) : []));
  const source = factSourceOf(config);
  if (paths.length === 0 || source === null) return null;
  return { source, pixels: paths.some((path) => PIXEL_FACTS.includes(path.split('.', 1)[0]!)) };
}

export interface RuleViews {
  readonly views: readonly TaskView[];
  /** What rules could not know of media; they keep silent there. */
  readonly gaps: Pick<KnownFacts, 'waiting' | 'unreadable'>;
}

const NO_GAPS = { waiting: [], unreadable: [] };

export async function viewsOf(
  store: Store,
  config: ProjectConfig,
  rules: readonly Rule[],
  tasks: readonly Pick<Task, 'id' | 'projectId' | 'data' | 'meta'>[],
): Promise<RuleViews> {
  const [first] = tasks;
  if (!first || !asksElsewhere(rules)) return { views: tasks.map(({ data, meta }) => ({ data, meta })), gaps: NO_GAPS };
  const wanted = wantedFacts(rules, config);
  const [scores, known, regions] = await Promise.all([
    ask(rules, 'score')
      ? scoresOf(
          store,
          first.projectId,
          tasks.map((task) => task.id),
        )
      : null,
    wanted && knownFacts({ store }, tasks, wanted),
    ask(rules, 'within') ? regionsOf(store, config, tasks) : null,
  ]);
  const views = tasks.map(({ id, data, meta }): TaskView => {
    const facts = known?.facts.get(id);
    return {
      data,
      meta,
      ...(scores && { scores: scores.get(id) ?? {} }),
      ...(facts && { facts }),
      ...(regions && { regions: regions.get(id) ?? [] }),
    };
  });
  return { views, gaps: known ?? NO_GAPS };
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

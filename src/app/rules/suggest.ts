/** Words that announce a label, from what people have answered: of whole tasks, or of the spans that they marked. */
import type { Task } from '../../core/domain.ts';
import { valueAt } from '../../labelconfig/index.ts';
import type { Place, Suggestion, SuggestOptions, TaskTruth } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { isAnnotated, truthOf } from './scan.ts';

/** Annotated texts that suggestions are made from. */
const TASKS_MAX = 5_000;
const CHUNK = 1_000;
/** Of a task without the label: which others it has does not matter. */
const OTHER = -1;

interface AnnotatedTask {
  readonly task: Task;
  readonly truth: TaskTruth;
}

/** @param label one of `config.ruleLabels`. */
export async function suggestWords(
  deps: Deps,
  config: ProjectConfig,
  projectId: number,
  label: string,
  options: SuggestOptions,
): Promise<Suggestion[]> {
  const annotated = await annotatedTasks(deps, config, projectId);
  const suggest = config.classes.includes(label) ? forTasks : forSpans;
  return suggest(deps, config, annotated, config.ruleLabels.indexOf(label), options);
}

async function annotatedTasks(deps: Deps, config: ProjectConfig, projectId: number): Promise<AnnotatedTask[]> {
  const { store } = deps;
  const out: AnnotatedTask[] = [];
  const seen = new Set<number>();
  for (let after = 0; out.length < TASKS_MAX; ) {
    const annotations = await store.annotations.list(projectId, { after, limit: CHUNK });
    if (annotations.length === 0) break;
    after = annotations.at(-1)!.id;
    const fresh = [...new Set(annotations.map((one) => one.taskId))].filter((id) => !seen.has(id));
    const tasks = (await Promise.all(fresh.map((id) => store.tasks.get(id)))).filter((task) => task !== undefined);
    const truths = await truthOf(deps, config, tasks);
    for (const [i, task] of tasks.entries()) {
      seen.add(task.id);
      if (isAnnotated(truths[i]!)) out.push({ task, truth: truths[i]! });
    }
  }
  return out;
}

function forTasks(
  { compute }: Deps,
  config: ProjectConfig,
  annotated: readonly AnnotatedTask[],
  label: number,
  options: SuggestOptions,
): Promise<Suggestion[]> {
  const texts: string[] = [];
  const truths: number[] = [];
  for (const { task, truth } of annotated) {
    const text = config.textOf(task.data);
    if (text === null || truth.labels === null) continue;
    texts.push(text);
    truths.push(truth.labels.includes(label) ? label : OTHER);
  }
  return compute.rules.suggest(texts, Int32Array.from(truths), label, options);
}

function forSpans(
  { compute }: Deps,
  { spans }: ProjectConfig,
  annotated: readonly AnnotatedTask[],
  label: number,
  options: SuggestOptions,
): Promise<Suggestion[]> {
  const texts: string[] = [];
  const marked: (readonly Place[])[] = [];
  for (const { task, truth } of annotated) {
    const text = spans === null ? undefined : valueAt(task.data, spans.field);
    if (typeof text !== 'string' || truth.places === null) continue;
    texts.push(text);
    marked.push(truth.places.filter((place) => place.label === label));
  }
  return compute.rules.suggestSpans(texts, marked, options);
}

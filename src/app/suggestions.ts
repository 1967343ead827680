/** Suggestions: what the label model makes of all votes on a task, or the head alone where nobody else votes. */
import type { Labeler, Project, Region, Run, Task, Vote } from '../core/domain.ts';
import { groupBy } from '../core/group.ts';
import type { PredictionView } from './app.ts';
import type { Deps } from './deps.ts';
import type { LabelModels } from './label-models.ts';
import { found } from './lookup.ts';
import type { Loop } from './loop.ts';
import { versionName } from './predictions.ts';
import type { ProjectConfig, ProjectConfigs } from './project-config.ts';
import { hasOtherControls, type SuggestedRegions, suggestedRegions } from './span-suggestions.ts';
import { choiceRegion, chooseLabels, type Suggestion, weighed } from './suggest.ts';
import { HEAD } from './voters.ts';

export interface Suggestions {
  /** The suggestion for each of these tasks of one project, from what is stored; those that nobody has reached are left out. */
  current(projectId: number, tasks: readonly Task[]): Promise<PredictionView[]>;
  /** The suggestion for a task that is handed out now, with the live head's opinion; null where there is none. */
  forTask(loop: Loop, task: Task): Promise<Suggested | null>;
}

/** A suggestion as it is shown, and the labeler that answers for it. */
export interface Suggested {
  readonly result: readonly Region[];
  readonly score: number | null;
  readonly name: string;
  readonly version: string;
}

interface Sources {
  readonly deps: Deps;
  readonly configs: ProjectConfigs;
  readonly labelModels: LabelModels;
}

export function createSuggestions(sources: Sources): Suggestions {
  return {
    current: (projectId, tasks) => currentPredictions(sources, projectId, tasks),
    forTask: (loop, task) => suggestionFor(sources, loop, task),
  };
}

/**
 * The head's opinion comes with the order; among many people, whatever did not is answered by what is stored, because
 * nobody should wait for a thread that ranks.
 */
async function suggestionFor(sources: Sources, loop: Loop, task: Task): Promise<Suggested | null> {
  const known = loop.known(task.ordinal);
  const choice =
    !known && loop.roster.isShared
      ? await storedChoice(sources, loop, task)
      : await liveChoice(sources, loop, task, known ?? (await loop.suggest(task.ordinal)));
  const [regions = null] = await regionsFor(sources, loop.config, [task]);
  if (choice === null || regions === null) return choice ?? regions;
  return { ...choice, result: [...choice.result, ...regions.result] };
}

async function storedChoice(sources: Sources, { project, config }: Loop, task: Task): Promise<Suggested | null> {
  const view = (await currentChoices(sources, project, config, [task])).get(task.id);
  if (!view) return null;
  const [name = '', version = ''] = view.modelVersion.split('@');
  return { result: view.result, score: view.score, name, version };
}

async function liveChoice(
  sources: Sources,
  loop: Loop,
  task: Task,
  head: ArrayLike<number> | null,
): Promise<Suggested | null> {
  const made = await liveSuggestion(sources, loop, task, head);
  if (made === null || loop.config.control === null) return null;
  const { labels, score, name, version } = made;
  return { result: [choiceRegion(loop.config.control, labels, score)], score, name, version };
}

async function liveSuggestion(
  sources: Sources,
  loop: Loop,
  task: Task,
  head: ArrayLike<number> | null,
): Promise<Suggestion | null> {
  const weigher = await sources.labelModels.of(task.projectId, loop.config);
  if (weigher) {
    const votes = weigher.votesOf(await sources.deps.store.votes.ofTasks([task.id]));
    if (votes.length > 0) return weighed(loop.config, weigher, weigher.weigh(votes, head));
  }
  const choice = head && chooseLabels(loop.config, head);
  return choice && { ...choice, name: HEAD, version: loop.version?.version ?? 'live' };
}

async function currentPredictions(
  sources: Sources,
  projectId: number,
  tasks: readonly Task[],
): Promise<PredictionView[]> {
  const { store } = sources.deps;
  const project = await found('project', projectId, store.projects.get(projectId));
  const config = sources.configs.of(project);
  const choices = await currentChoices(sources, project, config, tasks);
  const regions = await regionsFor(sources, config, tasks);
  return tasks.flatMap((task, i): PredictionView[] => {
    // What was stored as one prediction is listed as that one already.
    const [choice, other] = [choices.get(task.id), regions[i]?.weighed ? regions[i] : null];
    if (choice) return [{ ...choice, result: [...choice.result, ...(other?.result ?? [])] }];
    if (!other) return [];
    const { result, score, name, version, createdAt } = other;
    const modelVersion = versionName({ name, version });
    return [{ id: null, projectId, taskId: task.id, result, score, modelVersion, runId: null, createdAt }];
  });
}

/** What bulk acts have marked in each task, in the order of the tasks. */
async function regionsFor(
  { deps, labelModels }: Sources,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<(SuggestedRegions | null)[]> {
  if (!hasOtherControls(config) || tasks.length === 0) return tasks.map(() => null);
  const weigher = await labelModels.ofSpans(tasks[0]!.projectId, config);
  const stored = await deps.store.predictions.ofTasks(tasks.map((task) => task.id));
  const byTask = groupBy(stored, (one) => one.taskId);
  return Promise.all(tasks.map((task) => suggestedRegions(deps, config, weigher, task, byTask.get(task.id) ?? [])));
}

/**
 * The choice for each task: what the label model makes of all votes, where others than the head vote; else what the active
 * version says.
 */
async function currentChoices(
  { deps, labelModels }: Sources,
  project: Project,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<Map<number, PredictionView>> {
  const { store } = deps;
  if (config.control === null) return new Map();
  const votes = groupBy(await store.votes.ofTasks(tasks.map((task) => task.id)), (vote) => vote.taskId);
  const head = await headVotes(deps, project, config.control.name);
  const weigher = await labelModels.of(project.id, config);
  const nameOf = new Map((await store.labels.list(project.id)).map((label) => [label.id, label.value]));
  const views = [...votes].flatMap(([taskId, all]): PredictionView[] => {
    const own = head?.of(all) ?? [];
    const others = weigher?.votesOf(all) ?? [];
    if (weigher && others.length > 0) {
      const opinion = weigher.weigh(others, own.length === 0 ? null : completed(config, own, nameOf));
      const made = weighed(config, weigher, opinion);
      if (made === null) return [];
      const view = viewOf(config, project.id, taskId, made.labels, made.score);
      return [{ ...view, modelVersion: versionName(made), runId: null, createdAt: weigher.createdAt }];
    }
    if (head === null || own.length === 0) return [];
    const { id, createdAt } = head.runOf(own[0]!);
    const score = Math.min(...own.map((vote) => vote.score));
    const names = own.map((vote) => nameOf.get(vote.labelId)!);
    const view = viewOf(config, project.id, taskId, names, score);
    return [{ ...view, modelVersion: versionName(head.labeler), runId: id, createdAt }];
  });
  return new Map(views.map((view) => [view.taskId, view]));
}

interface HeadVotes {
  readonly labeler: Labeler;
  /** Those of a task's votes that are its own. */
  of(votes: readonly Vote[]): Vote[];
  runOf(vote: Vote): Run;
}

/** The active version's votes, in standing runs; null while no version has voted. */
async function headVotes({ store }: Deps, project: Project, control: string): Promise<HeadVotes | null> {
  const active = await store.models.active(project.id, control);
  const runs = (await store.runs.list(project.id)).filter(
    (one) => one.kind === 'prelabel' && one.revokedAt === null && one.params.versionId === active?.id,
  );
  const runOf = new Map(runs.map((run) => [run.id, run]));
  const labelerId = runs[0]?.labelerId;
  if (typeof labelerId !== 'number') return null;
  const labeler = await found('labeler', labelerId, store.labelers.get(labelerId));
  return {
    labeler,
    of: (votes) => {
      const own = votes.filter((vote) => runOf.has(vote.runId));
      // A run that was undone, replaced and brought back: the newest word counts.
      const newest = Math.max(...own.map((vote) => vote.runId));
      return own.filter((vote) => vote.runId === newest);
    },
    runOf: (vote) => runOf.get(vote.runId)!,
  };
}

/** A stored vote as probabilities: what it leaves open is shared evenly, or with several labels not known. */
function completed(
  { control, classes }: ProjectConfig,
  votes: readonly Vote[],
  nameOf: ReadonlyMap<number, string>,
): Float64Array {
  const score = Math.min(...votes.map((vote) => vote.score));
  const rest = control?.multiple ? Number.NaN : (1 - score) / Math.max(1, classes.length - 1);
  const all = new Float64Array(classes.length).fill(rest);
  for (const vote of votes) {
    const index = classes.indexOf(nameOf.get(vote.labelId) ?? '');
    if (index >= 0) all[index] = vote.score;
  }
  return all;
}

function viewOf(
  { control }: ProjectConfig,
  projectId: number,
  taskId: number,
  labels: readonly string[],
  score: number | null,
): Pick<PredictionView, 'id' | 'projectId' | 'taskId' | 'result' | 'score'> {
  return { id: null, projectId, taskId, result: [choiceRegion(control!, labels, score)], score };
}

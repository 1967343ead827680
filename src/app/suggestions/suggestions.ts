/** Suggestions: what the label model makes of all votes on a task, or the head alone where nobody else votes. */
import type { Project, Region, Task, Vote } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Control } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import type { Loop } from '../learning/loop.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { PredictionView } from './api.ts';
import { headVotes, modelVotes } from './head-votes.ts';
import type { LabelModels } from './label-models.ts';
import { merged } from './merged.ts';
import { versionName } from './predictions.ts';
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
  const known = loop.ranking.known(task.ordinal);
  const choice =
    !known && loop.roster.isShared
      ? await storedChoice(sources, loop, task)
      : await liveChoice(sources, loop, task, known ?? (await loop.suggest(task.ordinal)));
  const [regions = null] = await regionsFor(sources, loop.config, [task]);
  if (choice === null || regions === null) return choice ?? regions;
  return { ...choice, result: [...choice.result, ...unanswered(choice.result, regions.result)] };
}

/** The regions for controls that no head has answered. */
function unanswered(answered: readonly Region[], regions: readonly Region[]): Region[] {
  const names = new Set(answered.map((region) => region.from_name));
  return regions.filter((region) => !names.has(region.from_name));
}

async function storedChoice(sources: Sources, { project, config }: Loop, task: Task): Promise<Suggested | null> {
  const view = (await currentChoices(sources, project, config, [task])).get(task.id);
  return view ? suggestedBy(view) : null;
}

function suggestedBy({ result, score, modelVersion }: PredictionView): Suggested {
  const [name = '', version = ''] = modelVersion.split('@');
  return { result, score, name, version };
}

async function liveChoice(
  sources: Sources,
  loop: Loop,
  task: Task,
  head: ArrayLike<number> | null,
): Promise<Suggested | null> {
  const made = await liveSuggestion(sources, loop, task, head);
  if (loop.config.control === null) return null;
  const beside = (await furtherViews(sources.deps, loop.config, task.projectId, [task])).get(task.id) ?? [];
  const first = made && suggestedChoice(loop.config.control, made);
  return merged<Suggested>(loop.config.parsed, [...(first ? [first] : []), ...beside.map(suggestedBy)]);
}

function suggestedChoice(control: Control, { labels, score, name, version }: Suggestion): Suggested {
  return { result: [choiceRegion(control, labels, score)], score, name, version };
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
    if (choice) return [{ ...choice, result: [...choice.result, ...unanswered(choice.result, other?.result ?? [])] }];
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

/** The choices for each task: of the first control, with those of the heads of further controls beside it. */
async function currentChoices(
  sources: Sources,
  project: Project,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<Map<number, PredictionView>> {
  const choices = await firstChoices(sources, project, config, tasks);
  for (const [taskId, views] of await furtherViews(sources.deps, config, project.id, tasks)) {
    const first = choices.get(taskId);
    const made = merged(config.parsed, first ? [first, ...views] : views);
    if (made) choices.set(taskId, made);
  }
  return choices;
}

/**
 * The choice of the first control for each task: what the label model makes of all votes, where others than the head vote; else what the active
 * version says.
 */
async function firstChoices(
  { deps, labelModels }: Sources,
  project: Project,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<Map<number, PredictionView>> {
  const { store } = deps;
  if (config.control === null) return new Map();
  const votes = groupBy(await store.votes.ofTasks(tasks.map((task) => task.id)), (vote) => vote.taskId);
  const head = await headVotes(deps, project.id, config.control.name);
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
    return [head.view(config, own, nameOf)];
  });
  return new Map(views.map((view) => [view.taskId, view]));
}

/** What the heads of further controls say of these tasks, by task; where a head is silent, the model bound to its control. */
async function furtherViews(
  { store }: Pick<Deps, 'store'>,
  { further }: ProjectConfig,
  projectId: number,
  tasks: readonly Task[],
): Promise<Map<number, PredictionView[]>> {
  if (further.length === 0) return new Map();
  const votes = groupBy(await store.votes.ofTasks(tasks.map((task) => task.id)), (vote) => vote.taskId);
  const nameOf = new Map((await store.labels.list(projectId)).map((label) => [label.id, label.value]));
  const views: PredictionView[] = [];
  for (const config of further) {
    const control = config.control!.name;
    const speakers = [await headVotes({ store }, projectId, control), await modelVotes({ store }, projectId, control)];
    for (const all of votes.values()) {
      const speaker = speakers.find((one) => one && one.of(all).length > 0);
      if (speaker) views.push(speaker.view(config, speaker.of(all), nameOf));
    }
  }
  return groupBy(views, (view) => view.taskId);
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

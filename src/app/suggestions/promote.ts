/**
 * Promotion: the second, named act that turns what a bulk act or the label model says into annotations. It is a run of its
 * own, undone as a whole; what it wrote is marked with it and never counts as proof of anything.
 */
import type { Job, Project, Region, Run, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { groupBy } from '../../core/group.ts';
import type { Json } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import { checkResult, missingAnswers } from '../../labelconfig/index.ts';
import type { NewAnnotation } from '../../store/ports/annotations.ts';
import type { Store } from '../../store/store.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { wholeRun } from '../jobs/whole-run.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { UNAIDED } from '../queue/answers.ts';
import { choiceRegion } from './suggest.ts';
import type { Suggestions } from './suggestions.ts';

export const PROMOTE = 'promote';

const NAME_LENGTH_MAX = 200;
/** Annotations of one transaction, during which answers of people wait: more are written in several. */
const WRITE_MAX = 10_000;
/** Bulk acts that can be promoted by themselves. */
const PROMOTABLE: readonly string[] = ['rules', 'prelabel', 'propagation'];

export interface PromotionRequest {
  /** What people read in the list of runs: why these labels are good enough. */
  readonly name: string;
  /** The run whose labels become annotations; left out, the suggestion over all votes. */
  readonly runId?: number;
  /** Least probability of a label, 0..1. Suggestions without a number never reach it. */
  readonly minScore?: number;
}

export interface PromotionApi {
  /** Annotates, as a job under a run of its own, every task that nobody has dealt with and that has such a label. */
  promote(projectId: number, request: PromotionRequest, who: Identity): Promise<Job>;
}

export function createPromotion({ store }: Deps): PromotionApi {
  return {
    async promote(projectId, { name, runId, minScore }, who) {
      await found('project', projectId, store.projects.get(projectId));
      if (name.trim() === '' || name.length > NAME_LENGTH_MAX) {
        const message = `A promotion needs a name of 1 to ${NAME_LENGTH_MAX} characters that says why these labels are good enough.`;
        throw new AppError('INPUT_BAD_FIELD', message, { details: { field: 'name' } });
      }
      if (runId !== undefined) requirePromotable(await found('run', runId, store.runs.get(runId)), projectId);
      const params = { name: name.trim(), run: runId ?? null, minScore: minScore ?? null, annotator: who.annotatorId };
      return store.jobs.enqueue({ kind: PROMOTE, projectId, params });
    },
  };
}

function requirePromotable(run: Run, projectId: number): void {
  const details = { runId: run.id };
  if (run.projectId !== projectId) throw new AppError('NOT_FOUND', `There is no run ${run.id} in this project.`);
  if (!PROMOTABLE.includes(run.kind)) {
    throw new AppError('CONFLICT', `Run ${run.id} is of kind ${run.kind}, which holds no machine labels.`, { details });
  }
  if (run.state !== 'done' || run.revokedAt !== null) {
    throw new AppError('CONFLICT', `Run ${run.id} has not ended well or was undone.`, { details });
  }
}

export function createPromoteHandler(deps: Deps, loops: Loops, configs: ProjectConfigs, suggestions: Suggestions) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const counts: Counts = { annotated: 0, incomplete: 0 };
    try {
      const run = await wholeRun(deps, work, startOf(work), async (run) => {
        await annotateAll(deps, work, { project, config: configs.of(project), suggestions, run, counts });
        return counts.annotated;
      });
      return { runId: run.id, ...counts, annotated: run.written };
    } finally {
      if (!work.stopping || work.paused) await loops.reload(project.id);
    }
  };
}

function startOf({ job }: JobWork): Parameters<typeof wholeRun>[2] {
  const { name, run, minScore } = job.params;
  const what = run === null ? 'the suggestions' : `run ${run}`;
  const least = minScore === null ? '' : ` from ${minScore} on`;
  return { kind: 'promote', labelerId: null, summary: `Promoted ${what}${least}: ${name}`, params: job.params };
}

interface Counts {
  annotated: number;
  incomplete: number;
}

interface Act {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly suggestions: Suggestions;
  readonly run: Run;
  readonly counts: Counts;
}

/** What is known of all tasks first, then one write: whoever looks meanwhile, or after a crash, sees all of it or nothing. */
async function annotateAll(deps: Deps, work: JobWork, act: Act): Promise<void> {
  const { store } = deps;
  const { project } = act;
  let waiting: NewAnnotation[] = [];
  for (let from = 0; from < project.ordinals; ) {
    throwIfStopped(work.signal);
    const { ordinals } = await store.tasks.ordinals(project.id, from, LIMITS.jobChunkRows);
    if (ordinals.length === 0) break;
    const tasks = await store.tasks.byOrdinals(project.id, [...ordinals]);
    waiting.push(...(await annotationsFor(deps, work, act, tasks)));
    if (waiting.length >= WRITE_MAX) {
      await write(deps, act, waiting);
      waiting = [];
    }
    from = ordinals.at(-1)! + 1;
    await work.progress({ stage: 'annotating', done: from, total: project.ordinals });
  }
  await write(deps, act, waiting);
}

async function annotationsFor(deps: Deps, work: JobWork, act: Act, tasks: readonly Task[]): Promise<NewAnnotation[]> {
  const { config, run, counts } = act;
  const minScore = typeof work.job.params.minScore === 'number' ? work.job.params.minScore : null;
  const done = await dealtWith(
    deps,
    tasks.map((task) => task.id),
  );
  const open = tasks.filter((task) => !done.has(task.id));
  const labels = await labelsFor(deps.store, work, act, open);
  return open.flatMap((task): NewAnnotation[] => {
    const label = labels.get(task.id);
    if (!label || (minScore !== null && (label.score === null || label.score < minScore))) return [];
    const { regions } = checkResult(config.parsed, task, label.result);
    if (regions.length === 0 || missingAnswers(config.parsed, task, regions).length > 0) {
      counts.incomplete += 1;
      return [];
    }
    return [annotationOf(work, run, task, regions)];
  });
}

/** Leaves out tasks that somebody has answered since they were read. */
async function write(deps: Deps, { counts }: Act, waiting: readonly NewAnnotation[]): Promise<void> {
  const done = await dealtWith(
    deps,
    waiting.map((one) => one.taskId),
  );
  const fresh = waiting.filter((one) => !done.has(one.taskId));
  if (fresh.length > 0) await deps.store.annotations.insert(fresh);
  counts.annotated += fresh.length;
}

/** Whoever has answered or skipped a task has said more than a machine. */
async function dealtWith({ store }: Deps, taskIds: readonly number[]): Promise<ReadonlySet<number>> {
  return new Set((await store.annotations.ofTasks(taskIds)).map((one) => one.taskId));
}

function annotationOf({ job }: JobWork, run: Run, task: Task, result: readonly Region[]): NewAnnotation {
  return {
    projectId: task.projectId,
    taskId: task.id,
    annotatorId: Number(job.params.annotator),
    result,
    skipped: false,
    groundTruth: false,
    visibleMs: null,
    via: 'api',
    ...UNAIDED,
    note: '',
    submissionId: `promote/${run.id}`,
    runId: run.id,
  };
}

interface MachineLabel {
  readonly result: readonly Region[];
  readonly score: number | null;
}

async function labelsFor(
  store: Store,
  { job }: JobWork,
  { project, config, suggestions }: Act,
  tasks: readonly Task[],
): Promise<ReadonlyMap<number, MachineLabel>> {
  if (typeof job.params.run === 'number') return labelsOfRun(store, config, job.params.run, project, tasks);
  const current = await suggestions.current(project.id, tasks);
  return new Map(current.map((view) => [view.taskId, view]));
}

/** What one run says of the tasks; where its labelers contradict each other on a single choice, it says nothing. */
async function labelsOfRun(
  store: Store,
  { control }: ProjectConfig,
  runId: number,
  project: Project,
  tasks: readonly Task[],
): Promise<Map<number, MachineLabel>> {
  const ids = tasks.map((task) => task.id);
  const names = new Map((await store.labels.list(project.id)).map((label) => [label.id, label]));
  const votes = groupBy(
    (await store.votes.ofTasks(ids)).filter((vote) => vote.runId === runId),
    (vote) => vote.taskId,
  );
  const marked = groupBy(
    (await store.predictions.ofTasks(ids)).filter((one) => one.runId === runId),
    (one) => one.taskId,
  );
  const labels = ids.flatMap((id): [number, MachineLabel][] => {
    const own = (votes.get(id) ?? []).filter((vote) => names.get(vote.labelId)?.control === control?.name);
    const said = [...new Set(own.map((vote) => names.get(vote.labelId)!.value))];
    if (said.length > 1 && !control?.multiple) return [];
    const choice = said.length === 0 ? [] : [choiceRegion(control!, said, null)];
    const predictions = marked.get(id) ?? [];
    const result = [...choice, ...predictions.flatMap((one) => one.result)];
    const scores = [...own, ...predictions].map((one) => one.score);
    const score = scores.includes(null) ? null : Math.min(...(scores as number[]));
    return result.length === 0 ? [] : [[id, { result, score }]];
  });
  return new Map(labels);
}

/** The job that fits the label model of a project: votes of all labelers, weighed by what people have answered. */
import type { SuggestionFit } from '../../consensus/index.ts';
import type { Annotation, Job, Project } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import { type Json, stableHash } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { type JobHandler, type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { ofPeople, promotionRuns, sharesOf } from '../queue/answers.ts';
import { fittedTasks } from './fitted-tasks.ts';
import { asBody, type LabelModelBody } from './label-model-body.ts';
import { fitSpans } from './label-model-spans.ts';
import { countedVotes, type LabelModels } from './label-models.ts';
import { type Voters, voterLookup, votersOf } from './voters.ts';

export const LABEL_MODEL = 'label-model';

/** Tasks that a fit looks at: beyond them weights no longer change in the second digit. Annotated ones come on top. */
const TASKS_MAX = { spread: 100_000, annotated: 20_000 };
/** Share from which a label of several annotators counts. */
const AGREED = 0.5;
const VERSION_HEX_DIGITS = 12;

/** Asks for a fit if somebody beside the head votes, or did. Call it when votes have come, gone, or been proved. */
export async function enqueueLabelModel({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job | undefined> {
  const labelers = new Map((await store.labelers.list()).map((labeler) => [labeler.id, labeler]));
  const { names } = votersOf(await store.runs.list(projectId), [], labelers);
  if (names.length === 0 && !(await hasModel(store, projectId))) return undefined;
  return store.jobs.enqueue({ kind: LABEL_MODEL, projectId, params: {}, dedupeKey: `${LABEL_MODEL}/${projectId}` });
}

async function hasModel(store: Deps['store'], projectId: number): Promise<boolean> {
  const controls = new Set((await store.labels.list(projectId)).map((label) => label.control));
  for (const control of controls) if (await store.labelModels.get(projectId, control)) return true;
  return false;
}

/** The handler, with a fit of the label model asked for when it has ended well. */
export function thenWeigh(deps: Deps, handler: JobHandler): JobHandler {
  return async (work) => {
    const output = await handler(work);
    await enqueueLabelModel(deps, work.job.projectId!);
    return output;
  };
}

export function createLabelModelHandler(
  deps: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
  labelModels: LabelModels,
) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const projectId = work.job.projectId!;
    const project = await found('project', projectId, store.projects.get(projectId));
    const config = configs.of(project);
    const labelers = new Map((await store.labelers.list()).map((labeler) => [labeler.id, labeler]));
    const voters = votersOf(await store.runs.list(projectId), await store.rules.faults(projectId), labelers);
    const keep = async (control: string, body: LabelModelBody | null): Promise<Json> => {
      if (body === null) await store.labelModels.clear(projectId, control);
      else await store.labelModels.set({ projectId, control, version: versionOf(body), body: asBody(body) });
      labelModels.forget(projectId);
      if (body === null) return { fitted: false, reason: 'Nobody but the head votes.' };
      const { name, reason } = body.model;
      return { fitted: true, name, reason, voters: body.names.length, tasks: body.tasks, annotated: body.annotated };
    };
    const output: Record<string, Json> = {};
    const nobody = voters.names.length === 0;
    if (config.control !== null) {
      const body = nobody ? null : await fitClasses(deps, matrices, work, { project, config, voters });
      output[config.control.name] = await keep(config.control.name, body);
    }
    if (config.spans !== null) {
      const body = nobody ? null : await fitSpans(deps, work, { project, target: config.spans, voters });
      output[config.spans.control.name] = await keep(config.spans.control.name, body);
    }
    return output;
  };
}

function versionOf(body: LabelModelBody): string {
  return stableHash(body).slice(0, VERSION_HEX_DIGITS);
}

/** Null when nobody has voted on the learned choice. */
async function fitClasses(
  deps: Deps,
  matrices: Matrices,
  work: JobWork,
  sources: Omit<Sources, 'labelIds'>,
): Promise<LabelModelBody | null> {
  const { project, config, voters } = sources;
  const { classes } = config;
  const control = config.control!;
  const labels = await deps.store.labels.sync(project.id, control.name, classes);
  const labelIds = labels.map((label) => label.id);
  const { rows, votes, gold, annotated } = await gather(deps, work, { ...sources, labelIds });
  if (votes.rows.length === 0) return null;
  const head = await honestHead(deps, matrices, project, config, annotated);
  const model = await deps.compute.fitSuggestion({
    votes: { ...votes, rowCount: rows, voterCount: voters.names.length, classCount: classes.length },
    multiple: control.multiple,
    gold: Int32Array.from(gold),
    ...head,
  });
  return { ...voters, classes, labelIds, model, tasks: rows, annotated: annotated.length };
}

interface Sources {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly voters: Voters;
  readonly labelIds: readonly number[];
}

interface Gathered {
  rows: number;
  readonly votes: { readonly rows: number[]; readonly voters: number[]; readonly classes: number[] };
  /** As `SuggestionFit.gold` has it. */
  readonly gold: number[];
  readonly annotated: { readonly row: number; readonly ordinal: number }[];
}

async function gather(deps: Deps, work: JobWork, sources: Sources): Promise<Gathered> {
  const { store } = deps;
  const { project, voters, labelIds } = sources;
  const all: Gathered = { rows: 0, votes: { rows: [], voters: [], classes: [] }, gold: [], annotated: [] };
  const promotions = await promotionRuns(store, project.id);
  const classOf = new Map(labelIds.map((id, i) => [id, i]));
  const voterOf = voterLookup(voters);
  const planned = Math.min(project.ordinals, TASKS_MAX.spread);
  for await (const tasks of fittedTasks(deps, project, TASKS_MAX)) {
    const rowOf = new Map(tasks.map((task, i) => [task.id, all.rows + i]));
    const ids = tasks.map((task) => task.id);
    const answers = ofPeople(await store.annotations.ofTasks(ids), promotions);
    const annotations = groupBy(answers, (one) => one.taskId);
    for (const { id, ordinal } of tasks) {
      const known = addGold(sources.config, annotations.get(id) ?? [], all.gold);
      if (known) all.annotated.push({ row: rowOf.get(id)!, ordinal });
    }
    for (const { taskId, voter, label } of countedVotes(await store.votes.ofTasks(ids), classOf, voterOf)) {
      all.votes.rows.push(rowOf.get(taskId)!);
      all.votes.voters.push(voter);
      all.votes.classes.push(label);
    }
    all.rows += tasks.length;
    throwIfStopped(work.signal);
    await work.progress({ stage: 'reading votes', done: all.rows, total: Math.max(all.rows, planned) });
  }
  return all;
}

/** Appends what people say of a task; false when they say nothing, or two things equally often. */
function addGold(config: ProjectConfig, annotations: readonly Annotation[], gold: number[]): boolean {
  const shares = sharesOf(config, annotations);
  if (config.control?.multiple) {
    for (let c = 0; c < config.classes.length; c++) gold.push(shares === null ? -1 : Number(shares[c]! >= AGREED));
    return shares !== null;
  }
  const most = shares === null ? 0 : Math.max(...shares);
  const best = shares?.filter((share) => share === most).length === 1 ? shares.indexOf(most) : -1;
  gold.push(best);
  return best >= 0;
}

/** What the serving head says of annotated tasks: out of fold where it was trained on them. */
async function honestHead(
  { store }: Deps,
  matrices: Matrices,
  project: Project,
  { control, classes }: ProjectConfig,
  annotated: Gathered['annotated'],
): Promise<Pick<SuggestionFit, 'headRows' | 'headProbabilities'>> {
  const active = await store.models.active(project.id, control!.name);
  if (!active) return { headRows: new Uint32Array(0), headProbabilities: new Float32Array(0) };
  const output = { projectId: project.id, version: active.version, classes };
  const byOrdinal = [...annotated].sort((a, b) => a.ordinal - b.ordinal);
  return matrices.withOutOfFold(output, (record) =>
    matrices.withProbabilities(output, async (fresh) => {
      const own = byOrdinal.filter(({ ordinal }) => record.has(ordinal));
      const later = byOrdinal.filter(({ ordinal }) => !record.has(ordinal) && fresh.has(ordinal));
      const rows = [own, later].map((some) => Uint32Array.from(some, (one) => one.ordinal));
      const headProbabilities = new Float32Array((own.length + later.length) * classes.length);
      headProbabilities.set(await readRows(record, rows[0]!));
      headProbabilities.set(await readRows(fresh, rows[1]!), own.length * classes.length);
      return { headRows: Uint32Array.from([...own, ...later], (one) => one.row), headProbabilities };
    }),
  );
}

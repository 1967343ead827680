/** Looking at many tasks at once, and labeling them in one act that one undo takes back. */
import type { Annotation, Job, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { groupBy } from '../../core/group.ts';
import type { Json } from '../../core/json.ts';
import { seededRandom, shuffle } from '../../core/random.ts';
import { regionFromChoice } from '../../labelconfig/index.ts';
import { upperBound } from '../../propagation/index.ts';
import type { NewAnnotation } from '../../store/ports/annotations.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { ordinalChunks } from '../jobs/ordinal-chunks.ts';
import { takeBackAttempts, wholeRun } from '../jobs/whole-run.ts';
import type { Loops } from '../learning/loops.ts';
import type { MapArea } from '../learning/map-api.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { classesOf, sharesOf, UNAIDED } from '../queue/answers.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { BulkItem, Card, CardQuery, Cards } from './api.ts';
import type { Neighbours } from './neighbours.ts';
import type { Plan, PlanLine } from './plan.ts';
import { requireControl } from './run.ts';

export const BULK_LABEL = 'bulk-label';

const CARDS_DEFAULT = 60;
/** Look-alikes of one task that a page may walk through. */
const SIMILAR_MAX = 500;
/** Tasks whose text is looked at for a filter: reading more would stall everybody. */
const TEXT_FILTER_MAX = 5_000;
/** Tasks that "all" names: more than anybody walks through, and named in a moment. */
const ALL_MAX = 100_000;
const READ_CHUNK = 500;
/** Tasks that are looked at to draw a sample: where so few suggestions are, there is little to accept. */
const SAMPLE_LOOKS_MAX = 10_000;
/** Tasks of one act: what a person can answer for, and one transaction can write. */
export const BULK_ITEMS_MAX = 10_000;

/** A task that a query names, with what is proposed for it, surest first. */
interface Named {
  readonly ordinal: number;
  readonly lines: readonly PlanLine[];
  readonly similarity: number | null;
}

export interface CardSource {
  readonly deps: Deps;
  readonly neighbours: Neighbours;
  readonly projectId: number;
  readonly config: ProjectConfig;
  readonly plan: Plan | undefined;
  readonly suggestions: Pick<Suggestions, 'current'>;
  /** Ordinals in an area of the map. */
  readonly inside: (area: MapArea) => Promise<Uint32Array>;
}

export async function cardsOf(source: CardSource, query: CardQuery): Promise<Cards> {
  const { named, unread } = await namedBy(source, query);
  const { offset = 0, limit = CARDS_DEFAULT } = query;
  return { cards: await show(source, named.slice(offset, offset + limit)), total: named.length, unread };
}

/** Of what accepting would label: items that nobody has answered and something is proposed for. */
export async function sampleOf(
  source: CardSource,
  query: CardQuery,
  count: number,
): Promise<{ cards: Card[]; bounds: number[] }> {
  const { named } = await namedBy(source, query);
  // The same question gets the same sample, so that looking again is no second chance.
  const random = seededRandom('sample', source.plan?.facts.fingerprint ?? '', JSON.stringify(query));
  const shuffled = shuffle([...named], random);
  const drawn: Card[] = [];
  let at = 0;
  for (; at < Math.min(shuffled.length, SAMPLE_LOOKS_MAX) && drawn.length < count; at += READ_CHUNK) {
    const some = await show(source, shuffled.slice(at, at + READ_CHUNK));
    drawn.push(...some.filter(({ label, answered }) => label !== null && answered === null));
  }
  const isAll = at >= shuffled.length && drawn.length <= count;
  const cards = drawn.slice(0, count);
  const level = source.plan?.level ?? 0.8;
  const bounds = Array.from({ length: cards.length + 1 }, (_, wrong) =>
    isAll ? wrong / Math.max(1, cards.length) : upperBound(wrong, cards.length, level),
  );
  return { cards, bounds };
}

async function namedBy(source: CardSource, query: CardQuery): Promise<{ named: Named[]; unread: number }> {
  const { plan, config } = source;
  const lines = groupBy(plan?.lines ?? [], (line) => line.ordinal);
  const { all, beyond } = await candidates(source, query, lines);
  const label = query.label === undefined ? null : config.classes.indexOf(query.label);
  const kept = all.filter(
    ({ lines: [surest, ...others] }) =>
      (label === null || [surest, ...others].some((line) => line?.label === label)) &&
      (query.least === undefined || (surest !== undefined && surest.confidence >= query.least)),
  );
  if (query.order === 'unsure') kept.sort((a, b) => (a.lines[0]?.confidence ?? 0) - (b.lines[0]?.confidence ?? 0));
  if (!query.text) return { named: kept, unread: beyond };
  const looked = kept.slice(0, TEXT_FILTER_MAX);
  return { named: await withText(source, looked, query.text), unread: beyond + kept.length - looked.length };
}

async function candidates(
  { neighbours, deps, projectId, plan, inside }: CardSource,
  { source, task: taskId, cluster, area }: CardQuery,
  lines: ReadonlyMap<number, readonly PlanLine[]>,
): Promise<{ all: Named[]; beyond: number }> {
  const name = (ordinal: number, similarity: number | null = null): Named => ({
    ordinal,
    similarity,
    lines: lines.get(ordinal) ?? [],
  });
  if (source === 'all') {
    const ordinals = await firstOrdinals(deps, projectId);
    const { tasks } = await deps.store.projects.counts(projectId);
    return { all: ordinals.map((one) => name(one)), beyond: Math.max(0, tasks - ordinals.length) };
  }
  if (source === 'similar') {
    const task = await found('task', taskId ?? 0, deps.store.tasks.get(taskId ?? 0));
    if (task.projectId !== projectId) throw new AppError('NOT_FOUND', `There is no task ${taskId} in this project.`);
    const near = await neighbours.use(projectId, ({ spaces, key }) => spaces.nearest(key, task.ordinal, SIMILAR_MAX));
    return { all: near.map(({ ordinal, similarity }) => name(ordinal, similarity)), beyond: 0 };
  }
  if (source === 'map') {
    if (!area) throw new AppError('INPUT_MISSING_FIELD', 'Items of the map are named by an `area` of it.');
    return { all: Array.from(await inside(area), (one) => name(one)), beyond: 0 };
  }
  if (!plan) throw new AppError('CONFLICT', 'Nothing was previewed since the server started; preview first.');
  if (source === 'proposals') {
    return { all: Array.from(lines.keys(), (one) => name(one)), beyond: 0 };
  }
  const ordinals = plan.clusters[cluster ?? -1];
  if (!ordinals) throw new AppError('NOT_FOUND', `The plan has no cluster ${cluster}.`);
  return { all: Array.from(ordinals, (one) => name(one)), beyond: 0 };
}

async function firstOrdinals(deps: Deps, projectId: number): Promise<number[]> {
  const all: number[] = [];
  for await (const ordinals of ordinalChunks(deps, projectId)) {
    all.push(...ordinals);
    if (all.length >= ALL_MAX) break;
  }
  return all.slice(0, ALL_MAX);
}

async function withText(
  { deps, projectId, config }: CardSource,
  all: readonly Named[],
  text: string,
): Promise<Named[]> {
  const wanted = text.toLowerCase();
  const kept: Named[] = [];
  for (let at = 0; at < all.length; at += READ_CHUNK) {
    const some = all.slice(at, at + READ_CHUNK);
    const tasks = await tasksOf(deps, projectId, some);
    for (const one of some) {
      const task = tasks.get(one.ordinal);
      if (task && (config.textOf(task.data) ?? '').toLowerCase().includes(wanted)) kept.push(one);
    }
  }
  return kept;
}

async function tasksOf({ store }: Deps, projectId: number, named: readonly Named[]): Promise<Map<number, Task>> {
  const ordinals = named.map((one) => one.ordinal).sort((a, b) => a - b);
  return new Map((await store.tasks.byOrdinals(projectId, ordinals)).map((task) => [task.ordinal, task]));
}

async function show(source: CardSource, named: readonly Named[]): Promise<Card[]> {
  const { deps, projectId, config } = source;
  const tasks = await tasksOf(deps, projectId, named);
  const ids = [...tasks.values()].map((task) => task.id);
  const answers = groupBy(await deps.store.annotations.ofTasks(ids), (one) => one.taskId);
  const open = named.flatMap(({ ordinal, lines }) => (lines.length === 0 ? (tasks.get(ordinal) ?? []) : []));
  const suggested = await suggestedFor(source, open);
  return named.flatMap(({ ordinal, lines, similarity }) => {
    const task = tasks.get(ordinal);
    if (!task) return [];
    const { labels, score } = suggested.get(task.id) ?? {
      labels: lines.map((line) => line.label),
      score: lines[0]?.score ?? null,
    };
    const names = labels.flatMap((label) => config.classes[label] ?? []);
    return [
      {
        task,
        label: names[0] ?? null,
        labels: names,
        score,
        confidence: lines[0]?.confidence ?? null,
        accepted: lines[0]?.accepted ?? false,
        similarity,
        answered: answeredAs(config, answers.get(task.id) ?? []),
      },
    ];
  });
}

/** What the votes so far suggest for the learned control, by task id. */
async function suggestedFor(
  { suggestions, projectId, config }: CardSource,
  tasks: readonly Task[],
): Promise<Map<number, { labels: number[]; score: number | null }>> {
  if (config.control === null || tasks.length === 0) return new Map();
  const views = await suggestions.current(projectId, tasks);
  return new Map(
    views.flatMap((view) => {
      const labels = classesOf(config, view);
      return labels.length === 0 ? [] : [[view.taskId, { labels, score: view.score }] as const];
    }),
  );
}

function answeredAs(config: ProjectConfig, annotations: readonly Annotation[]): string | null {
  const shares = sharesOf(config, annotations);
  return shares === null ? null : (config.classes[shares.indexOf(Math.max(...shares))] ?? null);
}

/** Checked before it is queued, so that a wrong label is said at once. */
export async function enqueueBulk(
  deps: Deps,
  configs: ProjectConfigs,
  projectId: number,
  items: readonly BulkItem[],
  who: Identity,
): Promise<Job> {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const config = configs.of(project);
  requireControl(config);
  for (const { taskId, labels } of items) {
    const stranger = labels.find((label) => !config.classes.includes(label));
    const count = labels.length;
    if (stranger === undefined && (config.control!.multiple || count === 1)) continue;
    const reason = stranger === undefined ? `${count} labels where one is asked for` : `no label "${stranger}"`;
    throw new AppError('INPUT_BAD_FIELD', `Task ${taskId}: ${reason}.`, { details: { field: 'items', taskId } });
  }
  const params = { annotatorId: who.annotatorId, items: items.map(({ taskId, labels }) => [taskId, [...labels]]) };
  return deps.store.jobs.enqueue({ kind: BULK_LABEL, projectId, params });
}

/** Skips these tasks as this person: what `keep one` does with the other copies. */
export function enqueueSkips(deps: Deps, projectId: number, taskIds: readonly number[], who: Identity): Promise<Job> {
  const params = { annotatorId: who.annotatorId, items: taskIds.map((taskId) => [taskId, null]) };
  return deps.store.jobs.enqueue({ kind: BULK_LABEL, projectId, params });
}

/** Labels of a task; null skips it. */
type Entry = readonly [taskId: number, labels: readonly string[] | null];

export function createBulkHandler(deps: Deps, loops: Loops, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const projectId = work.job.projectId!;
    const config = configs.of(await found('project', projectId, store.projects.get(projectId)));
    const { annotatorId, items } = work.job.params as unknown as { annotatorId: number; items: readonly Entry[] };
    // Before looking at who has answered what: answers of a broken attempt are none.
    await takeBackAttempts(deps, work);
    const entries = await unanswered(deps, projectId, annotatorId, items);
    throwIfStopped(work.signal);
    const start = {
      kind: 'promote',
      labelerId: annotatorId,
      summary: summaryOf(entries),
      params: { by: 'hand' },
    } as const;
    const run = await wholeRun(deps, work, start, async ({ id: runId }) => {
      const annotations = entries.map((entry) => annotationOf(deps, config, { projectId, annotatorId, runId }, entry));
      await store.annotations.insert(annotations);
      return annotations.length;
    });
    await loops.reload(projectId);
    return { runId: run.id, labeled: run.written, leftOut: items.length - run.written };
  };
}

/** Tasks that are gone, of other projects, or answered by this person already are left out. */
async function unanswered(
  { store }: Deps,
  projectId: number,
  annotatorId: number,
  items: readonly Entry[],
): Promise<Entry[]> {
  const answered = new Set(
    (await store.annotations.ofTasks(items.map(([taskId]) => taskId)))
      .filter((one) => one.annotatorId === annotatorId)
      .map((one) => one.taskId),
  );
  const kept: Entry[] = [];
  const seen = new Set<number>();
  for (const entry of items) {
    const task = await store.tasks.get(entry[0]);
    if (task?.projectId !== projectId || answered.has(task.id) || seen.has(task.id)) continue;
    seen.add(task.id);
    kept.push(entry);
  }
  return kept;
}

function summaryOf(entries: readonly Entry[]): string {
  const counts = groupBy(entries, ([, labels]) => (labels === null ? 'skipped' : labels.join(' + ') || 'no label'));
  const parts = [...counts].map(([name, own]) => `${own.length} ${name}`).slice(0, 4);
  return `Labeled ${entries.length} tasks by hand in bulk: ${parts.join(', ')}`;
}

function annotationOf(
  { newId }: Deps,
  config: ProjectConfig,
  of: { projectId: number; annotatorId: number; runId: number },
  [taskId, labels]: Entry,
): NewAnnotation {
  return {
    ...of,
    taskId,
    result: labels === null ? [] : [regionFromChoice(config.control!, labels)],
    skipped: labels === null,
    groundTruth: false,
    visibleMs: null,
    via: 'click',
    ...UNAIDED,
    note: '',
    submissionId: newId(),
  };
}

/** Copies and near-copies among the tasks: looked for as a job, kept until the server stops. */
import type { Job, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Json } from '../../core/json.ts';
import { type CopyGroup, copyGroups, EMBEDDING_SIMILARITY, type ImageHash } from '../../propagation/index.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { sharesOf } from '../queue/answers.ts';
import type { DuplicateGroup, Duplicates } from './api.ts';
import { mediaMarks } from './media-marks.ts';
import type { Neighbours } from './neighbours.ts';

export const DUPLICATES = 'duplicates';

/** Groups listed: more than anybody works through before looking again. */
const GROUPS_LISTED = 500;
const READ_CHUNK = 500;

/** What was found, by project. */
export type FoundDuplicates = Map<number, Duplicates>;

export function enqueueDuplicates({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job> {
  return store.jobs.enqueue({ kind: DUPLICATES, projectId, params: {}, dedupeKey: `${DUPLICATES}/${projectId}` });
}

export function createDuplicatesHandler(
  deps: Deps,
  neighbours: Neighbours,
  configs: ProjectConfigs,
  known: FoundDuplicates,
) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const project = await found('project', projectId, deps.store.projects.get(projectId));
    const config = configs.of(project);
    const items = await readItems(deps, work, projectId, config);
    await work.progress({ stage: 'comparing', done: 0, total: 1 });
    const byMeasure = await groupsByMeasure(neighbours, work, { projectId, items, isText: config.input === 'text' });
    const groups = await labeledGroups(deps, config, items, byMeasure);
    const conflicts = groups.filter(isContradictory).length;
    known.set(projectId, { groups: groups.slice(0, GROUPS_LISTED), total: groups.length, conflicts });
    return { groups: groups.length, conflicts };
  };
}

interface Items {
  readonly taskIds: readonly number[];
  readonly ordinals: readonly number[];
  readonly contents: readonly string[];
  /** Of pictures; null for everything else. */
  readonly hashes: readonly (ImageHash | null)[];
}

async function readItems(deps: Deps, work: JobWork, projectId: number, config: ProjectConfig): Promise<Items> {
  const { store } = deps;
  const { tasks: total } = await store.projects.counts(projectId);
  const taskIds: number[] = [];
  const ordinals: number[] = [];
  const contents: string[] = [];
  const hashes: (ImageHash | null)[] = [];
  for (let after = 0; ; ) {
    throwIfStopped(work.signal);
    const tasks = await store.tasks.list(projectId, { after, limit: READ_CHUNK });
    if (tasks.length === 0) return { taskIds, ordinals, contents, hashes };
    const marks = await mediaMarks(deps, work, config, tasks);
    for (const task of tasks) {
      taskIds.push(task.id);
      ordinals.push(task.ordinal);
      contents.push(marks.get(task.id)?.content ?? contentOf(config, task));
      hashes.push(marks.get(task.id)?.hash ?? null);
    }
    after = tasks.at(-1)!.id;
    await work.progress({ stage: 'reading', done: taskIds.length, total: Math.max(total, taskIds.length) });
  }
}

/** The text, or the reference of a file that cannot be read: two tasks that name the same picture are copies. */
function contentOf(config: ProjectConfig, task: Task): string {
  const text = config.textOf(task.data);
  if (text !== null) return text;
  const fields = config.parsed.objects.flatMap((object) => object.field ?? []);
  return fields.map((field) => JSON.stringify(task.data[field] ?? '')).join('\n');
}

type Measured = readonly (readonly [measure: string, groups: readonly CopyGroup[]])[];

/** Groups under stricter and looser measures: each looser one joins what the stricter ones joined. */
async function groupsByMeasure(
  neighbours: Neighbours,
  work: JobWork,
  of: { readonly projectId: number; readonly items: Items; readonly isText: boolean },
): Promise<Measured> {
  const { ordinals, contents, hashes } = of.items;
  const places = new Map(ordinals.map((ordinal, i) => [ordinal, i]));
  const onProgress = (stage: string, done: number): void => {
    void work.progress({ stage, done: Math.round(100 * done), total: 100 }).catch(() => undefined);
  };
  const options = { signal: work.signal, onProgress };
  const { texts, images, near } = await neighbours.use(
    of.projectId,
    async ({ spaces, key }) => ({
      texts: await spaces.textCopies(contents, options),
      images: await spaces.imageCopies(hashes, options),
      near: await spaces.copies(key, EMBEDDING_SIMILARITY, options),
    }),
    work.signal,
  );
  const n = ordinals.length;
  const alike = near.flatMap(({ a, b }) => {
    const [x, y] = [places.get(a), places.get(b)];
    return x === undefined || y === undefined ? [] : [{ a: x, b: y }];
  });
  // Checksums and names of files have no words.
  const words = of.isText ? texts.similar : [];
  return [
    ['content', copyGroups(n, [], texts.equal)],
    ['words', copyGroups(n, words, texts.equal)],
    ['picture', copyGroups(n, [...words, ...images], texts.equal)],
    ['meaning', copyGroups(n, [...words, ...images, ...alike], texts.equal)],
  ];
}

/** Contradictions first, then the largest. */
async function labeledGroups(
  deps: Deps,
  config: ProjectConfig,
  { taskIds }: Items,
  byMeasure: Measured,
): Promise<DuplicateGroup[]> {
  const measureOf = new Map<string, string>();
  for (const [measure, groups] of byMeasure) {
    for (const group of groups) if (!measureOf.has(group.join())) measureOf.set(group.join(), measure);
  }
  const groups = byMeasure.at(-1)![1].map((group) => ({
    tasks: group.map((item) => taskIds[item]!),
    measure: measureOf.get(group.join())!,
  }));
  return (await withLabels(deps, config, groups)).sort(
    (a, b) => Object.keys(b.labels).length - Object.keys(a.labels).length || b.tasks.length - a.tasks.length,
  );
}

/** The groups as they are labeled now: what was found stays true, what people said of it changes. */
export async function duplicatesNow(
  deps: Deps,
  config: ProjectConfig,
  known: Duplicates | undefined,
): Promise<Duplicates | undefined> {
  if (!known) return undefined;
  const groups = await withLabels(deps, config, known.groups);
  return { groups, total: known.total, conflicts: groups.filter(isContradictory).length };
}

function isContradictory({ labels }: DuplicateGroup): boolean {
  return Object.keys(labels).length > 1;
}

async function withLabels(
  { store }: Deps,
  config: ProjectConfig,
  groups: readonly Pick<DuplicateGroup, 'tasks' | 'measure'>[],
): Promise<DuplicateGroup[]> {
  const ids = groups.flatMap(({ tasks }) => tasks);
  const answers = groupBy(await store.annotations.ofTasks(ids), (one) => one.taskId);
  const labelOf = (taskId: number): string | null => {
    const shares = sharesOf(config, answers.get(taskId) ?? []);
    return shares === null ? null : (config.classes[shares.indexOf(Math.max(...shares))] ?? null);
  };
  return groups.map(({ tasks, measure }) => {
    const labeled = tasks.flatMap((taskId) => {
      const label = labelOf(taskId);
      return label === null ? [] : [{ taskId, label }];
    });
    const byLabel = groupBy(labeled, ({ label }) => label);
    const labels = Object.fromEntries([...byLabel].map(([label, own]) => [label, own.map(({ taskId }) => taskId)]));
    return { tasks, measure, labels, open: tasks.filter((taskId) => !answers.has(taskId)) };
  });
}

/** Tasks and annotations of Label Studio become ours, each once, whichever way and however often they come. */
import type { Connection } from '../../core/connection.ts';
import type { Project, Task } from '../../core/domain.ts';
import { toAppError } from '../../core/errors.ts';
import { checkResult, countDifference, diffResults, missingFields, outcomeOf } from '../../labelconfig/index.ts';
import type { NewAnnotation } from '../../store/ports/annotations.ts';
import type { NewStudioTask, SavedAnnotation } from '../../store/ports/studio.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import { learnFrom } from '../learning/learn.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { missingField } from '../projects/tasks.ts';
import type { Connections } from './connections.ts';
import { dataHash, type GivenAnnotation, type GivenTask, readAnnotation } from './wire.ts';

/** A task that came in, and what it is here. */
export interface Taken {
  readonly given: GivenTask;
  /** Null when it cannot be used, was deleted, or is not stored over there. */
  readonly task: Task | null;
  /** Why it cannot be used. */
  readonly problem: string | null;
  readonly change: 'new' | 'changed' | 'known';
  /** Version of our predictions that Label Studio has of it. */
  readonly pushed: string;
}

export class Intake {
  readonly #deps: Deps;
  readonly #loops: Loops;
  readonly #configs: ProjectConfigs;
  readonly #connections: Connections;

  constructor(deps: Deps, loops: Loops, configs: ProjectConfigs, connections: Connections) {
    this.#deps = deps;
    this.#loops = loops;
    this.#configs = configs;
    this.#connections = connections;
  }

  /** In the order given. With `dryRun` nothing is kept. */
  async tasks(
    connection: Connection,
    given: readonly GivenTask[],
    { dryRun = false }: { dryRun?: boolean } = {},
  ): Promise<Taken[]> {
    const { store } = this.#deps;
    const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
    const config = this.#configs.of(project);
    const ids = given.flatMap((one) => one.studioId ?? []);
    const known = new Map((await store.studio.tasks(connection.id, ids)).map((row) => [row.studioId, row]));
    const looked = given.map((one) => {
      const row = one.studioId === null ? undefined : known.get(one.studioId);
      const hash = one.studioId === null ? '' : dataHash(one.data);
      const missing = missingFields(config.parsed, one.data);
      const problem = missing.length > 0 ? missingField(missing).message : null;
      const change = row === undefined ? 'new' : row.dataHash === hash ? 'known' : 'changed';
      return { one, row, hash, problem, change } as const;
    });
    const tasks = new Map<number, Task>();
    if (!dryRun) {
      const fresh = looked.filter(
        (entry) => entry.change === 'new' && entry.problem === null && entry.one.studioId !== null,
      );
      for (const added of await this.#add(connection, project, fresh)) tasks.set(added.studioId, added.task);
      for (const { one, row, hash, problem, change } of looked) {
        if (change !== 'changed' || problem !== null || row!.taskId === null) continue;
        tasks.set(one.studioId!, await this.#change(connection, project, one, hash));
      }
      if (tasks.size > 0) await enqueueEmbedding(this.#deps, project);
    }
    const rest = looked.flatMap(({ row }) => (row && row.taskId !== null && !tasks.has(row.studioId) ? [row] : []));
    for (const { studioId, task } of await this.#read(rest)) tasks.set(studioId, task);
    return looked.map(({ one, row, problem, change }) => ({
      given: one,
      task: (one.studioId === null ? undefined : tasks.get(one.studioId)) ?? null,
      problem,
      change,
      pushed: change === 'known' ? row!.pushed : '',
    }));
  }

  /** Whose task is here already. Returns what is stored, or undefined when nothing changed. */
  async annotation(
    connection: Connection,
    given: GivenAnnotation,
    task: Task,
    studioTask: number,
  ): Promise<SavedAnnotation | undefined> {
    const { store } = this.#deps;
    const project = await found('project', task.projectId, store.projects.get(task.projectId));
    const annotator = await store.labelers.ensure('annotator', given.annotator, '');
    const annotation = answerOf(this.#configs.of(project), connection, given, task, annotator.id);
    const { studioId, key, changedAt } = given;
    const stored = await store.studio.saveAnnotation(connection.id, {
      studioId,
      studioTask,
      key,
      changedAt,
      annotation,
    });
    if (stored) this.learn(task);
    return stored;
  }

  /** What was changed here in the meantime stays. */
  async dropAnnotations(
    connection: Connection,
    studioIds: readonly number[],
  ): Promise<{ dropped: number; kept: number }> {
    const { tasks, kept } = await this.#deps.store.studio.dropAnnotations(connection.id, studioIds);
    for (const id of tasks) {
      const task = await this.#deps.store.tasks.get(id);
      if (task) this.learn(task);
    }
    return { dropped: tasks.length, kept: kept.length };
  }

  async dropTasks(connection: Connection, studioIds: readonly number[]): Promise<number> {
    const { store } = this.#deps;
    const ids = await store.studio.dropTasks(connection.id, studioIds);
    const tasks = (await Promise.all(ids.map((id) => store.tasks.get(id)))).filter((task) => task !== undefined);
    await store.tasks.delete(connection.projectId, ids);
    await this.#loops.removed(connection.projectId, tasks);
    return ids.length;
  }

  learn(task: Task): void {
    learnFrom(this.#deps, this.#loops, this.#configs, task, performance.now());
  }

  async #add(
    connection: Connection,
    project: Project,
    fresh: readonly { one: GivenTask; hash: string }[],
  ): Promise<{ studioId: number; task: Task }[]> {
    if (fresh.length === 0) return [];
    const runId = await this.#connections.openRun(connection);
    const rows: NewStudioTask[] = fresh.map(({ one, hash }) => ({
      studioId: one.studioId!,
      dataHash: hash,
      task: { data: one.data, meta: { labelStudioId: one.studioId! } },
    }));
    const added = await this.#deps.store.studio.insertTasks(connection.id, runId, rows);
    await this.#loops.added(
      project.id,
      added.map((one) => one.task),
    );
    // Somebody else was quicker with some of them.
    const there = new Set(added.map((one) => one.studioId));
    const others = rows.map((row) => row.studioId).filter((id) => !there.has(id));
    const known = await this.#deps.store.studio.tasks(connection.id, others);
    return [...added, ...(await this.#read(known.filter((row) => row.taskId !== null)))];
  }

  async #change(connection: Connection, project: Project, one: GivenTask, hash: string): Promise<Task> {
    const { store } = this.#deps;
    const [row] = await store.studio.tasks(connection.id, [one.studioId!]);
    const old = await store.tasks.get(row!.taskId!);
    const task = await store.studio.changeTask(connection.id, one.studioId!, { dataHash: hash, data: one.data });
    if (old && old.ordinal !== task.ordinal) {
      await this.#loops.removed(project.id, [old]);
      await this.#loops.added(project.id, [task]);
      await this.#loops.answered(task, performance.now());
    }
    return task;
  }

  async #read(
    rows: readonly { studioId: number; taskId: number | null }[],
  ): Promise<{ studioId: number; task: Task }[]> {
    const tasks = await Promise.all(rows.map((row) => this.#deps.store.tasks.get(row.taskId!)));
    return rows.flatMap(({ studioId }, i) => (tasks[i] ? [{ studioId, task: tasks[i] }] : []));
  }
}

/** As an answer of ours: regions that fit, held against the prediction that was shown. */
function answerOf(
  config: ProjectConfig,
  connection: Connection,
  given: GivenAnnotation,
  task: Task,
  annotatorId: number,
): NewAnnotation {
  const { answer, shown } = given;
  const { regions } = checkResult(config.parsed, task, answer.skipped ? [] : answer.result);
  return {
    projectId: task.projectId,
    taskId: task.id,
    annotatorId,
    result: regions,
    skipped: answer.skipped,
    groundTruth: answer.groundTruth,
    visibleMs: answer.visibleMs,
    via: 'api',
    parentPrediction: null,
    outcome: outcomeOf(shown, regions),
    difference: shown === null ? {} : { ...countDifference(diffResults(shown, regions)) },
    blind: false,
    blindResult: null,
    note: answer.note,
    submissionId: `label-studio/${connection.id}/${given.studioId}`,
    runId: null,
  };
}

/** Annotations that stand inside a task; what cannot be read is left out and named. */
export function annotationsIn(values: readonly unknown[]): { read: GivenAnnotation[]; problems: string[] } {
  const read: GivenAnnotation[] = [];
  const problems: string[] = [];
  for (const value of values) {
    try {
      const given = readAnnotation(value);
      if (given) read.push(given);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : toAppError(error).message);
    }
  }
  return { read, problems };
}

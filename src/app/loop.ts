/**
 * The learning loop of one project while it is in use: its learner, the current order, and who stands where in it.
 * Everything here can be rebuilt from the store and the matrices; nothing here is the only copy of anything.
 */
import type { Learner, Ranked } from '../compute/compute.ts';
import type { Annotation, ModelVersion, Project, Task } from '../core/domain.ts';
import { groupBy } from '../core/group.ts';
import type { Tensor } from '../store/tensors.ts';
import { sharesOf } from './answers.ts';
import { BlindSlice } from './blind-slice.ts';
import type { Deps } from './deps.ts';
import { INSTANT_EMBEDDER, type Matrices, readRows } from './matrices.ts';
import type { ProjectConfig } from './project-config.ts';
import { Roster } from './roster.ts';

/** Tasks ranked beyond the ones that are out right now: a person never waits for the order. */
const ORDER_LENGTH = 64;
/** Tasks of the blind slice whose hidden suggestion is worked out with each order. */
const BLIND_AHEAD = 16;
/** Below this share of embedded tasks the instant embedder serves: an order over half the tasks is no order. */
const COVERAGE_MIN = 0.9;
const LOAD_CHUNK = 5_000;

export class Loop {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly embedder: string;
  readonly roster: Roster;
  readonly blind: BlindSlice;
  /** The version whose head was installed last; null while only the live head has learned. */
  version: ModelVersion | null = null;
  /** The order as last computed, best first. */
  order: readonly Ranked[] = [];
  /** How many times somebody was given a task: the clock of the blind slice. */
  turns = 0;
  /** Labeled tasks at which the next training is due. */
  trainAt = 0;

  readonly #deps: Deps;
  readonly #learner: Learner | null;
  /** Tasks that have a row. */
  #rows = 0;
  /** Probabilities that came with the last order, so that handing out a task waits for no thread. */
  #known = new Map<number, ArrayLike<number>>();
  #refreshing: Promise<void> | null = null;
  #refreshAgain = false;

  private constructor(deps: Deps, project: Project, config: ProjectConfig, embedder: string, learner: Learner | null) {
    const { seed, blindShare, overlap } = project.settings;
    this.#deps = deps;
    this.project = project;
    this.config = config;
    this.embedder = embedder;
    this.#learner = learner;
    this.roster = new Roster(deps.clock, overlap);
    this.blind = new BlindSlice(seed, blindShare);
  }

  static async open(deps: Deps, matrices: Matrices, project: Project, config: ProjectConfig): Promise<Loop> {
    const { tasks } = await deps.store.projects.counts(project.id);
    const { embedder, tensor } = await pickEmbedder(matrices, project, tasks);
    const learner =
      config.control === null
        ? null
        : await deps.compute.openLearner({
            dim: tensor.columns,
            classes: config.classes,
            multiple: config.control.multiple,
            seed: project.settings.seed,
            strategy: project.settings.queryStrategy,
            expectedRows: tasks,
          });
    const loop = new Loop(deps, project, config, embedder, learner);
    await loop.#loadTasks(tensor);
    await loop.#loadAnswers();
    loop.trainAt = project.settings.retrainEvery;
    const active = await deps.store.models.active(project.id, config.control?.name ?? '');
    if (active) await loop.install(active);
    await loop.refresh();
    return loop;
  }

  /** Tasks are here; with `rows` (n x dim) the policy can rank them. */
  async addTasks(tasks: readonly Pick<Task, 'id' | 'ordinal'>[], rows: Float32Array | null): Promise<void> {
    for (const task of tasks) this.#place(task.ordinal, task.id);
    if (rows === null || this.#learner === null || tasks.length === 0) return;
    this.#rows += tasks.length;
    await this.#learner.addRows(
      Uint32Array.from(tasks, (task) => task.ordinal),
      rows,
    );
  }

  async removeTasks(tasks: readonly Pick<Task, 'ordinal'>[]): Promise<void> {
    for (const task of tasks) this.roster.remove(task.ordinal);
    await this.#learner?.removeRows(Uint32Array.from(tasks, (task) => task.ordinal));
    await this.refresh();
  }

  /** An annotation of this task was added, changed or removed. Resolves when the new order stands. */
  async answered(task: Pick<Task, 'id' | 'ordinal'>): Promise<void> {
    const annotations = await this.#deps.store.annotations.ofTask(task.id);
    this.#setAnswers(task.ordinal, annotations);
    await this.#learner?.answer([{ ordinal: task.ordinal, shares: sharesOf(this.config, annotations) }]);
    await this.refresh();
  }

  /** Recomputes the order. Calls during a call are answered by one more computation after it. */
  refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#refreshAgain = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#refreshLoop().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Resolves when no new order is being computed, or after the time given. */
  async settled(waitMs: number): Promise<void> {
    if (!this.#refreshing) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.#refreshing, patience]);
    clearTimeout(timer);
  }

  /** Tasks that the policy can rank. */
  get ranked(): number {
    return this.#rows;
  }

  /** Calibrated class probabilities of one task; null while there is no head or no embedding. */
  async suggest(ordinal: number): Promise<ArrayLike<number> | null> {
    return this.#known.get(ordinal) ?? (await this.#learner?.suggest(Uint32Array.of(ordinal))) ?? null;
  }

  async nearest(ordinal: number, limit: number): Promise<{ ordinal: number; similarity: number }[]> {
    return (await this.#learner?.nearest(ordinal, limit)) ?? [];
  }

  train(): ReturnType<Learner['train']> {
    return this.#learner?.train() ?? Promise.resolve(null);
  }

  /** A version that stands on another embedder cannot score these rows; the live head goes on instead. */
  async install(version: ModelVersion): Promise<void> {
    if (version.embedder !== this.embedder) return;
    await this.#learner?.install(version.head, this.project.settings.pinnedVersion === version.id);
    this.trainAt = version.trainedOn + this.project.settings.retrainEvery;
    this.version = version;
  }

  /** Takes over what only the loop before it knew. */
  succeed(old: Loop): void {
    this.turns = old.turns;
    this.roster.succeed(old.roster);
  }

  async close(): Promise<void> {
    await this.#refreshing?.catch(() => undefined);
    await this.#learner?.close();
  }

  async #refreshLoop(): Promise<void> {
    for (;;) {
      this.#refreshAgain = false;
      const startedAt = performance.now();
      await this.#computeOrder();
      if (!this.#refreshAgain) return;
      // With many people at work an order is old before it is done: half of one core is enough for it.
      if (this.roster.isShared) await pause(performance.now() - startedAt);
    }
  }

  async #computeOrder(): Promise<void> {
    if (this.#learner === null) return;
    const pending = this.roster.pending();
    const blind = this.blind.ordinals();
    const ahead = Uint32Array.from(this.#openOrdinals(blind, BLIND_AHEAD));
    const [order, hidden] = await Promise.all([
      this.#learner.order(ORDER_LENGTH + pending.length, blind, pending),
      this.#learner.suggest(ahead),
    ]);
    const classCount = this.config.classes.length;
    this.order = order;
    this.#known = new Map(order.flatMap((one) => (one.probabilities ? [[one.ordinal, one.probabilities]] : [])));
    for (const [i, ordinal] of ahead.entries()) {
      if (hidden) this.#known.set(ordinal, hidden.subarray(i * classCount, (i + 1) * classCount));
    }
  }

  #openOrdinals(ordinals: Uint32Array, limit: number): number[] {
    const open: number[] = [];
    for (const ordinal of ordinals) {
      if (this.roster.open([ordinal], 1).length > 0) open.push(ordinal);
      if (open.length === limit) break;
    }
    return open;
  }

  async #loadTasks(tensor: Tensor): Promise<void> {
    for (let from = 0; ; ) {
      const { ids, ordinals } = await this.#deps.store.tasks.ordinals(this.project.id, from, LOAD_CHUNK);
      if (ordinals.length === 0) break;
      for (const [i, ordinal] of ordinals.entries()) this.#place(ordinal, ids[i]!);
      const there = ordinals.filter((ordinal) => tensor.has(ordinal));
      this.#rows += there.length;
      if (there.length > 0) await this.#learner?.addRows(there, await readRows(tensor, there));
      from = ordinals.at(-1)! + 1;
    }
  }

  async #loadAnswers(): Promise<void> {
    const all: Annotation[] = [];
    for (let after = 0; ; ) {
      const page = await this.#deps.store.annotations.list(this.project.id, { after, limit: LOAD_CHUNK });
      if (page.length === 0) break;
      all.push(...page);
      after = page.at(-1)!.id;
    }
    this.turns = all.length;
    const byTask = groupBy(all, (one) => one.taskId);
    const answers: { ordinal: number; shares: number[] | null }[] = [];
    for (const [ordinal, id] of this.roster.tasks()) {
      const annotations = byTask.get(id);
      if (!annotations) continue;
      this.#setAnswers(ordinal, annotations);
      answers.push({ ordinal, shares: sharesOf(this.config, annotations) });
    }
    await this.#learner?.answer(answers);
    await this.#learner?.settle();
  }

  #setAnswers(ordinal: number, annotations: readonly Annotation[]): void {
    const count = annotations.filter((one) => !one.skipped).length;
    this.roster.setAnswers(ordinal, annotations.length === 0 ? null : count);
  }

  #place(ordinal: number, taskId: number): void {
    if (this.roster.place(ordinal, taskId)) this.blind.add(ordinal, taskId);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function pickEmbedder(
  matrices: Matrices,
  project: Project,
  tasks: number,
): Promise<{ embedder: string; tensor: Tensor }> {
  const wanted = project.settings.embedder;
  const tensor = await matrices.embeddings(project.id, wanted);
  if (tasks > 0 && tensor.filled >= COVERAGE_MIN * tasks) return { embedder: wanted, tensor };
  return { embedder: INSTANT_EMBEDDER, tensor: await matrices.embeddings(project.id, INSTANT_EMBEDDER) };
}

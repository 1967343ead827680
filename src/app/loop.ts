/**
 * The learning loop of one project while it is in use: its learner, the current order, and who stands where in it.
 * Everything here can be rebuilt from the store and the matrices; nothing here is the only copy of anything.
 */
import type { Learner, Ranked } from '../compute/compute.ts';
import type { Annotation, ModelVersion, Project, Task } from '../core/domain.ts';
import { groupBy } from '../core/group.ts';
import { hashUnit } from '../core/random.ts';
import type { Tensor } from '../store/tensors.ts';
import { sharesOf } from './answers.ts';
import type { Deps } from './deps.ts';
import { INSTANT_EMBEDDER, type Matrices, readRows } from './matrices.ts';
import type { ProjectConfig } from './project-config.ts';

/** Tasks ranked beyond the ones that may be leased right now: a person never waits for the order. */
const ORDER_LENGTH = 64;
/** Below this share of embedded tasks the instant embedder serves: an order over half the tasks is no order. */
const COVERAGE_MIN = 0.9;
const LOAD_CHUNK = 5_000;

export class Loop {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly embedder: string;
  /** The version whose head was installed last; null while only the live head has learned. */
  version: ModelVersion | null = null;
  /** The order as last computed, best first. */
  order: readonly Ranked[] = [];
  /** How many times somebody was given a task: the clock of the blind slice. */
  turns = 0;
  /** Labeled tasks at which the next training is due. */
  trainAt = 0;
  /** Ordinals of the tasks out with annotators, and when their leases end: others stay away from what they cover. */
  readonly #out = new Map<number, number>();

  readonly #deps: Deps;
  readonly #learner: Learner | null;
  /** Task id per ordinal; 0 where there is no living task. */
  #taskIds = new Float64Array(0);
  readonly #answers = new Map<number, number>();
  #rows = 0;
  #blind: { ordinal: number; place: number }[] = [];
  #blindSorted = true;
  #refreshing: Promise<void> | null = null;
  #refreshAgain = false;

  private constructor(deps: Deps, project: Project, config: ProjectConfig, embedder: string, learner: Learner | null) {
    this.#deps = deps;
    this.project = project;
    this.config = config;
    this.embedder = embedder;
    this.#learner = learner;
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

  /** Tasks this learner can rank. */
  async addRows(tasks: readonly Pick<Task, 'id' | 'ordinal'>[], rows: Float32Array | null): Promise<void> {
    for (const task of tasks) this.#place(task.ordinal, task.id);
    if (rows === null || this.#learner === null || tasks.length === 0) return;
    this.#rows += tasks.length;
    await this.#learner.addRows(
      Uint32Array.from(tasks, (task) => task.ordinal),
      rows,
    );
  }

  async removeTasks(tasks: readonly Pick<Task, 'ordinal'>[]): Promise<void> {
    for (const task of tasks) {
      this.#taskIds[task.ordinal] = 0;
      this.#answers.delete(task.ordinal);
    }
    await this.#learner?.removeRows(Uint32Array.from(tasks, (task) => task.ordinal));
    await this.refresh();
  }

  /** An annotation of this task was added, changed or removed. Resolves when the new order stands. */
  async answered(task: Pick<Task, 'id' | 'ordinal'>): Promise<void> {
    const annotations = await this.#deps.store.annotations.ofTask(task.id);
    if (annotations.length === 0) this.#answers.delete(task.ordinal);
    else this.#answers.set(task.ordinal, annotations.filter((one) => !one.skipped).length);
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

  /** Resolves when no new order is being computed, or after the time given: a slightly old order beats a wait. */
  async settled(waitMs: number): Promise<void> {
    if (!this.#refreshing) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.#refreshing, patience]);
    clearTimeout(timer);
  }

  leased(ordinal: number, expiresAt: number): void {
    this.#out.set(ordinal, expiresAt);
  }

  returned(ordinal: number): void {
    this.#out.delete(ordinal);
  }

  /** Ordinals under a lease that has not run out. */
  pending(): Uint32Array {
    const now = this.#deps.clock.now();
    for (const [ordinal, expiresAt] of this.#out) if (expiresAt <= now) this.#out.delete(ordinal);
    return Uint32Array.from(this.#out.keys());
  }

  /** Takes over what only the loop before it knew. */
  succeed(old: Loop): void {
    this.turns = old.turns;
    for (const [ordinal, expiresAt] of old.#out) this.#out.set(ordinal, expiresAt);
  }

  taskId(ordinal: number): number | undefined {
    return this.#taskIds[ordinal] || undefined;
  }

  isAnswered(ordinal: number): boolean {
    return this.#answers.has(ordinal);
  }

  isBlind(taskId: number): boolean {
    return this.project.settings.blindShare > 0 && this.#blindPlace(taskId) < this.project.settings.blindShare;
  }

  /** Is this turn one of the blind slice? The same turn always gives the same answer. */
  isBlindTurn(): boolean {
    const { seed, blindShare } = this.project.settings;
    return blindShare > 0 && hashUnit(seed, 'turn', this.turns) < blindShare;
  }

  /** The next unanswered tasks of the blind slice, in their random order. */
  blindCandidates(limit: number): number[] {
    const found: number[] = [];
    if (!this.#blindSorted) this.#blind.sort((a, b) => a.place - b.place || a.ordinal - b.ordinal);
    this.#blindSorted = true;
    for (const { ordinal } of this.#blind) {
      const id = this.#taskIds[ordinal];
      if (id && !this.#answers.has(ordinal)) found.push(id);
      if (found.length === limit) break;
    }
    return found;
  }

  /** Tasks that have some of the answers the overlap asks for. */
  partlyAnswered(): number[] {
    if (this.project.settings.overlap <= 1) return [];
    return [...this.#answers].flatMap(([ordinal, count]) => {
      const id = this.#taskIds[ordinal];
      return id && count < this.project.settings.overlap ? [id] : [];
    });
  }

  /** Unanswered tasks in the order they came, a page at a time: for what the policy cannot rank yet. */
  *sequential(pageLength: number): Generator<number[]> {
    let page: number[] = [];
    for (let ordinal = 0; ordinal < this.#taskIds.length; ordinal++) {
      const id = this.#taskIds[ordinal];
      if (id && !this.#answers.has(ordinal)) page.push(id);
      if (page.length < pageLength) continue;
      yield page;
      page = [];
    }
    yield page;
  }

  /** Tasks that have a row, so that the policy can rank them. */
  get ranked(): number {
    return this.#rows;
  }

  /** Calibrated class probabilities of one task; null while there is no head or no embedding. */
  async suggest(ordinal: number): Promise<Float32Array | null> {
    return (await this.#learner?.suggest(Uint32Array.of(ordinal))) ?? null;
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

  async close(): Promise<void> {
    await this.#refreshing?.catch(() => undefined);
    await this.#learner?.close();
  }

  async #refreshLoop(): Promise<void> {
    do {
      this.#refreshAgain = false;
      const pending = this.pending();
      const without = Uint32Array.from(this.#blind, (one) => one.ordinal);
      this.order = (await this.#learner?.order(ORDER_LENGTH + pending.length, without, pending)) ?? [];
    } while (this.#refreshAgain);
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
    this.#taskIds.forEach((id, ordinal) => {
      const annotations = byTask.get(id);
      if (!annotations) return;
      this.#answers.set(ordinal, annotations.filter((one) => !one.skipped).length);
      answers.push({ ordinal, shares: sharesOf(this.config, annotations) });
    });
    await this.#learner?.answer(answers);
    await this.#learner?.settle();
  }

  #place(ordinal: number, taskId: number): void {
    if (ordinal >= this.#taskIds.length) {
      const grown = new Float64Array(Math.max(1024, 2 ** Math.ceil(Math.log2(ordinal + 1))));
      grown.set(this.#taskIds);
      this.#taskIds = grown;
    }
    if (this.#taskIds[ordinal] === taskId) return;
    this.#taskIds[ordinal] = taskId;
    if (!this.isBlind(taskId)) return;
    this.#blind.push({ ordinal, place: this.#blindPlace(taskId) });
    this.#blindSorted = false;
  }

  /** Where the task stands in the random order of the project, 0..1; depends on nothing but seed and id. */
  #blindPlace(taskId: number): number {
    return hashUnit(this.project.settings.seed, 'blind', taskId);
  }
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

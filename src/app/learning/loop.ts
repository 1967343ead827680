/**
 * The learning loop of one project while it is in use: its learner, the current order, and who stands where in it.
 * Everything here can be rebuilt from the store and the matrices; nothing here is the only copy of anything.
 */
import type { Learner } from '../../compute/compute.ts';
import type { Annotation, ModelVersion, Project, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import { fittingPolicy, policyOf } from '../../sampling/index.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import { pickEmbedder } from '../embeddings/embedders.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type Lesson, lessonOf, promotionRuns, saysTheSame } from '../queue/answers.ts';
import { BlindSlice } from '../queue/blind-slice.ts';
import { Roster } from '../queue/roster.ts';
import { type AskedControl, askedOf, numberOf } from './asked.ts';
import { CurrentOrder } from './current-order.ts';
import { DriftCount } from './drift.ts';
import { Marked } from './marked.ts';
import type { TrainedAt } from './retrain-policy.ts';

const LOAD_CHUNK = 5_000;
/** Answers carry whole results: fewer at once, so that reading them stalls nobody. */
const ANSWERS_CHUNK = 500;

/** What a loop ranks by. */
interface Stand {
  readonly embedder: string;
  readonly learner: Learner | null;
  readonly promotions: ReadonlySet<number>;
  readonly asked: AskedControl | null;
}

export class Loop {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly embedder: string;
  /** The policy that orders the queue: the project's, or the default of what it asks when that does not fit. */
  readonly strategy: string;
  readonly roster: Roster;
  readonly blind: BlindSlice;
  /** The version whose head was installed last; null while only the live head has learned. */
  version: ModelVersion | null = null;
  /** Tasks asked for before all others, by ordinal; true: to check predictions, so they are shown without any. */
  readonly wanted = new Map<number, boolean>();
  /** How many times somebody was given a task: the clock of the blind slice. */
  turns = 0;
  /** What the last training, or the last request for one, stood on. */
  trained: TrainedAt;
  readonly drift = new DriftCount();
  readonly ranking: CurrentOrder;

  readonly #deps: Deps;
  readonly #learner: Learner | null;
  readonly #asked: AskedControl | null;
  /** What orders spans and shapes; null for everything else. */
  readonly #marked: Marked | null;
  /** Dealt with, but without anything the head could learn from: skips, mostly. Never ranked again. */
  readonly #silent = new Set<number>();
  /** Labeled in bulk only: they teach, and prove nothing. Bulk acts reload the loop, so the runs are those of its start. */
  readonly #unproven = new Set<number>();
  readonly #promotions: ReadonlySet<number>;
  /** Answers that are stored, and on their way to the head. */
  readonly #learning = new Set<Promise<Annotation[]>>();
  #users = 0;
  #closing = false;
  #unused: (() => void) | null = null;

  private constructor(
    deps: Deps,
    project: Project,
    config: ProjectConfig,
    { embedder, learner, promotions, asked }: Stand,
  ) {
    const { seed, blindShare, overlap } = project.settings;
    this.#deps = deps;
    this.#promotions = promotions;
    this.#asked = asked;
    this.strategy = fittingPolicy(project.settings.queryStrategy, asked?.asked ?? null);
    const byMarks = asked?.asked === 'tokens' || asked?.asked === 'boxes';
    this.#marked = byMarks ? new Marked(deps.store, asked, seed) : null;
    this.project = project;
    this.config = config;
    this.embedder = embedder;
    this.#learner = learner;
    this.trained = { labels: 0, verified: 0, at: Date.parse(project.createdAt) };
    this.roster = new Roster(deps.clock, overlap);
    this.blind = new BlindSlice(seed, blindShare);
    this.ranking = new CurrentOrder({
      ...{ store: deps.store, project, config, strategy: this.strategy, learner, marked: this.#marked, asked },
      ...{ roster: this.roster, blind: this.blind, silent: this.#silent },
    });
  }

  static async open(deps: Deps, matrices: Matrices, project: Project, config: ProjectConfig): Promise<Loop> {
    const { tasks } = await deps.store.projects.counts(project.id);
    const { embedder, tensor } = await pickEmbedder(deps, matrices, { project, config, tasks });
    const asked = askedOf(config);
    const learner = await openLearner(deps, project, config, { dim: tensor.columns, asked, tasks });
    const promotions = await promotionRuns(deps.store, project.id);
    const loop = new Loop(deps, project, config, { embedder, learner, promotions, asked });
    try {
      await loop.#loadTasks(tensor);
      const blind = await loop.#loadAnswers();
      await loop.#loadWanted();
      await loop.#loadLeases();
      const active = await deps.store.models.active(project.id, config.control?.name ?? '');
      if (active) await loop.install(active);
      await loop.#countDrift(blind.filter((one) => Date.parse(one.createdAt) > loop.trained.at));
      await loop.ranking.refresh();
      return loop;
    } catch (error) {
      await learner?.close();
      throw error;
    }
  }

  /** False once the loop is closing: ask for its successor. Every `enter` needs a `leave`. */
  enter(): boolean {
    if (this.#closing) return false;
    this.#users += 1;
    return true;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#unused?.();
  }

  /** Tasks are here; with `rows` (n x dim) the policy can rank them. */
  async addTasks(tasks: readonly Pick<Task, 'id' | 'ordinal'>[], rows: Float32Array | null): Promise<void> {
    for (const task of tasks) this.#place(task.ordinal, task.id);
    await this.predicted(tasks);
    if (rows === null || this.#learner === null || tasks.length === 0) return;
    for (const task of tasks) this.roster.setRow(task.ordinal);
    await this.#learner.addRows(
      Uint32Array.from(tasks, (task) => task.ordinal),
      rows,
    );
  }

  /** Do predictions order the queue? */
  get isByMarks(): boolean {
    return this.#marked !== null;
  }

  /** Something was predicted for these tasks. */
  async predicted(tasks: Iterable<Pick<Task, 'id' | 'ordinal'>>): Promise<void> {
    await this.#marked?.read(tasks);
  }

  /** The same for all tasks. */
  async allPredicted(): Promise<void> {
    await this.#marked?.read(named(this.roster.tasks()));
  }

  async removeTasks(tasks: readonly Pick<Task, 'ordinal'>[]): Promise<void> {
    for (const { ordinal } of tasks) {
      this.roster.remove(ordinal);
      this.#marked?.remove(ordinal);
    }
    await this.#learner?.removeRows(Uint32Array.from(tasks, (task) => task.ordinal));
    await this.ranking.refresh();
  }

  /** An annotation of this task was added, changed or removed. Resolves when the new order stands. */
  async answered(task: Pick<Task, 'id' | 'ordinal'>): Promise<void> {
    const learning = this.#learn(task);
    this.#learning.add(learning);
    const annotations = await learning.finally(() => this.#learning.delete(learning));
    await this.#countDrift(annotations.filter(isBlindTest));
    await this.ranking.refresh();
  }

  /** Is the task shown without a suggestion? */
  isBlind({ id, ordinal }: Pick<Task, 'id' | 'ordinal'>): boolean {
    return this.blind.has(id) || this.wanted.get(ordinal) === true;
  }

  /** Tasks that the policy can rank. */
  get ranked(): number {
    return this.#marked?.size ?? this.roster.rows;
  }

  /** Why a task stands where it stands, for orders that no head explains; null otherwise. */
  reason(ordinal: number): string | null {
    return this.#marked?.sentence(ordinal) ?? null;
  }

  /** Is there anything to predict with? From then on names of labels have nothing to add. */
  get hasHead(): boolean {
    return this.version !== null || this.ranking.isPredicted;
  }

  /** Calibrated class probabilities of one task; null while there is no head or no embedding. Waits for the thread. */
  async suggest(ordinal: number): Promise<ArrayLike<number> | null> {
    return (await this.#learner?.suggest(Uint32Array.of(ordinal))) ?? null;
  }

  /** On every answer that is stored when it is called. */
  async train(): ReturnType<Learner['train']> {
    // Without classes there is no head.
    if (this.config.control === null || this.#learner === null) return null;
    await Promise.allSettled(this.#learning);
    return this.#learner.train(Uint32Array.from(this.#unproven));
  }

  /** A version that stands on another embedder cannot score these rows; the live head goes on instead. */
  async install(version: ModelVersion): Promise<void> {
    if (version.embedder !== this.embedder) return;
    await this.#learner?.install(version.head, this.project.settings.pinnedVersion === version.id);
    this.trainedAt(standingOf(version));
    this.version = version;
  }

  /** The policy counts from here. */
  trainedAt(now: TrainedAt): void {
    this.trained = now;
    this.drift.begin();
  }

  /** What a training would have to stand on. */
  labelState(): ReturnType<Learner['labelState']> {
    return this.#learner?.labelState() ?? Promise.resolve({ labels: 0, contrasting: false });
  }

  /** Takes over what only the loop before it knew. */
  succeed(old: Loop): void {
    if (old.trained.at > this.trained.at) this.trained = old.trained;
    this.turns = old.turns;
    this.roster.succeed(old.roster);
  }

  /** Resolves when the last user has left and the learner is gone. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#users > 0) {
      await new Promise<void>((resolve) => {
        this.#unused = resolve;
      });
    }
    await this.ranking.ended();
    await this.#learner?.close();
  }

  async #loadTasks(tensor: Tensor): Promise<void> {
    for (let from = 0; ; ) {
      const { ids, ordinals } = await this.#deps.store.tasks.ordinals(this.project.id, from, LOAD_CHUNK);
      if (ordinals.length === 0) break;
      for (const [i, ordinal] of ordinals.entries()) this.#place(ordinal, ids[i]!);
      await this.predicted(Array.from(ordinals, (ordinal, i) => ({ ordinal, id: ids[i]! })));
      const there = ordinals.filter((ordinal) => tensor.has(ordinal));
      for (const ordinal of there) this.roster.setRow(ordinal);
      if (there.length > 0) await this.#learner?.addRows(there, await readRows(tensor, there));
      from = ordinals.at(-1)! + 1;
    }
  }

  async #loadWanted(): Promise<void> {
    const wanted = new Map(
      (await this.#deps.store.spread.wanted(this.project.id)).map((one) => [one.taskId, one.checks]),
    );
    if (wanted.size === 0) return;
    for (const [ordinal, id] of this.roster.tasks()) if (wanted.has(id)) this.wanted.set(ordinal, wanted.get(id)!);
  }

  /** Returns those that say something about hidden suggestions. */
  async #loadAnswers(): Promise<Annotation[]> {
    const all: Annotation[] = [];
    for (let after = 0; ; ) {
      const page = await this.#deps.store.annotations.list(this.project.id, { after, limit: ANSWERS_CHUNK });
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
      answers.push({ ordinal, shares: this.#setAnswers(ordinal, annotations) });
    }
    await this.#learner?.answer(answers);
    await this.#learner?.settle();
    return all.filter(isBlindTest);
  }

  async #countDrift(blind: readonly Annotation[]): Promise<void> {
    if (blind.length === 0) return;
    const shown = await this.#deps.store.predictions.ofTasks(blind.map((one) => one.taskId));
    const scores = new Map(shown.map((one) => [one.id, one.score]));
    for (const answer of blind) {
      const score = scores.get(answer.parentPrediction!);
      if (typeof score === 'number') this.drift.set(answer.id, saysTheSame(answer), score);
    }
  }

  async #loadLeases(): Promise<void> {
    const byTask = groupBy(await this.#deps.store.leases.ofProject(this.project.id), (one) => one.taskId);
    if (byTask.size === 0) return;
    for (const [ordinal, id] of this.roster.tasks()) {
      for (const { annotatorId, expiresAt } of byTask.get(id) ?? []) this.roster.lease(ordinal, annotatorId, expiresAt);
    }
  }

  async #learn({ id, ordinal }: Pick<Task, 'id' | 'ordinal'>): Promise<Annotation[]> {
    const annotations = await this.#deps.store.annotations.ofTask(id);
    const shares = this.#setAnswers(ordinal, annotations);
    await this.#learner?.answer([{ ordinal, shares }]);
    return annotations;
  }

  /** Returns what the head learns from them: class shares, or null. */
  #setAnswers(ordinal: number, annotations: readonly Annotation[]): number[] | null {
    const { shares, proven } = this.#lessonOf(annotations);
    this.roster.setAnswers(ordinal, annotations);
    if (proven || shares === null) this.#unproven.delete(ordinal);
    else this.#unproven.add(ordinal);
    if (annotations.length > 0 && shares === null) this.#silent.add(ordinal);
    else this.#silent.delete(ordinal);
    return shares;
  }

  #lessonOf(annotations: readonly Annotation[]): Lesson {
    if (this.#asked?.asked !== 'numbers') return lessonOf(this.config, annotations, this.#promotions);
    const number = numberOf(this.#asked.control, annotations);
    return { shares: number === null ? null : [number], proven: true };
  }

  #place(ordinal: number, taskId: number): void {
    if (this.roster.place(ordinal, taskId)) this.blind.add(ordinal, taskId);
  }
}

function* named(tasks: Iterable<[number, number]>): Generator<Pick<Task, 'id' | 'ordinal'>> {
  for (const [ordinal, id] of tasks) yield { ordinal, id };
}

/** Null where no rows order the queue: spans and shapes are ordered by what is predicted in them. */
async function openLearner(
  { compute }: Deps,
  { settings }: Project,
  { control, classes }: ProjectConfig,
  { dim, asked, tasks }: { dim: number; asked: AskedControl | null; tasks: number },
): Promise<Learner | null> {
  const numbers = asked?.asked === 'numbers';
  if (control === null && !numbers) return null;
  return compute.openLearner({
    dim,
    classes,
    multiple: control?.multiple ?? false,
    seed: settings.seed,
    strategy: policyOf(fittingPolicy(settings.queryStrategy, asked!.asked)).name,
    numbers,
    expectedRows: tasks,
  });
}

/** What was labeled when a version was trained, and when. Not every label teaches: one that was removed since does not. */
export function standingOf({ trainedOn, metrics, createdAt }: Omit<ModelVersion, 'head'>): TrainedAt {
  const { labeled = trainedOn, verified = 0 } = metrics;
  return { labels: Number(labeled), verified: Number(verified), at: Date.parse(createdAt) };
}

/** A hidden suggestion was held against it. */
function isBlindTest({ blind, parentPrediction, skipped }: Annotation): boolean {
  return blind && parentPrediction !== null && !skipped;
}

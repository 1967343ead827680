/** The learning loops of the projects in use: opened when first needed, rebuilt beside the old one when facts change. */
import type { Task } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { Loop } from './loop.ts';

/** Each holds a matrix in a thread's memory; the least recently used one goes first. */
const LOOPS_MAX = 32;
const RERANK_TIMES_KEPT = 1_000;

/** What happened to a loop while its successor was being built: the new one must hear of it again. */
type Event = (loop: Loop) => Promise<void>;

interface Entry {
  loop: Promise<Loop>;
  /** Rebuilds of one project come one after the other. */
  rebuilding: Promise<void>;
  journal: Event[] | null;
}

export class Loops {
  readonly #deps: Deps;
  readonly #matrices: Matrices;
  readonly #configs: ProjectConfigs;
  readonly #entries = new Map<number, Entry>();
  readonly #times = new Map<number, number[]>();

  constructor(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
    this.#deps = deps;
    this.#matrices = matrices;
    this.#configs = configs;
  }

  /** The loop as it is now. Who does more than one thing with it wants `use`. */
  async get(projectId: number): Promise<Loop> {
    const known = this.#entries.get(projectId);
    if (known) {
      this.#entries.delete(projectId);
      this.#entries.set(projectId, known);
      return known.loop;
    }
    const entry: Entry = { loop: this.#build(projectId), rebuilding: Promise.resolve(), journal: null };
    this.#entries.set(projectId, entry);
    entry.loop.catch(() => {
      if (this.#entries.get(projectId) === entry) this.#entries.delete(projectId);
    });
    await this.#evict();
    return entry.loop;
  }

  /** Works with the loop while nobody closes it; a rebuild in the meantime serves everybody who comes later. */
  async use<T>(projectId: number, work: (loop: Loop) => Promise<T>): Promise<T> {
    for (;;) {
      const loop = await this.get(projectId);
      if (loop.enter()) {
        try {
          return await work(loop);
        } finally {
          loop.leave();
        }
      }
    }
  }

  /** The loop if it is in use; what is not in use will read the store when it is opened. */
  async peek(projectId: number): Promise<Loop | undefined> {
    return this.#entries.get(projectId)?.loop;
  }

  /** An annotation of the task changed at `since` (performance.now()); resolves when the new order stands. */
  async answered(task: Task, since: number): Promise<void> {
    if (!(await this.#tell(task.projectId, (loop) => loop.answered(task)))) return;
    const times = this.#times.get(task.projectId) ?? [];
    this.#times.set(task.projectId, [...times.slice(1 - RERANK_TIMES_KEPT), performance.now() - since]);
  }

  /** Tasks are here; `rows` (n x dim) are of this embedder, null when there are none yet. */
  async added(
    projectId: number,
    tasks: readonly Task[],
    rows?: { embedder: string; rows: Float32Array },
  ): Promise<void> {
    await this.#tell(projectId, (loop) =>
      loop.addTasks(tasks, rows && rows.embedder === loop.embedder ? rows.rows : null),
    );
  }

  /** Something was predicted for these tasks, or left out for any: where predictions order the queue, it is ordered again. */
  async predicted(projectId: number, tasks?: readonly Task[]): Promise<void> {
    await this.#tell(projectId, async (loop) => {
      if (!loop.isByMarks) return;
      await (tasks ? loop.predicted(tasks) : loop.allPredicted());
      await loop.ranking.refresh();
    });
  }

  async removed(projectId: number, tasks: readonly Task[]): Promise<void> {
    await this.#tell(projectId, (loop) => loop.removeTasks(tasks));
  }

  /** Rebuilds from the store, while the old loop goes on serving. */
  async reload(projectId: number): Promise<void> {
    const entry = this.#entries.get(projectId);
    if (!entry) return;
    const rebuild = entry.rebuilding.then(() => this.#rebuild(projectId, entry));
    entry.rebuilding = rebuild.catch(() => undefined);
    await rebuild;
  }

  rerankTimesMs(projectId: number): number[] {
    return this.#times.get(projectId) ?? [];
  }

  async drop(projectId: number): Promise<void> {
    const entry = this.#entries.get(projectId);
    this.#entries.delete(projectId);
    await (await entry?.loop.catch(() => undefined))?.close();
  }

  async close(): Promise<void> {
    for (const projectId of [...this.#entries.keys()]) await this.drop(projectId);
  }

  /** Returns false when the project is not in use. */
  async #tell(projectId: number, event: Event): Promise<boolean> {
    const entry = this.#entries.get(projectId);
    if (!entry) return false;
    entry.journal?.push(event);
    await this.use(projectId, event);
    return true;
  }

  async #build(projectId: number): Promise<Loop> {
    const project = await found('project', projectId, this.#deps.store.projects.get(projectId));
    return Loop.open(this.#deps, this.#matrices, project, this.#configs.of(project));
  }

  async #rebuild(projectId: number, entry: Entry): Promise<void> {
    if (this.#entries.get(projectId) !== entry) return;
    const journal: Event[] = [];
    entry.journal = journal;
    try {
      const fresh = await this.#build(projectId);
      const old = await entry.loop;
      // The list may grow while it is worked off; behind it nothing waits, so that no event falls between the loops.
      for (const event of journal) await event(fresh);
      if (this.#entries.get(projectId) !== entry) return fresh.close();
      fresh.succeed(old);
      entry.loop = Promise.resolve(fresh);
      entry.journal = null;
      await old.close();
    } finally {
      entry.journal = null;
    }
  }

  async #evict(): Promise<void> {
    for (const projectId of this.#entries.keys()) {
      if (this.#entries.size <= LOOPS_MAX) return;
      await this.drop(projectId);
    }
  }
}

/** The learning loops of the projects in use: opened when first needed, rebuilt beside the old one when facts change. */
import type { Task } from '../core/domain.ts';
import type { Deps } from './deps.ts';
import { found } from './lookup.ts';
import { Loop } from './loop.ts';
import type { Matrices } from './matrices.ts';
import type { ProjectConfigs } from './project-config.ts';

/** Each holds a matrix in a thread's memory; the least recently used one goes first. */
const LOOPS_MAX = 32;
const RERANK_TIMES_KEPT = 1_000;

export class Loops {
  readonly #deps: Deps;
  readonly #matrices: Matrices;
  readonly #configs: ProjectConfigs;
  readonly #open = new Map<number, Promise<Loop>>();
  /** Tasks answered while a loop is being rebuilt: the new one must hear of them again. */
  readonly #touched = new Map<number, Set<Task>>();
  readonly #reloading = new Map<number, Promise<void>>();
  readonly #times = new Map<number, number[]>();

  constructor(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
    this.#deps = deps;
    this.#matrices = matrices;
    this.#configs = configs;
  }

  async get(projectId: number): Promise<Loop> {
    const known = this.#open.get(projectId);
    if (known) {
      this.#open.delete(projectId);
      this.#open.set(projectId, known);
      return known;
    }
    const opening = this.#build(projectId);
    this.#open.set(projectId, opening);
    opening.catch(() => this.#open.delete(projectId));
    await this.#evict();
    return opening;
  }

  /** The loop if it is in use; what is not in use will read the store when it is opened. */
  peek(projectId: number): Promise<Loop> | undefined {
    return this.#open.get(projectId);
  }

  /** An annotation of the task changed at `since` (performance.now()); resolves when the new order stands. */
  async answered(task: Task, since: number): Promise<void> {
    this.#touched.get(task.projectId)?.add(task);
    const loop = await this.#open.get(task.projectId);
    if (!loop) return;
    await loop.answered(task);
    const times = this.#times.get(task.projectId) ?? [];
    this.#times.set(task.projectId, [...times.slice(1 - RERANK_TIMES_KEPT), performance.now() - since]);
  }

  /** Rebuilds from the store, while the old loop goes on serving; one rebuild per project at a time. */
  async reload(projectId: number): Promise<void> {
    await this.#reloading.get(projectId);
    if (!this.#open.has(projectId)) return;
    const reloading = this.#swap(projectId).finally(() => this.#reloading.delete(projectId));
    this.#reloading.set(projectId, reloading);
    await reloading;
  }

  rerankTimesMs(projectId: number): number[] {
    return this.#times.get(projectId) ?? [];
  }

  async drop(projectId: number): Promise<void> {
    const open = this.#open.get(projectId);
    this.#open.delete(projectId);
    await (await open)?.close();
  }

  async close(): Promise<void> {
    for (const projectId of [...this.#open.keys()]) await this.drop(projectId);
  }

  async #build(projectId: number): Promise<Loop> {
    const project = await found('project', projectId, this.#deps.store.projects.get(projectId));
    return Loop.open(this.#deps, this.#matrices, project, this.#configs.of(project));
  }

  async #swap(projectId: number): Promise<void> {
    const old = this.#open.get(projectId);
    const touched = new Set<Task>();
    this.#touched.set(projectId, touched);
    try {
      const fresh = await this.#build(projectId);
      const before = await old;
      if (before) fresh.succeed(before);
      this.#open.set(projectId, Promise.resolve(fresh));
      for (const task of touched) await fresh.answered(task);
    } finally {
      this.#touched.delete(projectId);
    }
    await (await old)?.close();
  }

  async #evict(): Promise<void> {
    for (const projectId of this.#open.keys()) {
      if (this.#open.size <= LOOPS_MAX) return;
      await this.drop(projectId);
    }
  }
}

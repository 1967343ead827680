/** The neighbour space of a project: kept in step with its tasks and rows, opened again when its process died. */
import type { NeighbourSpaces, SpaceKey } from '../../compute/neighbours.ts';
import type { Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import { pickEmbedder } from '../embeddings/embedders.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectsApi } from '../projects/api.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';

/** Rows handed over at once: a few megabytes, copied in milliseconds. */
const PUT_ROWS = 2_000;
const ORDINALS_PAGE = 10_000;

/** A deleted project takes its graphs and indexes along, and what is `kept` of projects until the server stops. */
export function withNeighbours(
  projects: ProjectsApi,
  neighbours: Neighbours,
  kept: readonly Map<number, unknown>[],
): ProjectsApi {
  return {
    ...projects,
    async delete(id) {
      await projects.delete(id);
      await neighbours.drop(id);
      for (const one of kept) one.delete(id);
    },
  };
}

export interface OpenSpace {
  readonly spaces: NeighbourSpaces;
  readonly key: SpaceKey;
}

export class Neighbours {
  readonly #deps: Deps;
  readonly #matrices: Matrices;
  readonly #configs: ProjectConfigs;
  /** What the process was last told of a project. */
  readonly #told = new Map<number, string>();
  readonly #opening = new Map<number, Promise<SpaceKey>>();

  constructor(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
    this.#deps = deps;
    this.#matrices = matrices;
    this.#configs = configs;
  }

  /** Works with the space as the project is now; a process that died meanwhile is told everything and asked once more. */
  async use<T>(projectId: number, work: (open: OpenSpace) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await this.#attempt(projectId, work);
    } catch (error) {
      const died = error instanceof AppError && error.code === 'BACKEND_CRASHED';
      if (!died || signal?.aborted) throw error;
      // It held the spaces of all projects.
      this.#told.clear();
      return this.#attempt(projectId, work);
    }
  }

  async drop(projectId: number): Promise<void> {
    this.#told.delete(projectId);
    await this.#deps.neighbours.drop(projectId);
  }

  async #attempt<T>(projectId: number, work: (open: OpenSpace) => Promise<T>): Promise<T> {
    const key = await this.#opened(projectId);
    return work({ spaces: this.#deps.neighbours, key });
  }

  /** Whoever comes while the space is being opened waits for that; whoever comes later sees what has changed since. */
  #opened(projectId: number): Promise<SpaceKey> {
    const under = this.#opening.get(projectId);
    if (under) return under;
    const opening = this.#open(projectId).finally(() => this.#opening.delete(projectId));
    this.#opening.set(projectId, opening);
    return opening;
  }

  async #open(projectId: number): Promise<SpaceKey> {
    const { store, inference, neighbours } = this.#deps;
    const project = await found('project', projectId, store.projects.get(projectId));
    const { tasks } = await store.projects.counts(projectId);
    const { embedder, tensor } = await pickEmbedder(this.#deps, this.#matrices, {
      project,
      config: this.#configs.of(project),
      tasks,
    });
    const { version, dim } = inference.info(embedder);
    const key: SpaceKey = { projectId, embedder: `${embedder}-${version}`, dims: dim };
    const state = [key.embedder, tensor.filled, project.ordinals, tasks].join(' ');
    if (this.#told.get(projectId) === state) return key;
    const missing = await neighbours.open(key, await this.#livingRows(project, tensor));
    for (let at = 0; at < missing.length; at += PUT_ROWS) {
      const some = missing.slice(at, at + PUT_ROWS);
      await neighbours.put(key, some, await readRows(tensor, some));
    }
    this.#told.set(projectId, state);
    return key;
  }

  async #livingRows(project: Project, tensor: Tensor): Promise<Uint32Array> {
    const parts: Uint32Array[] = [];
    for (let from = 0; ; ) {
      const { ordinals } = await this.#deps.store.tasks.ordinals(project.id, from, ORDINALS_PAGE);
      if (ordinals.length === 0) break;
      parts.push(ordinals.filter((ordinal) => tensor.has(ordinal)));
      from = ordinals.at(-1)! + 1;
    }
    const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** The open tensor files of the projects: one handle each, however many jobs and loops use it. */
import { stableHash } from '../../core/json.ts';
import type { Tensor, TensorKey } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';

const COPY_CHUNK = 1_000;

export class Matrices {
  readonly #deps: Deps;
  readonly #open = new Map<string, Promise<Tensor>>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Embeddings of a project by a model of the manifest; a new model version is a new matrix. */
  embeddings(projectId: number, embedder: string): Promise<Tensor> {
    const { version, dim } = this.#deps.inference.info(embedder);
    return this.#get({ projectId, kind: 'embedding', version: `${embedder}-${version}` }, dim);
  }

  /** Works with what a model version says of every task, one column per class; the file is closed afterwards. */
  withProbabilities<T>(of: VersionOutput, work: (tensor: Tensor) => Promise<T>): Promise<T> {
    return this.#using(keyOf('probability', of), of.classes.length, work);
  }

  /** The same with a version's honest record: out-of-fold probabilities of the tasks it was trained on. */
  withOutOfFold<T>(of: VersionOutput, work: (tensor: Tensor) => Promise<T>): Promise<T> {
    return this.#using(keyOf('out-of-fold', of), of.classes.length, work);
  }

  /** Which run holds a registered model's answer for each task: one column, the id of the run. */
  withAnsweredBy<T>(of: { projectId: number; key: string }, work: (tensor: Tensor) => Promise<T>): Promise<T> {
    return this.#using({ projectId: of.projectId, kind: 'answered-by', version: of.key }, 1, work);
  }

  /** The places of tasks on the map of an embedder version: two columns, x and y. */
  withMap<T>(of: MapOf, work: (tensor: Tensor) => Promise<T>): Promise<T> {
    return this.#using(mapKey(of), 2, work);
  }

  async dropMap(of: MapOf): Promise<void> {
    await this.#deps.tensors.delete(mapKey(of));
  }

  /** Forgets what a revoked run had computed, so that it is computed again when asked for. */
  async dropProbabilities(of: VersionOutput): Promise<void> {
    await this.#deps.tensors.delete(keyOf('probability', of));
  }

  /** Gives project `to` the rows of `from`; row i of the copy is row `sources[i]` of the original. */
  async copyEmbeddings(from: number, to: number, sources: readonly number[]): Promise<void> {
    const { inference } = this.#deps;
    for (const { name, dim } of inference.models()) {
      if (dim === 0) continue;
      const source = await this.embeddings(from, name);
      const target = await this.embeddings(to, name);
      for (let start = 0; start < sources.length; start += COPY_CHUNK) {
        const chunk = sources.slice(start, start + COPY_CHUNK).map((ordinal, i) => [ordinal, start + i] as const);
        const there = chunk.filter(([ordinal]) => source.has(ordinal));
        const rows = await readRows(
          source,
          Uint32Array.from(there, ([ordinal]) => ordinal),
        );
        await target.write(
          Uint32Array.from(there, ([, copy]) => copy),
          rows,
        );
      }
    }
  }

  async deleteProject(projectId: number): Promise<void> {
    for (const [name, tensor] of this.#open) {
      if (!name.startsWith(`${projectId}/`)) continue;
      this.#open.delete(name);
      await (await tensor).close();
    }
    await this.#deps.tensors.deleteProject(projectId);
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const tensor of open) await (await tensor).close();
  }

  #get(key: TensorKey, columns: number): Promise<Tensor> {
    const name = nameOf(key);
    const known = this.#open.get(name);
    if (known) return known;
    const opening = this.#openChecked(key, columns);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }

  async #openChecked(key: TensorKey, columns: number): Promise<Tensor> {
    const { tensor, damagedRows } = await this.#deps.tensors.open(key, columns);
    if (damagedRows > 0) {
      this.#deps.log.warn({ ...key, damagedRows }, 'damaged rows of a matrix are computed again');
    }
    return tensor;
  }

  async #using<T>(key: TensorKey, columns: number, work: (tensor: Tensor) => Promise<T>): Promise<T> {
    const tensor = await this.#openChecked(key, columns);
    try {
      return await work(tensor);
    } finally {
      await tensor.close();
    }
  }
}

/** What a model version computed for a project, under the labels of a time: another label set is another file. */
export interface VersionOutput {
  readonly projectId: number;
  readonly version: string;
  readonly classes: readonly string[];
}

interface MapOf {
  readonly projectId: number;
  /** Name and version. */
  readonly embedder: string;
}

function mapKey({ projectId, embedder }: MapOf): TensorKey {
  return { projectId, kind: 'map', version: embedder };
}

function keyOf(kind: string, { projectId, version, classes }: VersionOutput): TensorKey {
  return { projectId, kind, version: `${version}-${stableHash(classes).slice(0, 12)}` };
}

function nameOf(key: TensorKey): string {
  return `${key.projectId}/${key.kind}/${key.version}`;
}

/** Reads the rows of scattered ordinals (n x columns), one file read per stretch of neighbours. */
export async function readRows(tensor: Tensor, ordinals: Uint32Array): Promise<Float32Array> {
  const rows = new Float32Array(ordinals.length * tensor.columns);
  for (let start = 0; start < ordinals.length; ) {
    let end = start + 1;
    while (end < ordinals.length && ordinals[end] === ordinals[end - 1]! + 1) end++;
    await tensor.read(ordinals[start]!, end - start, rows.subarray(start * tensor.columns, end * tensor.columns));
    start = end;
  }
  return rows;
}

/** What the serving head says of texts right now, for tasks that nothing is stored of yet. */
import type { Project, Task } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Control, regionFromChoice } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import type { Loops } from '../learning/loops.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { chooseLabels } from '../suggestions/suggest.ts';

export interface Scored {
  readonly result: readonly JsonObject[];
  /** 0..1. */
  readonly score: number;
}

/** Few enough that what is done by a deadline is kept. */
const CHUNK = 64;

export interface ScoreOptions {
  readonly lane: 'online' | 'bulk';
  readonly signal: AbortSignal;
}

/**
 * Scores as many as there is time for, in order; null where the task shows no text or the embedder cannot take it.
 * Returns fewer when the signal is raised, or nothing while no head serves.
 */
export async function scoreNow(
  deps: Deps,
  { loops, matrices }: { loops: Loops; matrices: Matrices },
  { project, config }: { project: Project; config: ProjectConfig },
  items: readonly { readonly data: JsonObject; readonly task: Task | null }[],
  options: ScoreOptions,
): Promise<(Scored | null)[]> {
  const heads = await servingHeads(deps, project, config);
  const [active] = heads;
  if (active === undefined) return [];
  const tensor = await matrices.embeddings(project.id, active.embedder);
  const scored: (Scored | null)[] = [];
  for (let at = 0; at < items.length && !options.signal.aborted; at += CHUNK) {
    const chunk = items.slice(at, at + CHUNK);
    try {
      scored.push(...(await scoreChunk(chunk)));
    } catch (error) {
      // Out of time in the middle: what is done so far counts.
      if (options.signal.aborted) break;
      throw error;
    }
  }
  return scored;

  async function scoreChunk(chunk: typeof items): Promise<(Scored | null)[]> {
    const rows = new Float32Array(chunk.length * tensor.columns);
    const usable = new Array<boolean>(chunk.length).fill(false);
    const put = (i: number, row: Float32Array): void => {
      rows.set(row, i * tensor.columns);
      usable[i] = true;
    };
    const missing: number[] = [];
    const there = chunk.flatMap(({ task }, i) =>
      task && tensor.has(task.ordinal) ? [{ i, ordinal: task.ordinal }] : [],
    );
    const ordered = [...there].sort((a, b) => a.ordinal - b.ordinal);
    const read = await readRows(
      tensor,
      Uint32Array.from(ordered, (one) => one.ordinal),
    );
    for (const [k, { i }] of ordered.entries()) put(i, read.subarray(k * tensor.columns, (k + 1) * tensor.columns));
    for (const [i, { data }] of chunk.entries()) if (!usable[i] && config.textOf(data) !== null) missing.push(i);
    if (missing.length > 0) await embed(chunk, missing, put);
    const said = await Promise.all(
      heads.map(async ({ of, head }) => ({ of, all: await deps.compute.predict(head, rows, of.classes) })),
    );
    return chunk.map((_, i) => {
      const choices = said.flatMap(({ of, all }) => {
        const width = of.classes.length;
        const choice = usable[i] ? chooseLabels(of, all.subarray(i * width, (i + 1) * width)) : null;
        return choice ? [{ ...choice, control: of.control }] : [];
      });
      if (choices.length === 0) return null;
      const result = choices.map(({ control, labels, score }) => regionFromChoice(control, labels, { score }));
      // As sure as its least sure part.
      return { result, score: Math.min(...choices.map((choice) => choice.score)) };
    });
  }

  /** Rows of stored tasks are kept: nobody computes them a second time. */
  async function embed(chunk: typeof items, missing: readonly number[], put: (i: number, row: Float32Array) => void) {
    const texts = missing.map((i) => ({ text: config.textOf(chunk[i]!.data)! }));
    const { rows, dim, failed } = await deps.inference.embed(active!.embedder, texts, options);
    const bad = new Set(failed.map((one) => one.index));
    const kept: { task: Task; row: Float32Array }[] = [];
    for (const [k, i] of missing.entries()) {
      if (bad.has(k)) continue;
      const row = rows.subarray(k * dim, (k + 1) * dim);
      put(i, row);
      const { task } = chunk[i]!;
      if (task) kept.push({ task, row });
    }
    if (kept.length === 0) return;
    kept.sort((a, b) => a.task.ordinal - b.task.ordinal);
    const all = new Float32Array(kept.length * dim);
    for (const [k, { row }] of kept.entries()) all.set(row, k * dim);
    const tasks = kept.map((one) => one.task);
    await tensor.write(
      Uint32Array.from(tasks, (task) => task.ordinal),
      all,
    );
    await loops.added(project.id, tasks, { embedder: active!.embedder, rows: all });
  }
}

interface ServingHead {
  readonly of: ProjectConfig & { readonly control: Control };
  readonly embedder: string;
  readonly head: Uint8Array;
}

/** Of all controls that stand on the same rows as the first one that has a head. */
async function servingHeads(deps: Deps, project: Project, config: ProjectConfig): Promise<ServingHead[]> {
  const heads: ServingHead[] = [];
  for (const of of [config, ...config.further]) {
    const { control } = of;
    const active = control === null ? undefined : await deps.store.models.active(project.id, control.name);
    if (control === null || active === undefined) continue;
    heads.push({ of: { ...of, control }, embedder: active.embedder, head: active.head });
  }
  return heads.filter((one) => one.embedder === heads[0]!.embedder);
}

/** The embedding job: every task that lacks a row gets one, chunk by chunk, and the queue hears of it as it goes. */
import type { Job, Project, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import { type ItemGroup, itemGroups } from '../jobs/inference-items.ts';
import { type JobWork, refuseRetry, throwIfStopped } from '../jobs/job-runner.ts';
import { ordinalChunks } from '../jobs/ordinal-chunks.ts';
import type { Loops } from '../learning/loops.ts';
import { enqueuePredict } from '../learning/predict.ts';
import { enqueueTraining } from '../learning/retrain.ts';
import { enqueueModelPrelabels } from '../library/model-prelabel.ts';
import { found } from '../lookup.ts';
import { type ProjectConfig, type ProjectConfigs, readProjectConfig } from '../projects/project-config.ts';
import { enqueueRulesForNewTasks } from '../rules/apply.ts';
import { enqueueNeighbours } from '../spread/neighbour-job.ts';
import { embeddersOf } from './embedders.ts';
import type { Matrices } from './matrices.ts';

export const EMBED = 'embed';

/**
 * One job per embedder: the instant one first, so that there is an order within seconds. Tasks that are new here are new
 * to the rules in force as well.
 */
export async function enqueueEmbedding(deps: Deps, project: Project): Promise<Job> {
  const { store } = deps;
  await enqueueRulesForNewTasks(deps, project.id);
  await enqueueModelPrelabels(deps, project);
  const { instant, wanted } = embeddersOf(deps.inference, project, readProjectConfig(project.labelConfig));
  let job: Job | undefined;
  for (const embedder of new Set([instant, wanted])) {
    job = await store.jobs.enqueue({
      kind: EMBED,
      projectId: project.id,
      params: { embedder },
      dedupeKey: `${EMBED}/${project.id}/${embedder}`,
    });
  }
  return job!;
}

export function createEmbedHandler(deps: Deps, loops: Loops, matrices: Matrices, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const embedder = String(work.job.params.embedder);
    const project = await found('project', projectId, deps.store.projects.get(projectId));
    const tensor = await matrices.embeddings(projectId, embedder);
    const total = work.only?.length ?? (await deps.store.projects.counts(projectId)).tasks;
    const config = configs.of(project);
    // A film or a table is nothing that an embedder reads: there is no item to blame.
    if (config.input === null) {
      const reason = 'the label config shows no text, image or audio';
      refuseRetry(work, reason);
      return { embedder, embedded: 0, reason };
    }
    const { instant, wanted } = embeddersOf(deps.inference, project, config);
    const before = await loops.peek(projectId);
    const filled = tensor.filled;
    const stage = embedder === instant ? 'instant embeddings' : `embeddings by ${embedder}`;
    let done = 0;
    let reused = 0;
    const report = () => work.progress({ stage, done, total: Math.max(total, done), reused });
    for await (const ordinals of ordinalChunks(deps, projectId, work.only)) {
      throwIfStopped(work.signal);
      const tasks = await deps.store.tasks.byOrdinals(projectId, [...tensor.missing(ordinals)]);
      reused += ordinals.length - tasks.length;
      done += ordinals.length - tasks.length;
      await embedTasks(deps, loops, work, { embedder, tensor, tasks, config }, (count) => {
        done += count;
        return report();
      });
      if (tasks.length === 0) await report();
    }
    // The loop opened on fewer rows, or on the other embedder: now there is something better to stand on.
    if (before?.embedder !== embedder || tensor.filled > filled) await loops.reload(projectId);
    await enqueuePredict(deps, projectId);
    if (embedder === wanted) await enqueueNeighbours(deps, projectId);
    if (embedder === wanted) await retrainOnNewRows(deps, projectId, before?.embedder !== embedder);
    return { embedder, embedded: tensor.filled };
  };
}

/** Answers given on the instant embeddings teach the head again on the better ones. */
async function retrainOnNewRows({ store }: Deps, projectId: number, switched: boolean): Promise<void> {
  const { labeledTasks } = await store.projects.counts(projectId);
  if (switched && labeledTasks > 0) await enqueueTraining({ store }, projectId);
}

interface Chunk {
  readonly embedder: string;
  readonly tensor: Tensor;
  readonly tasks: readonly Task[];
  readonly config: ProjectConfig;
}

/** Embeds a chunk; what cannot be embedded is listed with the job and holds up nothing. */
async function embedTasks(
  deps: Deps,
  loops: Loops,
  work: JobWork,
  chunk: Chunk,
  onDone: (tasks: number) => Promise<void>,
): Promise<void> {
  for await (const { tasks, items, failed } of itemGroups(deps.media, chunk.config, chunk.tasks, work.signal)) {
    throwIfStopped(work.signal);
    for (const { taskId, error } of failed) await work.itemFailed(taskId, error);
    if (tasks.length > 0) await embedGroup(deps, loops, work, chunk, { tasks, items });
    await onDone(tasks.length + failed.length);
  }
}

async function embedGroup(
  deps: Deps,
  loops: Loops,
  work: JobWork,
  { embedder, tensor }: Chunk,
  { tasks, items }: Pick<ItemGroup, 'tasks' | 'items'>,
): Promise<void> {
  const { rows, dim, failed } = await deps.inference.embed(embedder, items, { lane: 'bulk', signal: work.signal });
  for (const { index, error } of failed) await work.itemFailed(tasks[index]!.id, AppError.fromPlain(error));

  const bad = new Set(failed.map((one) => one.index));
  const good = tasks.filter((_, i) => !bad.has(i));
  const goodRows = bad.size === 0 ? rows : dropRows(rows, dim, bad);
  await tensor.write(
    Uint32Array.from(good, (task) => task.ordinal),
    goodRows,
  );
  await loops.added(work.job.projectId!, good, { embedder, rows: goodRows });
}

function dropRows(rows: Float32Array, dim: number, bad: ReadonlySet<number>): Float32Array {
  const kept = [...Array(rows.length / dim).keys()].filter((i) => !bad.has(i));
  const out = new Float32Array(kept.length * dim);
  for (const [to, from] of kept.entries()) out.set(rows.subarray(from * dim, (from + 1) * dim), to * dim);
  return out;
}

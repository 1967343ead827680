/** The pre-labeling job: what one immutable model version says of every task, as votes of one undoable run. */
import type { Job, ModelVersion, Project, Run } from '../core/domain.ts';
import type { Json } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import type { Tensor } from '../store/tensors.ts';
import type { Deps } from './deps.ts';
import { type JobWork, throwIfStopped } from './job-runner.ts';
import { found } from './lookup.ts';
import { type Matrices, readRows } from './matrices.ts';
import type { ProjectConfig, ProjectConfigs } from './project-config.ts';
import { chooseLabels } from './suggest.ts';

export const PREDICT = 'predict';

/** Model versions whose votes stay in the store; the weights of all are kept. */
const VERSIONS_WITH_VOTES = 3;

/** Asks for the active version's opinion on what it has not seen. Undefined while no version serves. */
export async function enqueuePredict({ store }: Deps, projectId: number): Promise<Job | undefined> {
  const active = (await store.models.list(projectId)).find((version) => version.active);
  if (!active) return undefined;
  return store.jobs.enqueue({
    kind: PREDICT,
    projectId,
    params: { versionId: active.id },
    dedupeKey: `${PREDICT}/${projectId}/${active.id}`,
  });
}

export function createPredictHandler(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const versionId = Number(work.job.params.versionId);
    const version = await found('model version', versionId, store.models.get(versionId));
    const project = await found('project', version.projectId, store.projects.get(version.projectId));
    const config = configs.of(project);
    if (config.control?.name !== version.control) return { predicted: 0, reason: 'the control is gone' };
    const run = await openRun(deps, matrices, project, version);
    const predicted = await predictAll(deps, work, {
      version,
      config,
      run,
      labelIds: await labelIdsOf(deps, project, config),
      embeddings: await matrices.embeddings(project.id, version.embedder),
      probabilities: await matrices.probabilities(project.id, version.version, config.classes.length),
    });
    await store.runs.finish(run.id, 'done', predicted);
    await pruneOldVotes(deps, matrices, project.id);
    return { predicted, runId: run.id, version: version.version };
  };
}

interface Prediction {
  readonly version: ModelVersion;
  readonly config: ProjectConfig;
  readonly run: Run;
  readonly labelIds: readonly number[];
  readonly embeddings: Tensor;
  readonly probabilities: Tensor;
}

async function predictAll(deps: Deps, work: JobWork, all: Prediction): Promise<number> {
  const { store, compute } = deps;
  const projectId = all.version.projectId;
  const { tasks: total } = await store.projects.counts(projectId);
  let done = 0;
  for (let from = 0; ; ) {
    throwIfStopped(work.signal);
    const chunk = await store.tasks.ordinals(projectId, from, LIMITS.jobChunkRows);
    if (chunk.ordinals.length === 0) break;
    const idOf = new Map(Array.from(chunk.ordinals, (ordinal, i) => [ordinal, chunk.ids[i]!]));
    const ordinals = all.probabilities.missing(chunk.ordinals).filter((ordinal) => all.embeddings.has(ordinal));
    if (ordinals.length > 0) {
      const rows = await readRows(all.embeddings, ordinals);
      const probabilities = await compute.predict(all.version.head, rows);
      // Votes first: they are written once however often the chunk is repeated, and the matrix says it is done.
      await store.votes.write(all.run.id, votesOf(all, ordinals, idOf, probabilities));
      await all.probabilities.write(ordinals, probabilities);
    }
    done += chunk.ordinals.length;
    from = chunk.ordinals.at(-1)! + 1;
    await work.progress({ stage: `predictions of version ${all.version.number}`, done, total: Math.max(total, done) });
  }
  return all.probabilities.filled;
}

function votesOf(
  all: Prediction,
  ordinals: Uint32Array,
  idOf: ReadonlyMap<number, number>,
  probabilities: Float32Array,
) {
  const classCount = all.config.classes.length;
  return Array.from(ordinals).flatMap((ordinal, row) => {
    const own = probabilities.subarray(row * classCount, (row + 1) * classCount);
    const chosen = chooseLabels(all.config, own)?.labels ?? [];
    return chosen.map((name) => {
      const index = all.config.classes.indexOf(name);
      return { taskId: idOf.get(ordinal)!, labelId: all.labelIds[index]!, score: own[index]! };
    });
  });
}

/**
 * The run to write under: the one a stopped job left open, else a new one. If somebody undid an earlier run of this
 * version, all of it is predicted again.
 */
async function openRun(deps: Deps, matrices: Matrices, project: Project, version: ModelVersion): Promise<Run> {
  const own = (await deps.store.runs.list(project.id)).filter((run) => run.params.versionId === version.id);
  if (own.some((run) => run.revokedAt !== null)) {
    for (const run of own) if (run.revokedAt === null) await deps.store.votes.prune(run.id);
    await matrices.dropProbabilities(project.id, version.version);
  }
  const open = own.find((run) => run.revokedAt === null && run.state === 'running');
  if (open) return open;
  const labeler = await deps.store.labelers.ensure('model', 'head', version.version);
  return deps.store.runs.start({
    projectId: project.id,
    kind: 'prelabel',
    labelerId: labeler.id,
    summary: `Pre-labeled by version ${version.number}, trained on ${version.trainedOn} tasks`,
    params: { versionId: version.id, version: version.version },
  });
}

async function labelIdsOf({ store }: Deps, project: Project, config: ProjectConfig): Promise<number[]> {
  const labels = await store.labels.sync(project.id, config.control!.name, config.classes);
  return config.classes.map((name) => labels.find((label) => label.value === name && label.removedAt === null)!.id);
}

/** Old versions keep their weights, and are asked again when somebody rolls back to them. */
async function pruneOldVotes({ store }: Deps, matrices: Matrices, projectId: number): Promise<void> {
  const runs = (await store.runs.list(projectId)).filter((run) => run.kind === 'prelabel' && run.state === 'done');
  const versions = [...new Set(runs.sort((a, b) => b.id - a.id).map((run) => String(run.params.version)))];
  for (const version of versions.slice(VERSIONS_WITH_VOTES)) {
    await matrices.dropProbabilities(projectId, version);
    for (const run of runs) if (run.params.version === version) await store.votes.prune(run.id);
  }
}

/** The pre-labeling job: what one immutable model version says of every task, as votes of one undoable run. */
import type { Job, ModelVersion, Run } from '../../core/domain.ts';
import type { Json } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows, type VersionOutput } from '../embeddings/matrices.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import { configOf, type ProjectConfig, type ProjectConfigs } from '../projects/project-config.ts';
import { chooseLabels } from '../suggestions/suggest.ts';
import { HEAD } from '../suggestions/voters.ts';

export const PREDICT = 'predict';

/** Model versions whose votes stay in the store; the weights of all are kept. */
const VERSIONS_WITH_VOTES = 3;

/** Asks for the opinion of the active version of each control on what it has not seen. Undefined while none serves. */
export async function enqueuePredict({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job | undefined> {
  let job: Job | undefined;
  for (const { id, active } of await store.models.list(projectId)) {
    if (!active) continue;
    const [params, dedupeKey] = [{ versionId: id }, `${PREDICT}/${projectId}/${id}`];
    job = await store.jobs.enqueue({ kind: PREDICT, projectId, params, dedupeKey });
  }
  return job;
}

export function createPredictHandler(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const versionId = Number(work.job.params.versionId);
    const version = await found('model version', versionId, store.models.get(versionId));
    const project = await found('project', version.projectId, store.projects.get(version.projectId));
    const config = configOf(configs.of(project), version.control);
    if (!config) return { predicted: 0, reason: 'the control is gone' };
    const output = { projectId: project.id, version: version.version, classes: config.classes };
    await forgetRevoked(deps, matrices, output, version);
    const embeddings = await matrices.embeddings(project.id, version.embedder);
    const labels = await store.labels.sync(project.id, version.control, config.classes);
    const labelIds = labels.map((label) => label.id);
    const run = await matrices.withProbabilities(output, (probabilities) =>
      predictAll(deps, work, { version, config, labelIds, embeddings, probabilities }),
    );
    await pruneOldVotes(deps, matrices, version, config);
    return { predicted: run?.written ?? 0, runId: run?.id ?? null, version: version.version };
  };
}

interface Prediction {
  readonly version: ModelVersion;
  readonly config: ProjectConfig;
  readonly labelIds: readonly number[];
  readonly embeddings: Tensor;
  readonly probabilities: Tensor;
}

/** Returns the run it wrote, or nothing when nothing was missing. A run ends with its job, however that ends. */
async function predictAll(deps: Deps, work: JobWork, all: Prediction): Promise<Run | undefined> {
  const { store, compute } = deps;
  const { projectId } = all.version;
  const { tasks: total } = await store.projects.counts(projectId);
  let run = await openRun(deps, all.version);
  let done = 0;
  let reused = 0;
  try {
    for (let from = 0; ; ) {
      throwIfStopped(work.signal);
      const chunk = await store.tasks.ordinals(projectId, from, LIMITS.jobChunkRows);
      if (chunk.ordinals.length === 0) break;
      const idOf = new Map(Array.from(chunk.ordinals, (ordinal, i) => [ordinal, chunk.ids[i]!]));
      const ordinals = all.probabilities.missing(chunk.ordinals).filter((ordinal) => all.embeddings.has(ordinal));
      if (ordinals.length > 0) {
        run ??= await startRun(deps, all.version, work.job);
        const rows = await readRows(all.embeddings, ordinals);
        const probabilities = await compute.predict(all.version.head, rows, all.config.classes);
        // Votes first: they are written once however often the chunk is repeated, and the matrix says it is done.
        await store.votes.write(run.id, votesOf(all, ordinals, idOf, probabilities));
        await all.probabilities.write(ordinals, probabilities);
      }
      done += chunk.ordinals.length;
      reused += chunk.ordinals.length - ordinals.length;
      from = chunk.ordinals.at(-1)! + 1;
      const stage = `predictions of version ${all.version.number}`;
      await work.progress({ stage, done, total: Math.max(total, done), reused });
    }
  } catch (error) {
    if (run && !work.stopping) await finish(deps, run, 'failed');
    throw error;
  }
  return run && finish(deps, run, 'done');
}

async function finish({ store }: Deps, run: Run, state: 'done' | 'failed'): Promise<Run> {
  const { written } = await found('run', run.id, store.runs.get(run.id));
  return store.runs.finish(run.id, state, written);
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
      return { taskId: idOf.get(ordinal)!, ordinal, labelId: all.labelIds[index]!, score: own[index]! };
    });
  });
}

/** Somebody undid a run of this version and asks again: what it had computed is computed anew. */
async function forgetRevoked(
  deps: Deps,
  matrices: Matrices,
  output: VersionOutput,
  version: ModelVersion,
): Promise<void> {
  const own = await runsOf(deps, version);
  const newest = own.at(-1);
  if (newest && newest.revokedAt !== null) await matrices.dropProbabilities(output);
}

async function runsOf({ store }: Deps, version: ModelVersion): Promise<Run[]> {
  const runs = await store.runs.list(version.projectId);
  return runs.filter((run) => run.kind === 'prelabel' && run.params.versionId === version.id);
}

/** The run that a paused job has left open ends with it, and keeps what it has written. */
export async function endPrediction(deps: Deps, job: Job): Promise<void> {
  const runs = await deps.store.runs.list(job.projectId!);
  const open = runs.find((run) => run.kind === 'prelabel' && run.state === 'running' && run.params.job === job.id);
  if (open) await finish(deps, open, 'failed');
}

/** The run that a stopped job left open. */
async function openRun(deps: Deps, version: ModelVersion): Promise<Run | undefined> {
  return (await runsOf(deps, version)).find((run) => run.revokedAt === null && run.state === 'running');
}

async function startRun({ store }: Deps, version: ModelVersion, job: Job): Promise<Run> {
  const labeler = await store.labelers.ensure('model', HEAD, version.version);
  return store.runs.start({
    projectId: version.projectId,
    kind: 'prelabel',
    labelerId: labeler.id,
    summary: `Pre-labeled "${version.control}" by version ${version.number}, trained on ${version.trainedOn} tasks`,
    params: { versionId: version.id, version: version.version, job: job.id },
  });
}

/** Old versions keep their weights, and are asked again when somebody rolls back to them. */
async function pruneOldVotes(
  { store }: Deps,
  matrices: Matrices,
  { projectId, control }: ModelVersion,
  { classes }: ProjectConfig,
): Promise<void> {
  const own = new Set(
    (await store.models.list(projectId)).filter((one) => one.control === control).map(({ id }) => id),
  );
  const all = (await store.runs.list(projectId)).filter((run) => own.has(Number(run.params.versionId)));
  const runs = all.filter((run) => run.kind === 'prelabel' && run.state !== 'running').sort((a, b) => b.id - a.id);
  const versions = [...new Set(runs.map((run) => String(run.params.version)))];
  for (const version of versions.slice(VERSIONS_WITH_VOTES)) {
    await matrices.dropProbabilities({ projectId, version, classes });
    for (const run of runs) if (run.params.version === version) await store.votes.prune(run.id);
  }
}

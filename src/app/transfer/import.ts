/**
 * Import: the upload is spooled, every row is checked, and only then are tasks written, by a job that resumes where a
 * crash cut it off. So either all rows arrive or none.
 */
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { ImportedTask } from '../../formats/index.ts';
import { checkResult } from '../../labelconfig/index.ts';
import type { NewTask } from '../../store/ports/tasks.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import type { JobsApi } from '../jobs/api.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { UNAIDED } from '../queue/answers.ts';
import type { ImportOutcome, ImportRequest } from './api.ts';
import { type Checked, checkRows, type Source, usableRows } from './import-rows.ts';
import { kindOfSource } from './import-source.ts';

export const IMPORT = 'import';

/** Imports in their two steps: the file is checked and kept; its rows become tasks. */
export interface Importing {
  importTasks(request: ImportRequest): Promise<ImportOutcome>;
  /** Checks the file and keeps it, as a job that waits for `finish`. */
  hold(request: ImportRequest): Promise<{ job: Job; checked: Checked }>;
  /** Lets a job that waits go on; resolves when its tasks are stored. */
  finish(job: Job): Promise<ImportOutcome>;
  /** Ends a job that waits, and forgets its file. */
  drop(job: Job): Promise<Job>;
}

export function createImport(deps: Deps, configs: ProjectConfigs, jobs: JobsApi): Importing {
  const { store, spool, clock, newId } = deps;

  const start = async (request: ImportRequest, paused: boolean): Promise<{ job: Job; checked: Checked }> => {
    const project = await found('project', request.projectId, store.projects.get(request.projectId));
    const spoolId = newId();
    await spool.write(spoolId, request.body);
    const enqueue = async () => {
      const { skipInvalid = false, preannotatedFields = [], annotatorId } = request;
      const kind = await kindOfSource(request.name, request.format, () => spool.read(spoolId));
      const source: Source = { spoolId, skipInvalid, preannotatedFields, ...kind };
      const checked = await checkRows(deps, configs.of(project), source);
      const run = await store.runs.start({
        projectId: project.id,
        kind: 'import',
        labelerId: null,
        summary: `Imported ${checked.rows} tasks from ${request.name || 'a request'}`,
        params: { name: request.name, format: kind.format },
      });
      const { rows, fields } = checked;
      const params = { ...source, runId: run.id, rows, fields, annotatorId } satisfies ImportParams;
      const job = await store.jobs.enqueue({ kind: IMPORT, projectId: project.id, params: { ...params }, paused });
      return { job, checked };
    };
    // Until the job is there the file is ours; from then on it is the job's, also when nobody waits for it any more.
    return enqueue().catch(async (error: unknown) => {
      await spool.delete(spoolId);
      throw error;
    });
  };

  const finish = async (job: Job): Promise<ImportOutcome> => {
    const startedAt = clock.now();
    const params = importParams(job);
    if (job.state === 'paused') await store.jobs.resume(job.id);
    const ended = await jobs.wait(job.id);
    if (ended.error) throw AppError.fromPlain(ended.error);
    if (ended.state !== 'done') throw new AppError('CONFLICT_CANCELLED', 'The import was cancelled; nothing was kept.');
    const counts = ended.output as { annotations: number; predictions: number };
    return {
      jobId: job.id,
      runId: params.runId,
      taskCount: params.rows,
      annotationCount: counts.annotations,
      predictionCount: counts.predictions,
      format: params.format,
      fields: [...(params.fields ?? [])],
      skipped: [],
      seconds: (clock.now() - startedAt) / 1000,
    };
  };

  return {
    async importTasks(request) {
      const startedAt = clock.now();
      const { job, checked } = await start(request, false);
      const outcome = await finish(job);
      return { ...outcome, skipped: checked.skipped, seconds: (clock.now() - startedAt) / 1000 };
    },
    hold: (request) => start(request, true),
    finish,
    drop: (job) => jobs.cancel(job.id),
  };
}

export function importParams(job: Job): ImportParams {
  return job.params as unknown as ImportParams;
}

/** Writes the checked rows; every chunk remembers how far it got in the same transaction. */
export function createImportHandler(deps: Deps, loops: Loops, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store, spool } = deps;
    const params = importParams(work.job);
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const run = await found('run', params.runId, store.runs.get(params.runId));
    if (run.state === 'failed') {
      // Whoever took it back may have been cut off.
      await undoImport(deps, loops, work.job);
      throw new AppError('CONFLICT', 'The import was taken back and its file is gone; import the file again.');
    }
    const write = async () =>
      run.state === 'done'
        ? { tasks: run.written, annotations: 0, predictions: 0 }
        : writeRows(deps, loops, configs.of(project), work, params);
    const counts = await write().catch(async (error: unknown) => {
      if (!work.stopping) await undoImport(deps, loops, work.job);
      throw error;
    });
    if (counts.annotations > 0) await loops.reload(project.id);
    await enqueueEmbedding(deps, project);
    // Last: whatever is cut off before this finds the file, or a run that is done, and goes on from there.
    await spool.delete(params.spoolId);
    return counts;
  };
}

async function writeRows(
  deps: Deps,
  loops: Loops,
  config: ProjectConfig,
  work: JobWork,
  params: ImportParams,
): Promise<{ tasks: number; annotations: number; predictions: number }> {
  const { store } = deps;
  const projectId = work.job.projectId!;
  const counts = { tasks: 0, annotations: 0, predictions: 0 };
  const write = async (chunk: readonly ImportedTask[], cursor: number): Promise<void> => {
    throwIfStopped(work.signal);
    const rows = await Promise.all(chunk.map((task) => newTask(deps, config, params, task)));
    const tasks = await store.tasks.insert(projectId, params.runId, rows, cursor);
    await loops.added(projectId, tasks);
  };
  throwIfStopped(work.signal);
  const done = await store.runs.cursor(params.runId);
  let chunk: ImportedTask[] = [];
  let row = 0;
  for await (const task of usableRows(deps, config, params)) {
    row += 1;
    counts.annotations += task.annotations.length;
    counts.predictions += task.predictions.length;
    if (row <= done) continue;
    chunk.push(task);
    if (chunk.length < LIMITS.importChunkRows) continue;
    await write(chunk, row);
    chunk = [];
    await work.progress({ stage: 'importing', done: row, total: params.rows });
  }
  if (chunk.length > 0) await write(chunk, row);
  counts.tasks = row;
  await store.runs.finish(params.runId, 'done', counts.tasks);
  return counts;
}

export interface ImportParams extends Source {
  readonly runId: number;
  readonly rows: number;
  /** Data fields of all rows. */
  readonly fields?: readonly string[];
  /** Whose answers they are where the file does not say. */
  readonly annotatorId: number;
}

/** Takes back what was written so far, unless all was; the file is not needed again. Cut off, it is done again. */
export async function undoImport(deps: Deps, loops: Loops, job: Job): Promise<void> {
  const { store } = deps;
  const { runId } = importParams(job);
  try {
    const run = await found('run', runId, store.runs.get(runId));
    if (run.state === 'done') {
      // Its tasks stay, and are embedded as if nobody had cancelled.
      await enqueueEmbedding(deps, await found('project', job.projectId!, store.projects.get(job.projectId!)));
    } else {
      await store.runs.finish(runId, 'failed', 0);
      await store.runs.revoke(runId);
    }
  } finally {
    // The run may have gone with its project, and nobody else knows of the file then.
    await deleteUpload(deps, job);
  }
  await loops.reload(job.projectId!);
}

/** Forgets the file of an import; other jobs have none. */
export async function deleteUpload({ spool }: Pick<Deps, 'spool'>, job: Job): Promise<void> {
  if (job.kind === IMPORT) await spool.delete(importParams(job).spoolId);
}

async function newTask(deps: Deps, config: ProjectConfig, params: ImportParams, task: ImportedTask): Promise<NewTask> {
  const { store, newId } = deps;
  const regions = (result: ImportedTask['annotations'][number]['result']) =>
    checkResult(config.parsed, task, result).regions;
  const annotations = task.annotations.map(async (one) => ({
    annotatorId:
      one.annotator === null ? params.annotatorId : (await store.labelers.ensure('annotator', one.annotator, '')).id,
    result: regions(one.result),
    skipped: one.skipped,
    groundTruth: one.groundTruth,
    visibleMs: one.visibleMs,
    via: 'import' as const,
    ...UNAIDED,
    note: one.note,
    submissionId: newId(),
  }));
  const predictions = task.predictions.map(async (one) => ({
    labelerId: (await store.labelers.ensure(one.labeler.kind, one.labeler.name, one.labeler.version)).id,
    result: regions(one.result),
    score: one.score,
  }));
  const meta: JsonObject = task.id === null ? task.meta : { ...task.meta, sourceId: task.id };
  return {
    data: task.data,
    meta,
    ...(annotations.length === 0 ? {} : { annotations: await Promise.all(annotations) }),
    ...(predictions.length === 0 ? {} : { predictions: await Promise.all(predictions) }),
  };
}

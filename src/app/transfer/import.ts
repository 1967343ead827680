/**
 * Import: the upload is spooled, every row is checked, and only then are tasks written, by a job that resumes where a
 * crash cut it off. So either all rows arrive or none.
 */
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { ImportedTask } from '../../formats/index.ts';
import { checkResult, missingFields } from '../../labelconfig/index.ts';
import type { NewTask } from '../../store/store.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import type { JobsApi } from '../jobs/api.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { missingField } from '../projects/tasks.ts';
import { UNAIDED } from '../queue/answers.ts';
import type { ImportOutcome, ImportRequest } from './api.ts';
import { kindOfSource, rowsOfSource, type SourceKind } from './import-source.ts';

export const IMPORT = 'import';

/** A report longer than this helps nobody; the count is always complete. */
const SKIPPED_LISTED_MAX = 1_000;

interface Checked {
  readonly rows: number;
  readonly fields: string[];
  readonly skipped: { row: number; reason: string }[];
}

export function createImport(deps: Deps, configs: ProjectConfigs, jobs: JobsApi) {
  return async (request: ImportRequest): Promise<ImportOutcome> => {
    const { store, spool, clock, newId } = deps;
    const startedAt = clock.now();
    const project = await found('project', request.projectId, store.projects.get(request.projectId));
    const spoolId = newId();
    await spool.write(spoolId, request.body);
    const enqueue = async () => {
      const skipInvalid = request.skipInvalid ?? false;
      const kind = await kindOfSource(request.name, request.format, () => spool.read(spoolId));
      const checked = await checkRows(deps, configs.of(project), { spoolId, skipInvalid, ...kind });
      const run = await store.runs.start({
        projectId: project.id,
        kind: 'import',
        labelerId: null,
        summary: `Imported ${checked.rows} tasks from ${request.name || 'a request'}`,
        params: { name: request.name, format: kind.format },
      });
      const job = await store.jobs.enqueue({
        kind: IMPORT,
        projectId: project.id,
        params: { spoolId, skipInvalid, ...kind, runId: run.id, rows: checked.rows, annotatorId: request.annotatorId },
      });
      return { job, run, checked, format: kind.format };
    };
    // Until the job is there the file is ours; from then on it is the job's, also when nobody waits for it any more.
    const { job, run, checked, format } = await enqueue().catch(async (error: unknown) => {
      await spool.delete(spoolId);
      throw error;
    });
    const ended = await jobs.wait(job.id);
    if (ended.error) throw AppError.fromPlain(ended.error);
    if (ended.state !== 'done') throw new AppError('CONFLICT_CANCELLED', 'The import was cancelled; nothing was kept.');
    const counts = ended.output as { annotations: number; predictions: number };
    return {
      runId: run.id,
      taskCount: checked.rows,
      annotationCount: counts.annotations,
      predictionCount: counts.predictions,
      format,
      fields: checked.fields,
      skipped: checked.skipped,
      seconds: (clock.now() - startedAt) / 1000,
    };
  };
}

/** Writes the checked rows; every chunk remembers how far it got in the same transaction. */
export function createImportHandler(deps: Deps, loops: Loops, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store, spool } = deps;
    const params = work.job.params as unknown as ImportParams;
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const run = await found('run', params.runId, store.runs.get(params.runId));
    if (run.state === 'failed') {
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

interface Source extends SourceKind {
  readonly spoolId: string;
  readonly skipInvalid: boolean;
}

interface ImportParams extends Source {
  readonly runId: number;
  readonly rows: number;
  /** Whose answers they are where the file does not say. */
  readonly annotatorId: number;
}

/** Takes back what was written so far, unless all was; the file is not needed again. Cut off, it is done again. */
export async function undoImport({ store, spool }: Deps, loops: Loops, job: Job): Promise<void> {
  const { runId, spoolId } = job.params as unknown as ImportParams;
  const run = await found('run', runId, store.runs.get(runId));
  if (run.state === 'done') return;
  await store.runs.finish(runId, 'failed', 0);
  await store.runs.revoke(runId);
  await spool.delete(spoolId);
  await loops.reload(job.projectId!);
}

/** Reads every row once without keeping any. Throws for the first bad one unless bad ones are to be skipped. */
async function checkRows(deps: Deps, config: ProjectConfig, source: Source): Promise<Checked> {
  const fields = new Set<string>();
  const skipped: { row: number; reason: string }[] = [];
  let rows = 0;
  const onSkip = (error: AppError): void => {
    if (skipped.length < SKIPPED_LISTED_MAX)
      skipped.push({ row: Number(error.details.row ?? 0), reason: error.message });
  };
  for await (const task of usableRows(deps, config, source, onSkip)) {
    rows += 1;
    for (const field of Object.keys(task.data)) fields.add(field);
  }
  if (rows === 0) {
    const why =
      skipped.length === 0
        ? 'The file holds no rows.'
        : `None of the rows can be used; the first: ${skipped[0]!.reason}`;
    throw new AppError('INPUT_EMPTY', why);
  }
  return { rows, fields: [...fields], skipped };
}

/** The rows that fit the project, in file order; the same ones every time the same file is read. */
async function* usableRows(
  { spool }: Deps,
  config: ProjectConfig,
  source: Source,
  onSkip: (error: AppError) => void = () => undefined,
): AsyncGenerator<ImportedTask> {
  const seen = new Map<number | string, number>();
  const options = { config: config.parsed, ...(source.skipInvalid ? { onBadRow: onSkip } : {}) };
  for await (const { row, task } of rowsOfSource(source, spool.read(source.spoolId), options)) {
    const error = problemOf(config, row, task, seen);
    if (error === null) {
      if (task.id !== null) seen.set(task.id, row);
      yield task;
    } else if (source.skipInvalid) onSkip(error);
    else throw error;
  }
}

function problemOf(
  config: ProjectConfig,
  row: number,
  task: ImportedTask,
  seen: ReadonlyMap<number | string, number>,
): AppError | null {
  const first = task.id === null ? undefined : seen.get(task.id);
  if (first !== undefined) {
    return new AppError('INPUT_DUPLICATE_ID', `Row ${row} has the id ${JSON.stringify(task.id)} of row ${first}.`, {
      details: { row, firstRow: first, id: task.id },
    });
  }
  const missing = missingFields(config.parsed, task.data);
  if (missing.length > 0) {
    const base = missingField(missing);
    return new AppError(base.code, `Row ${row}: ${base.message}`, { details: { row, ...base.details } });
  }
  for (const answer of [...task.annotations, ...task.predictions]) {
    const rejected = checkResult(config.parsed, task, answer.result).problems.find((problem) => !problem.repaired);
    if (rejected) {
      return new AppError('INPUT_BAD_RESULT', `Row ${row}, region ${rejected.index + 1}: ${rejected.message}`, {
        details: { row, region: rejected.index, reason: rejected.message },
      });
    }
  }
  return null;
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

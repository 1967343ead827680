/** Imports in Label Studio's words. */
import type { App } from '../../app/app.ts';
import type { ImportView } from '../../app/scripts/api.ts';
import type { ImportOutcome } from '../../app/transfer/api.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import type { Handlers } from '../bind.ts';
import type { ImportWire } from '../contract/imports.ts';
import { numberedPage } from '../paging.ts';

type Names = 'reimport' | 'importList' | 'importGet' | 'reimportGet' | 'fileUploadList' | 'fileUploadsDelete';

export function importHandlers({ scripts }: App): Handlers<Names> {
  const importGet = async ({ params }: { params: { project_id: number; import_pk: number } }): Promise<ImportWire> => {
    const view = await scripts.import(params.project_id, params.import_pk);
    return { ...importWire(view), task_ids: view.counts ? await scripts.taskIdsOf(view.runId) : [] };
  };
  return {
    async reimport({ params, body, reply }) {
      const ids = body.file_upload_ids ?? [];
      reply.code(ids.length === 0 ? 200 : 201);
      const outcomes = await scripts.commitImports(params.project_id, ids);
      const tasks = await Promise.all(outcomes.map((one) => scripts.taskIdsOf(one.runId)));
      const [first] = outcomes;
      return {
        ...outcomeWire(outcomes),
        file_upload_ids: ids,
        task_ids: tasks.flat(),
        ...(first ? { reimport: first.jobId } : {}),
      };
    },
    async importList({ params, query, request }) {
      const all = (await scripts.imports(params.project_id)).map(importWire);
      const wanted = all.filter((one) => query.status === undefined || one.status === query.status);
      return numberedPage(wanted, query, request);
    },
    importGet,
    reimportGet: importGet,
    async fileUploadList({ params, query }) {
      const ids = query.ids === undefined ? undefined : idsIn(query.ids);
      const waiting = (await scripts.imports(params.project_id)).filter(
        ({ job, waits }) => waits && (ids === undefined || ids.includes(job.id)),
      );
      return waiting.map(({ job, name }) => ({ id: job.id, file: name }));
    },
    fileUploadsDelete: async ({ params, body }) => ({
      deleted: await scripts.dropImports(params.project_id, body.file_upload_ids),
    }),
  };
}

/** A list as JSON, as the page of Label Studio sends it. */
function idsIn(text: string): readonly Json[] {
  const ids = parseJson(text);
  if (Array.isArray(ids)) return ids as readonly Json[];
  throw new AppError('INPUT_BAD_FIELD', '`ids` is a list of numbers: `[1, 2]`.', { details: { field: 'ids' } });
}

const STATUS_OF: Readonly<Record<Job['state'], ImportWire['status']>> = {
  queued: 'created',
  running: 'in_progress',
  // The file that waits has come in whole.
  paused: 'completed',
  done: 'completed',
  failed: 'failed',
  cancelled: 'failed',
};

export function importWire({ job, waits, format, fields, preannotatedFields, rows, counts }: ImportView): ImportWire {
  const ended = job.state === 'done' || job.state === 'failed' || job.state === 'cancelled';
  return {
    id: job.id,
    project: job.projectId!,
    status: STATUS_OF[job.state],
    commit_to_project: !waits,
    return_task_ids: true,
    preannotated_from_fields: preannotatedFields.length === 0 ? null : [...preannotatedFields],
    could_be_tasks_list: isTable(format),
    url: null,
    traceback: null,
    error: job.error?.message ?? null,
    task_ids: [],
    created_at: job.createdAt,
    updated_at: job.updatedAt,
    finished_at: ended ? job.updatedAt : null,
    task_count: rows,
    annotation_count: counts?.annotations ?? null,
    prediction_count: counts?.predictions ?? null,
    duration: ended ? (Date.parse(job.updatedAt) - Date.parse(job.createdAt)) / 1000 : 0,
    file_upload_ids: waits ? [job.id] : [],
    found_formats: { [format]: 1 },
    data_columns: [...fields],
  };
}

/** Several files count together. */
export function outcomeWire(outcomes: readonly ImportOutcome[]) {
  const sum = (of: (outcome: ImportOutcome) => number): number => outcomes.reduce((total, one) => total + of(one), 0);
  const formats = new Map<string, number>();
  for (const { format } of outcomes) formats.set(format, (formats.get(format) ?? 0) + 1);
  return {
    task_count: sum((one) => one.taskCount),
    annotation_count: sum((one) => one.annotationCount),
    prediction_count: sum((one) => one.predictionCount),
    duration: sum((one) => one.seconds),
    file_upload_ids: [] as number[],
    found_formats: Object.fromEntries(formats),
    data_columns: [...new Set(outcomes.flatMap((one) => one.fields))],
  };
}

/** Whether Label Studio would ask if each row is a task. */
export function isTable(format: string): boolean {
  return ['csv', 'tsv', 'txt'].includes(format);
}

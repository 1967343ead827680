/** Files in and out: import as a stream, export as a stream. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app/app.ts';
import type { ExportRequest } from '../../app/transfer/api.ts';
import { AppError } from '../../core/errors.ts';
import { attachmentName } from '../attachment.ts';
import type { Handlers } from '../bind.ts';
import type { Query } from '../contract/index.ts';
import { uploadedFile } from '../multipart.ts';
import { compact } from '../wire.ts';
import { importWire, isTable, outcomeWire } from './imports.ts';

/** Endings for bodies that come without a file name: they tell the format. */
const ENDING_OF_TYPE: Readonly<Record<string, string>> = {
  'application/json': '.json',
  'application/x-ndjson': '.jsonl',
  'application/jsonl': '.jsonl',
  'text/csv': '.csv',
  'text/tab-separated-values': '.tsv',
  'text/plain': '.txt',
  'application/zip': '.zip',
};

type Names = 'projectImport' | 'projectExport' | 'exportLosses' | 'exportFormats' | 'templateList';

export function transferHandlers({ transfer, scripts }: App): Handlers<Names> {
  return {
    async projectImport({ params, query, who, request }) {
      const file = await fileOf(request);
      const preannotatedFields = textsIn(query.preannotated_from_fields, query['preannotated_from_fields[]']);
      const wanted = {
        ...compact({ format: query.format, skipInvalid: query.skip_invalid, preannotatedFields }),
        projectId: params.project_id,
        name: query.name ?? file.name,
        body: file.body,
        annotatorId: who.annotatorId,
      };
      if (query.commit_to_project === false) {
        const held = await scripts.holdImport(wanted);
        const { id, ...counts } = importWire(held.import);
        return { ...counts, import: id, run: held.import.runId, skipped: held.skipped };
      }
      const outcome = await transfer.importTasks(wanted);
      return {
        ...outcomeWire([outcome]),
        ...(query.return_task_ids ? { task_ids: await scripts.taskIdsOf(outcome.runId) } : {}),
        could_be_tasks_list: isTable(outcome.format),
        import: outcome.jobId,
        run: outcome.runId,
        skipped: outcome.skipped,
      };
    },

    async projectExport({ params, query, reply }) {
      const file = await transfer.exportTasks(exportRequest(params.project_id, query));
      downloadHeaders(reply, file.name, file.mediaType);
      return file.body;
    },

    async exportLosses({ params, query }) {
      const { count, losses } = await transfer.exportLosses(exportRequest(params.project_id, query));
      return { count, losses: losses.map(({ taskId, message }) => ({ task: taskId, message })) };
    },

    exportFormats: async () => transfer.formats().map((format) => ({ ...format, extensions: [...format.extensions] })),

    templateList: async () =>
      transfer
        .templates()
        .map(({ config, sample, ...rest }) => ({ ...rest, label_config: config, sample: { ...sample } })),
  };
}

/** Label Studio's names for a format together with its pictures. */
const WITH_IMAGES = /^(coco|yolo|yolo[_-]obb)[_-]with[_-]images$/i;

function exportRequest(projectId: number, query: Query<'projectExport'>): ExportRequest {
  const name = query.exportType ?? query.export_type ?? 'json';
  const [, withImages] = WITH_IMAGES.exec(name) ?? [];
  return {
    projectId,
    format: withImages ?? name,
    labels: query.labels ?? (query.with_predictions === true ? 'both' : 'annotations'),
    onlyLabeled: query.download_all_tasks !== true,
    ...compact({
      taskIds: idsIn(query.ids, query['ids[]']),
      onlyFinished: query.only_finished,
      labeler: query.labeler,
      modelVersion: query.model_version,
      minScore: query.min_score,
      since: query.since,
      until: query.until,
      escapeFormulas: query.escape_formulas,
      withMedia: query.with_media ?? (query.download_resources || withImages ? 'of-pictures' : undefined),
    }),
  };
}

/** `ids=1&ids=2`, `ids[]=1`, `ids=1,2`. */
function textsIn(...given: (string | readonly string[] | undefined)[]): string[] | undefined {
  const texts = given.flatMap((one) => one ?? []).flatMap((text) => text.split(','));
  return texts.length === 0 ? undefined : texts;
}

function idsIn(...given: (string | readonly string[] | undefined)[]): number[] | undefined {
  const texts = textsIn(...given);
  if (texts === undefined) return undefined;
  const ids = texts.map(Number);
  if (ids.every((id) => Number.isSafeInteger(id) && id > 0)) return ids;
  throw new AppError('INPUT_BAD_FIELD', '`ids` are numbers of tasks.', { details: { field: 'ids' } });
}

async function fileOf(request: FastifyRequest): Promise<{ name: string; body: AsyncIterable<Uint8Array> }> {
  const contentType = request.headers['content-type'] ?? '';
  if (request.body === undefined || request.body === null) {
    throw new AppError('INPUT_EMPTY', 'Send the file as the body of the request.');
  }
  const body = request.body as AsyncIterable<Uint8Array>;
  const mediaType = contentType.split(';')[0]!.trim().toLowerCase();
  if (mediaType === 'multipart/form-data') return await uploadedFile(contentType, body);
  return { name: `import${ENDING_OF_TYPE[mediaType] ?? ''}`, body };
}

/** Always a download, never shown: the file holds what strangers wrote. */
export function downloadHeaders(reply: FastifyReply, name: string, mediaType: string): void {
  reply.header('content-disposition', `attachment; ${attachmentName(name)}`);
  reply.type(mediaType);
}

/** Media out, by ranges and under headers that let no browser run them; uploads in. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../../app/app.ts';
import type { Media, NewUpload, Upload } from '../../app/projects/api.ts';
import { AppError } from '../../core/errors.ts';
import { attachmentName } from '../attachment.ts';
import type { Handlers } from '../bind.ts';
import { uploadedFiles } from '../multipart-files.ts';
import { parseRange } from '../range.ts';
import { compact } from '../wire.ts';

/** The field of a task may point elsewhere tomorrow: asked again each time, answered with 304. */
const ASK_AGAIN = 'private, no-cache';
/** An upload never changes. */
const KEEP = 'private, max-age=31536000, immutable';

export function mediaHandlers({ media }: App): Handlers<'taskMedia' | 'uploadGet' | 'uploadsCreate'> {
  return {
    taskMedia: async ({ params, query, request, reply }) =>
      serve(await media.ofTask(params.task_id, compact({ field: query.field, index: query.index })), ASK_AGAIN, {
        request,
        reply,
      }),

    uploadGet: async ({ params, request, reply }) =>
      serve(await media.upload(params.project_id, params['*']), KEEP, { request, reply }),

    async uploadsCreate({ params, query, who, request }) {
      const { uploads, imported } = await media.addUploads({
        projectId: params.project_id,
        files: filesOf(request, query.name),
        asTasks: query.as_tasks === true,
        annotatorId: who.annotatorId,
      });
      return { uploads: uploads.map(uploadWire), task_count: imported?.taskCount ?? 0, run: imported?.runId ?? null };
    },
  };
}

/**
 * The policy for data (`sandbox`, nothing loaded) and `nosniff` stand on every reply already; the type is what the bytes
 * are, and whatever is no picture, sound, film or plain text is a download.
 */
function serve(
  media: Media,
  cacheControl: string,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): AsyncIterable<Uint8Array> {
  // Also when nobody reads to the end.
  reply.raw.once('close', () => void media.close());
  const tag = `"${media.version}"`;
  reply.headers({
    'cache-control': cacheControl,
    etag: tag,
    'accept-ranges': 'bytes',
    'content-disposition': `${media.inline ? 'inline' : 'attachment'}; ${attachmentName(media.name)}`,
  });
  if (request.headers['if-none-match'] === tag) {
    reply.code(304).send();
    return NOTHING;
  }
  reply.type(media.type);
  const ifRange = request.headers['if-range'];
  const range = ifRange === undefined || ifRange === tag ? parseRange(request.headers.range, media.size) : null;
  if (range === 'unsatisfiable') {
    reply.code(416).header('content-range', `bytes */${media.size}`).send();
    return NOTHING;
  }
  const { start, end } = range ?? { start: 0, end: media.size - 1 };
  if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${media.size}`);
  reply.header('content-length', end - start + 1);
  return media.read(range ?? undefined);
}

/** For replies that are sent already. */
const NOTHING: AsyncIterable<Uint8Array> = (async function* () {})();

async function* filesOf(request: FastifyRequest, name: string | undefined): AsyncGenerator<NewUpload> {
  const contentType = request.headers['content-type'] ?? '';
  if (request.body === undefined || request.body === null) {
    throw new AppError('INPUT_EMPTY', 'Send the file as the body of the request.');
  }
  const body = request.body as AsyncIterable<Uint8Array>;
  if (/^multipart\/form-data\b/i.test(contentType)) yield* uploadedFiles(contentType, body);
  else yield { name: name ?? 'upload', body };
}

function uploadWire({ reference, originalName, type, size, header }: Upload) {
  const { width, height, seconds } = header;
  return { url: reference, name: originalName, type, size, width, height, seconds };
}

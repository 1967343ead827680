/** Models of the installation, and which of them a project asks. */
import type { FastifyRequest } from 'fastify';
import type { App } from '../../app/app.ts';
import type { ControlModels } from '../../app/library/api.ts';
import { AppError } from '../../core/errors.ts';
import { attachmentName } from '../attachment.ts';
import type { Handlers } from '../bind.ts';
import type { Reply } from '../contract/index.ts';
import type { libraryRoutes } from '../contract/library.ts';
import { type FormFile, uploadedFiles } from '../multipart-files.ts';
import { compact } from '../wire.ts';
import { jobWire } from '../wire-work.ts';

/** Enough to see where two versions part. */
const COMPARED = 1_000;

export function libraryHandlers({ library }: App): Handlers<keyof typeof libraryRoutes> {
  return {
    libraryList: async () => (await library.list()).map(modelWire),
    async libraryAdd({ query, request }) {
      const options = compact({ name: query.name, license: query.license, shadow: query.shadow });
      return modelWire(await library.add(formFiles(request), { ...options, origin: 'upload' }));
    },
    libraryPull: async ({ body: { source, ...rest } }) => jobWire(await library.pull({ source, ...compact(rest) })),
    libraryServe: async ({ body }) => modelWire(await library.serve(body.model)),
    libraryRollback: async ({ body }) => modelWire(await library.rollback(body.model)),
    async libraryRemove({ body }) {
      await library.remove(body.model);
      return null;
    },
    libraryHistory: async ({ query }) => [...(await library.history(query.name))],
    libraryVerify: async ({ body }) => [...(await library.verify(body.model))],
    async libraryBench({ body }) {
      const { id, items, itemsPerSecond, msPerItem } = await library.bench(body.model);
      return { id, items, items_per_second: itemsPerSecond, ms_per_item: msPerItem };
    },
    modelControls: async ({ params }) => (await library.controls(params.project_id)).map(controlWire),
    modelBind: async ({ params, body }) => controlWire(await library.bind(params.project_id, body.control, body.model)),
    modelPrelabel: async ({ params }) => (await library.prelabel(params.project_id)).map(jobWire),
    async modelExport({ params, reply }) {
      const { name, mediaType, body } = await library.export(params.project_id);
      reply.type(mediaType).header('content-disposition', `attachment; ${attachmentName(name)}`);
      return body as AsyncIterable<Uint8Array>;
    },
    modelDiff: async ({ params, body: { limit = COMPARED, ...body } }) =>
      jobWire(await library.compare(params.project_id, { ...body, limit })),
  };
}

function formFiles(request: FastifyRequest): AsyncGenerator<FormFile> {
  const contentType = request.headers['content-type'] ?? '';
  if (request.body && /^multipart\/form-data\b/i.test(contentType)) {
    return uploadedFiles(contentType, request.body as AsyncIterable<Uint8Array>);
  }
  throw new AppError('INPUT_EMPTY', 'Send the files of the model as multipart/form-data.');
}

type Version = Awaited<ReturnType<App['library']['list']>>[number];

function modelWire({ info, builtin, serving, shadow, origin, addedAt, assumed }: Version): Reply<'libraryServe'> {
  const { id, name, version, kind, input, runtime, license, labels, dim } = info;
  return {
    ...{ id, name, version, kind, input, runtime, license, classes: labels.length, dim },
    ...{ builtin, serving, shadow, origin, added_at: addedAt, assumed: [...assumed] },
  };
}

function controlWire({ control, type, bound, offer, models }: ControlModels): Reply<'modelBind'> {
  const fitting = models.map(({ name, id, classes, mapped, unmappedClasses, unmappedLabels }) => {
    return { name, id, classes, mapped, unmapped_classes: [...unmappedClasses], unmapped_labels: [...unmappedLabels] };
  });
  return { control, type, bound, offer, models: fitting };
}

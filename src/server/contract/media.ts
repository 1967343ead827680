/** Pictures, sounds and films: what tasks show, and the files that are uploaded for them. */
import { Type } from 'typebox';
import { Id, route } from './route.ts';
import { nullable } from './shapes.ts';

const Bytes = Type.Unsafe<AsyncIterable<Uint8Array>>(Type.Unknown({ description: 'The file' }));

const size = nullable(Type.Integer());

export const UploadShape = Type.Object({
  url: Type.String({ description: 'What to put into a task' }),
  name: Type.String({ description: 'As the uploader called it' }),
  type: Type.String({ description: 'Media type, from the bytes' }),
  size: Type.Integer({ description: 'Bytes' }),
  width: size,
  height: size,
  seconds: nullable(Type.Number()),
});

const tag = 'Media';

export const mediaRoutes = {
  taskMedia: route({
    method: 'GET',
    url: '/api/tasks/:task_id/media',
    access: 'annotator',
    tag,
    summary: 'The file that a field of the task shows; takes byte ranges',
    schema: {
      params: Type.Object({ task_id: Id('task') }),
      querystring: Type.Object({
        field: Type.Optional(
          Type.String({ maxLength: 500, description: 'Data field; default: the first media field' }),
        ),
        index: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Place in a list' })),
      }),
      response: { 200: Bytes, 206: Bytes },
    },
  }),
  uploadGet: route({
    method: 'GET',
    // The rest of the address names nothing by itself: it is looked up among the uploads of the project before it.
    url: '/data/upload/:project_id/*',
    access: 'annotator',
    tag,
    summary: 'An uploaded file; takes byte ranges',
    schema: {
      params: Type.Object({ project_id: Id('project'), '*': Type.String({ maxLength: 500 }) }),
      response: { 200: Bytes, 206: Bytes },
    },
  }),
  uploadsCreate: route({
    method: 'POST',
    url: '/api/projects/:project_id/uploads',
    access: 'owner',
    tag,
    summary:
      'Keep files for the project: one as the body, or any number as multipart/form-data; on request one task each',
    streams: true,
    schema: {
      params: Type.Object({ project_id: Id('project') }),
      querystring: Type.Object({
        name: Type.Optional(Type.String({ maxLength: 255, description: 'File name of a single body' })),
        as_tasks: Type.Optional(Type.Boolean({ description: 'Make one task per file, all of them or none' })),
      }),
      response: {
        201: Type.Object({
          uploads: Type.Array(UploadShape),
          task_count: Type.Integer(),
          run: nullable(Type.Integer()),
        }),
      },
    },
  }),
};

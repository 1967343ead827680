/** Imports in Label Studio's words: files that wait, made tasks of later, and how far an import is. */
import { type Static, Type } from 'typebox';
import { Numbered, pageQuery } from './numbered.ts';
import { Id, route } from './route.ts';
import { nullable, Time } from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const importId = Type.Object({ project_id: Id('project'), import_pk: Id('job') });
const tag = "Label Studio's scripts";

const uploadIds = Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 1_000 });

const counts = {
  task_count: Type.Integer(),
  annotation_count: nullable(Type.Integer()),
  prediction_count: nullable(Type.Integer()),
  duration: Type.Number({ description: 'Seconds' }),
  file_upload_ids: Type.Array(Type.Integer(), { description: 'Files that wait' }),
  found_formats: Type.Record(Type.String(), Type.Integer()),
  data_columns: Type.Array(Type.String()),
};

const ImportShape = Type.Object({
  ...counts,
  id: Type.Integer(),
  project: Type.Integer(),
  status: Type.Union([
    Type.Literal('created'),
    Type.Literal('in_progress'),
    Type.Literal('completed'),
    Type.Literal('failed'),
  ]),
  commit_to_project: Type.Boolean(),
  return_task_ids: Type.Boolean(),
  preannotated_from_fields: nullable(Type.Array(Type.String())),
  could_be_tasks_list: Type.Boolean(),
  url: Type.Null(),
  traceback: Type.Null(),
  error: nullable(Type.String()),
  task_ids: Type.Array(Type.Integer()),
  created_at: Time,
  updated_at: Time,
  finished_at: nullable(Time),
});

const Reimported = Type.Object({
  ...counts,
  reimport: Type.Optional(Type.Integer()),
  task_ids: Type.Array(Type.Integer()),
});

const FileUploadShape = Type.Object({ id: Type.Integer(), file: Type.String() });

export const importRoutes = {
  reimport: route({
    method: 'POST',
    url: '/api/projects/:project_id/reimport',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Make tasks of files that `import?commit_to_project=false` kept',
    schema: {
      params: projectId,
      body: Type.Object({
        file_upload_ids: Type.Optional(uploadIds),
        files_as_tasks_list: Type.Optional(Type.Literal(true, { description: 'Each row is a task' })),
      }),
      response: { 201: Reimported, 200: Reimported },
    },
  }),
  importList: route({
    method: 'GET',
    url: '/api/projects/:project_id/imports',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Imports of a project, newest first',
    schema: {
      params: projectId,
      querystring: Type.Object({
        ...pageQuery(1_000),
        status: Type.Optional(ImportShape.properties.status),
      }),
      response: {
        200: Numbered(ImportShape),
      },
    },
  }),
  importGet: route({
    method: 'GET',
    url: '/api/projects/:project_id/imports/:import_pk',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'One import and how far it is',
    schema: { params: importId, response: { 200: ImportShape } },
  }),
  reimportGet: route({
    method: 'GET',
    url: '/api/projects/:project_id/reimports/:import_pk',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'The same of a file that waited',
    schema: { params: importId, response: { 200: ImportShape } },
  }),
  fileUploadList: route({
    method: 'GET',
    url: '/api/projects/:project_id/file-uploads',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Files that wait to be made tasks of',
    schema: {
      params: projectId,
      querystring: Type.Object({
        ids: Type.Optional(Type.String({ maxLength: 20_000, description: 'Only these: `[1, 2]`' })),
      }),
      response: { 200: Type.Array(FileUploadShape) },
    },
  }),
  fileUploadsDelete: route({
    method: 'DELETE',
    url: '/api/projects/:project_id/file-uploads',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Forget files that wait',
    schema: {
      params: projectId,
      body: Type.Object({ file_upload_ids: uploadIds }),
      response: { 200: Type.Object({ deleted: Type.Integer() }) },
    },
  }),
};

export type ImportWire = Static<typeof ImportShape>;

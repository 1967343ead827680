/** Projects, and the files that go in and out of them. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Numbered, pageQuery } from './numbered.ts';
import { Id, route } from './route.ts';
import {
  Empty,
  nullable,
  ParsedConfig,
  ProjectDetail,
  ProjectShape,
  Sampling,
  Settings,
  SettingsInput,
} from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const labelConfig = Type.String({ maxLength: LIMITS.labelConfigBytesMax });

/** Every field may be left out; unknown fields of Label Studio's projects are ignored. */
const projectInput = {
  title: Type.Optional(Type.String({ maxLength: 500 })),
  description: Type.Optional(nullable(Type.String({ maxLength: 100_000 }))),
  expert_instruction: Type.Optional(nullable(Type.String({ maxLength: 100_000 }))),
  label_config: Type.Optional(labelConfig),
  maximum_annotations: Type.Optional(Settings.properties.overlap),
  sampling: Type.Optional(Sampling),
  settings: Type.Optional(SettingsInput),
};

export const ProjectBody = Type.Object(projectInput);

const ProjectPatch = Type.Object({
  ...projectInput,
  is_archived: Type.Optional(Type.Boolean()),
  label_migration: Type.Optional(
    Type.Object(
      {
        rename: Type.Optional(Type.Record(Type.String(), Type.String())),
        removed: Type.Optional(Type.Union([Type.Literal('keep'), Type.Literal('drop')])),
      },
      { additionalProperties: false, description: 'What to do with annotations whose labels vanish' },
    ),
  ),
});

const Validated = Type.Object({
  label_config: Type.String(),
  controls: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), labels: Type.Array(Type.String()) })),
  parsed_label_config: ParsedConfig,
});

const Imported = Type.Object({
  task_count: Type.Integer(),
  annotation_count: nullable(Type.Integer({ description: 'Null while the file waits' })),
  prediction_count: nullable(Type.Integer()),
  duration: Type.Number({ description: 'Seconds' }),
  found_formats: Type.Record(Type.String(), Type.Integer()),
  data_columns: Type.Array(Type.String()),
  task_ids: Type.Optional(Type.Array(Type.Integer(), { description: 'On request' })),
  file_upload_ids: Type.Array(Type.Integer(), { description: 'The file that waits for `reimport`' }),
  import: Type.Integer({ description: 'To ask `imports` for' }),
  could_be_tasks_list: Type.Boolean(),
  run: Type.Integer(),
  skipped: Type.Array(Type.Object({ row: Type.Integer(), reason: Type.String() })),
});

export const FormatShape = Type.Object({
  name: Type.String(),
  title: Type.String(),
  holds: Type.String({ description: 'What it can hold, in words' }),
  reads: Type.Boolean(),
  writes: Type.Boolean(),
  folder: Type.Boolean({ description: 'Many files, which travel as one zip' }),
  extensions: Type.Array(Type.String()),
});

const TemplateShape = Type.Object({
  name: Type.String(),
  title: Type.String(),
  group: Type.String(),
  label_config: Type.String(),
  sample: Type.Object({}, { additionalProperties: true, description: 'Data of a task to try it on' }),
});

const Losses = Type.Object({
  count: Type.Integer({ description: 'Of all losses; the list may be cut' }),
  losses: Type.Array(Type.Object({ task: Type.Integer(), message: Type.String() })),
});

const manyIds = Type.Union([Type.String(), Type.Array(Type.String())], { description: 'Only these tasks' });

const fieldNames = Type.Union([Type.String({ maxLength: 10_000 }), Type.Array(Type.String({ maxLength: 500 }))], {
  description: 'Fields that hold predictions instead of data: `a,b`, or several times',
});

const exportQuery = Type.Object({
  exportType: Type.Optional(Type.String({ maxLength: 100 })),
  export_type: Type.Optional(Type.String({ maxLength: 100 })),
  download_all_tasks: Type.Optional(Type.Boolean({ description: 'Also tasks without such an answer' })),
  labels: Type.Optional(
    Type.Union(
      [Type.Literal('annotations'), Type.Literal('predictions'), Type.Literal('both'), Type.Literal('consensus')],
      {
        description:
          'Answers of people (the default), suggestions, both, or per task one: the ground truth, else the answer that ' +
          'the others agree with most',
      },
    ),
  ),
  with_predictions: Type.Optional(Type.Boolean({ description: 'Short for `labels=both`' })),
  ids: Type.Optional(manyIds),
  'ids[]': Type.Optional(manyIds),
  only_finished: Type.Optional(Type.Boolean({ description: 'Only tasks with as many annotations as are wanted' })),
  labeler: Type.Optional(
    Type.String({ maxLength: 500, description: '`annotator:ada`, `model:head@3fa9`, without the version, or a name' }),
  ),
  model_version: Type.Optional(Type.String({ maxLength: 500, description: 'Of suggestions: `head@3fa9` or `3fa9`' })),
  min_score: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'Of suggestions; of a consensus its agreement' }),
  ),
  since: Type.Optional(Type.String({ maxLength: 40, description: 'Answers given or changed from here on; ISO 8601' })),
  until: Type.Optional(Type.String({ maxLength: 40, description: 'Answers given or changed before; ISO 8601' })),
  with_media: Type.Optional(
    Type.Boolean({ description: 'A zip of the file with the pictures, sounds and films that its tasks show' }),
  ),
  download_resources: Type.Optional(
    Type.Boolean({
      description: 'The same for formats of pictures; tables and JSON stay one file, as in Label Studio',
    }),
  ),
  escape_formulas: Type.Optional(
    Type.Boolean({ description: 'CSV, TSV: a quote before cells that a spreadsheet would run' }),
  ),
});

/** Projects are few: the ten million that Label Studio's SDK asks for at once are all of them. */
const tag = 'Projects';

export const projectRoutes = {
  projectList: route({
    method: 'GET',
    url: '/api/projects',
    access: 'annotator',
    labelStudio: true,
    tag,
    summary: 'Projects that the caller may see',
    schema: {
      querystring: Type.Object({ ...pageQuery(10_000_000), archived: Type.Optional(Type.Boolean()) }),
      response: {
        200: Numbered(ProjectShape),
      },
    },
  }),
  projectCreate: route({
    method: 'POST',
    url: '/api/projects',
    access: 'installation',
    labelStudio: true,
    tag,
    summary: 'Create a project',
    schema: { body: ProjectBody, response: { 201: ProjectDetail } },
  }),
  projectGet: route({
    method: 'GET',
    url: '/api/projects/:project_id',
    access: 'annotator',
    labelStudio: true,
    tag,
    summary: 'One project with its counts and its parsed label config',
    schema: { params: projectId, response: { 200: ProjectDetail } },
  }),
  projectUpdate: route({
    method: 'PATCH',
    url: '/api/projects/:project_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Change a project; a label config that drops used labels needs `label_migration`',
    schema: { params: projectId, body: ProjectPatch, response: { 200: ProjectDetail } },
  }),
  projectDelete: route({
    method: 'DELETE',
    url: '/api/projects/:project_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete a project with everything in it',
    schema: { params: projectId, response: { 204: Empty } },
  }),
  projectDuplicate: route({
    method: 'POST',
    url: '/api/projects/:project_id/duplicate',
    access: 'installation',
    labelStudio: true,
    tag,
    summary: 'A new project with the same config, settings, tasks and embeddings, without annotations',
    schema: { params: projectId, body: ProjectBody, response: { 201: ProjectDetail } },
  }),
  configValidate: route({
    method: 'POST',
    url: '/api/projects/validate',
    access: 'annotator',
    labelStudio: true,
    tag,
    summary: 'Check a label config without keeping it',
    schema: { body: Type.Object({ label_config: labelConfig }), response: { 200: Validated } },
  }),
  projectValidate: route({
    method: 'POST',
    url: '/api/projects/:project_id/validate',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Check a label config for this project without keeping it',
    schema: { params: projectId, body: Type.Object({ label_config: labelConfig }), response: { 200: Validated } },
  }),
  projectImport: route({
    method: 'POST',
    url: '/api/projects/:project_id/import',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Import tasks: a file of any format as the body (folders as a zip), or one file as multipart/form-data',
    streams: true,
    schema: {
      params: projectId,
      querystring: Type.Object({
        format: Type.Optional(Type.String({ maxLength: 100 })),
        name: Type.Optional(Type.String({ maxLength: 255, description: 'File name; its ending tells the format' })),
        skip_invalid: Type.Optional(Type.Boolean({ description: 'Leave bad rows out and list them' })),
        return_task_ids: Type.Optional(Type.Boolean({ description: 'Tell the ids of the new tasks' })),
        commit_to_project: Type.Optional(Type.Boolean({ description: 'False: the file is checked and waits' })),
        preannotated_from_fields: Type.Optional(fieldNames),
        'preannotated_from_fields[]': Type.Optional(fieldNames),
      }),
      response: { 201: Imported },
    },
  }),
  projectExport: route({
    method: 'GET',
    url: '/api/projects/:project_id/export',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'The labeled tasks as a file; formats of many files as one zip',
    schema: {
      params: projectId,
      querystring: exportQuery,
      response: {
        200: Type.Unsafe<AsyncIterable<string | Uint8Array>>(Type.Unknown({ description: 'The file' })),
      },
    },
  }),
  exportLosses: route({
    method: 'GET',
    url: '/api/projects/:project_id/export/losses',
    access: 'owner',
    tag,
    summary: 'What such an export leaves out or changes because its format cannot hold it, task by task',
    schema: { params: projectId, querystring: exportQuery, response: { 200: Losses } },
  }),
  exportFormats: route({
    method: 'GET',
    url: '/api/projects/:project_id/export/formats',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Formats that files can be read from and written to',
    schema: { params: projectId, response: { 200: Type.Array(FormatShape) } },
  }),
  templateList: route({
    method: 'GET',
    url: '/api/templates',
    access: 'annotator',
    tag,
    summary: 'Ready label configs to start a project from, each with sample data',
    schema: { response: { 200: Type.Array(TemplateShape) } },
  }),
};

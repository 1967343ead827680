/** Models of the installation: added, pulled, tried, served, rolled back; and which of them a project asks. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Id, route } from './route.ts';
import { Empty, JobShape, nullable, Time } from './shapes.ts';

const tag = 'Model library';
const ModelName = Type.String({ minLength: 1, maxLength: 64 });
const ModelId = Type.String({
  minLength: 1,
  maxLength: 100,
  description: '`name@version`, or a name for the one that serves',
});
const License = Type.String({ maxLength: 200 });
const Flag = Type.Boolean({ description: 'Run beside the serving version and be compared, without taking over' });
const Address = Type.String({ minLength: 1, maxLength: 4_000 });
const File = Type.Unsafe<AsyncIterable<Uint8Array>>(Type.Unknown({ description: 'The file' }));
const params = Type.Object({ project_id: Id('project') });

export const LibraryModelShape = Type.Object({
  id: Type.String({ description: '`name@version`; equal versions give equal numbers' }),
  name: Type.String(),
  version: Type.String(),
  kind: Type.String({ description: '`embedding`, `text-classification`, `object-detection`...' }),
  input: Type.String({ description: '`text`, `image` or `audio`' }),
  runtime: Type.String(),
  license: Type.String(),
  classes: Type.Integer(),
  dim: Type.Integer({ description: 'Width of its embedding; 0 for none' }),
  builtin: Type.Boolean(),
  serving: Type.Boolean({ description: 'Answers by its name' }),
  shadow: Type.Boolean(),
  origin: Type.String(),
  added_at: nullable(Time),
  assumed: Type.Array(Type.String(), { description: 'What the files did not say' }),
});

const EventShape = Type.Object({
  at: Time,
  name: Type.String(),
  version: Type.String(),
  act: Type.String({ description: '`added`, `served`, `rolled back`, `refused`, `removed`' }),
  reason: Type.String(),
});

const FittingShape = Type.Object({
  name: Type.String(),
  id: Type.String(),
  classes: Type.Integer(),
  mapped: Type.Integer({ description: 'Classes that a label of the control stands for' }),
  unmapped_classes: Type.Array(Type.String(), { description: 'The first ones that no label stands for' }),
  unmapped_labels: Type.Array(Type.String(), { description: 'Labels that no class means' }),
});

const ControlShape = Type.Object({
  control: Type.String(),
  type: Type.String({ description: 'Tag' }),
  bound: nullable(Type.String()),
  offer: nullable(Type.String({ description: 'The only model that fits a control without one' })),
  models: Type.Array(FittingShape),
});

export const libraryRoutes = {
  libraryList: route({
    method: 'GET',
    url: '/api/library',
    access: 'owner',
    tag,
    summary: 'Models of this installation, all versions',
    schema: { response: { 200: Type.Array(LibraryModelShape) } },
  }),
  libraryAdd: route({
    method: 'POST',
    url: '/api/library',
    access: 'installation',
    tag,
    summary: 'Add a model: its files as multipart/form-data; tried in a process of its own before it serves',
    streams: true,
    schema: {
      querystring: Type.Object({
        name: Type.Optional(ModelName),
        license: Type.Optional(License),
        shadow: Type.Optional(Flag),
      }),
      response: { 201: LibraryModelShape },
    },
  }),
  libraryPull: route({
    method: 'POST',
    url: '/api/library/pull',
    access: 'installation',
    tag,
    summary: 'Fetch a model from an address or an installed npm package; a job',
    schema: {
      body: Type.Object(
        {
          source: Type.String({ minLength: 1, maxLength: 4_000, description: 'Address, or `npm:package/folder`' }),
          beside: Type.Optional(
            Type.Array(Address, { maxItems: LIMITS.modelFilesMax, description: 'Labels, tokenizer...' }),
          ),
          name: Type.Optional(ModelName),
          license: Type.Optional(License),
          sha256: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$' })),
          shadow: Type.Optional(Flag),
        },
        { additionalProperties: false },
      ),
      response: { 201: JobShape },
    },
  }),
  libraryServe: route({
    method: 'POST',
    url: '/api/library/serve',
    access: 'installation',
    tag,
    summary:
      'Let a version answer by its name, once it has loaded and answered right; calls under way end as they began',
    schema: { body: Type.Object({ model: ModelId }), response: { 200: LibraryModelShape } },
  }),
  libraryRollback: route({
    method: 'POST',
    url: '/api/library/rollback',
    access: 'installation',
    tag,
    summary: 'Back to the version that served before',
    schema: { body: Type.Object({ model: ModelId }), response: { 200: LibraryModelShape } },
  }),
  libraryRemove: route({
    method: 'POST',
    url: '/api/library/remove',
    access: 'installation',
    tag,
    summary: 'Forget a version and its files',
    schema: { body: Type.Object({ model: ModelId }), response: { 204: Empty } },
  }),
  libraryHistory: route({
    method: 'GET',
    url: '/api/library/history',
    access: 'owner',
    tag,
    summary: 'What happened to models, oldest first',
    schema: {
      querystring: Type.Object({ name: Type.Optional(ModelName) }),
      response: { 200: Type.Array(EventShape) },
    },
  }),
  libraryVerify: route({
    method: 'POST',
    url: '/api/library/verify',
    access: 'installation',
    tag,
    summary: 'Read every file again and compare its checksum',
    schema: {
      body: Type.Object({ model: Type.Optional(ModelId) }),
      response: {
        200: Type.Array(
          Type.Object({ id: Type.String(), file: Type.String(), ok: Type.Boolean(), reason: Type.String() }),
        ),
      },
    },
  }),
  libraryBench: route({
    method: 'POST',
    url: '/api/library/bench',
    access: 'installation',
    tag,
    summary: 'How fast a model is on this machine: a process of its own, two seconds, made-up input',
    schema: {
      body: Type.Object({ model: ModelId }),
      response: {
        200: Type.Object({
          id: Type.String(),
          items: Type.Integer(),
          items_per_second: Type.Number(),
          ms_per_item: Type.Number(),
        }),
      },
    },
  }),

  modelControls: route({
    method: 'GET',
    url: '/api/projects/:project_id/models/controls',
    access: 'owner',
    tag,
    summary: 'Controls that a model can answer, the models that can, and the one that does',
    schema: { params, response: { 200: Type.Array(ControlShape) } },
  }),
  modelBind: route({
    method: 'POST',
    url: '/api/projects/:project_id/models/bind',
    access: 'owner',
    tag,
    summary: 'Let a model pre-label a control; null: none does',
    schema: {
      params,
      body: Type.Object({ control: Type.String({ minLength: 1, maxLength: 200 }), model: nullable(ModelId) }),
      response: { 200: ControlShape },
    },
  }),
  modelPrelabel: route({
    method: 'POST',
    url: '/api/projects/:project_id/models/prelabel',
    access: 'owner',
    tag,
    summary: 'Pre-label what the bound models have not seen; a job for each control',
    schema: { params, response: { 201: Type.Array(JobShape) } },
  }),
  modelExport: route({
    method: 'GET',
    url: '/api/projects/:project_id/models/export',
    access: 'owner',
    tag,
    summary: 'The trained model to take home: a zip with the head, the embedder or its name, and how to ask it',
    schema: { params, response: { 200: File } },
  }),
  modelDiff: route({
    method: 'POST',
    url: '/api/projects/:project_id/models/diff',
    access: 'owner',
    tag,
    summary: 'Ask two versions the same tasks; a job that tells how often they agree and where they do not',
    schema: {
      params,
      body: Type.Object({
        control: Type.String({ minLength: 1, maxLength: 200 }),
        from: ModelId,
        to: ModelId,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
      }),
      response: { 201: JobShape },
    },
  }),
};

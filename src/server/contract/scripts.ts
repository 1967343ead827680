/** Calls that scripts and the SDK of Label Studio make beside ours, in their paths, fields and statuses. */
import { type Static, Type } from 'typebox';
import { Numbered, pageQuery } from './numbered.ts';
import { UserShape } from './people.ts';
import { COMMON, CommonName, Id, route } from './route.ts';
import { AnyObject, Empty, nullable, PredictionShape, TaskDetail, Time } from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const exportId = Type.Object({ project_id: Id('project'), export_pk: Id('job') });
const predictionId = Type.Object({ prediction_id: Id('prediction') });
const tag = "Label Studio's scripts";

/** Regions, the value of one, or a label. */
const anyResult = Type.Unknown({ description: 'Regions, the value of one (`{"choices": ["spam"]}`), or a label' });

const score = Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 1 })));

const SnapshotShape = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  status: Type.Union([
    Type.Literal('created'),
    Type.Literal('in_progress'),
    Type.Literal('completed'),
    Type.Literal('failed'),
  ]),
  created_at: Time,
  finished_at: nullable(Time),
  md5: Type.String(),
  counters: Type.Object({ task_number: Type.Integer() }),
  converted_formats: Type.Array(Type.Object({ export_type: Type.String(), status: Type.String() })),
});

/** Whom the caller may see is decided by the handler: people are no things of a project. */
const user = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, [COMMON]: true });
const organization = Type.Object({
  organization_id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, [COMMON]: true }),
});

const OrganizationShape = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  contact_info: Type.Null(),
  created_at: Time,
});

const ofProject = Type.Object({ project: Type.Optional(Id('project')) });
const storageType = Type.Object({ storage_type: CommonName('A kind of storage') });
const noStorages = Type.Array(AnyObject);

export const scriptRoutes = {
  taskCreate: route({
    method: 'POST',
    url: '/api/tasks',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Add one task',
    schema: {
      body: Type.Object({ project: Id('project'), data: AnyObject }),
      response: { 201: TaskDetail },
    },
  }),
  tasksDeleteAll: route({
    method: 'DELETE',
    url: '/api/projects/:project_id/tasks',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete all tasks of a project',
    schema: { params: projectId, response: { 204: Empty } },
  }),
  predictionsImport: route({
    method: 'POST',
    url: '/api/projects/:project_id/import/predictions',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Store predictions made elsewhere, all of them or none',
    schema: {
      params: projectId,
      body: Type.Array(
        Type.Object({
          task: Type.Integer({ minimum: 1 }),
          result: anyResult,
          score,
          model_version: Type.Optional(nullable(Type.String({ maxLength: 200 }))),
        }),
        { maxItems: 100_000 },
      ),
      response: { 201: Type.Object({ created: Type.Integer() }) },
    },
  }),
  predictionUpdate: route({
    method: 'PATCH',
    url: '/api/predictions/:prediction_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Change a prediction that was made elsewhere',
    schema: {
      params: predictionId,
      body: Type.Object({
        result: Type.Optional(anyResult),
        score,
        model_version: Type.Optional(
          nullable(Type.String({ maxLength: 200, description: 'Stays as it was; another one is refused' })),
        ),
      }),
      response: { 200: PredictionShape },
    },
  }),
  predictionDelete: route({
    method: 'DELETE',
    url: '/api/predictions/:prediction_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete a prediction that was made elsewhere',
    schema: { params: predictionId, response: { 204: Empty } },
  }),
  predictionVersions: route({
    method: 'GET',
    url: '/api/projects/:project_id/model-versions',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'How many predictions are stored of each version',
    schema: {
      params: projectId,
      querystring: Type.Object({ extended: Type.Optional(Type.Boolean({ description: 'A list, with times' })) }),
      response: {
        200: Type.Union([
          Type.Record(Type.String(), Type.Integer()),
          Type.Object({
            static: Type.Array(Type.Object({ model_version: Type.String(), count: Type.Integer(), latest: Time })),
            live: Type.Array(AnyObject, { description: 'Always empty' }),
          }),
        ]),
      },
    },
  }),
  predictionVersionDelete: route({
    method: 'DELETE',
    url: '/api/projects/:project_id/model-versions',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete the predictions that were made elsewhere under a version; tells how many',
    schema: {
      params: projectId,
      body: Type.Object({ model_version: Type.String({ minLength: 1, maxLength: 500 }) }),
      response: { 200: Type.Integer() },
    },
  }),
  snapshotList: route({
    method: 'GET',
    url: '/api/projects/:project_id/exports',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Export snapshots of a project, newest first',
    schema: { params: projectId, response: { 200: Type.Array(SnapshotShape) } },
  }),
  snapshotCreate: route({
    method: 'POST',
    url: '/api/projects/:project_id/exports',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Keep the labels as they are now, as a job; they can be read in every format later',
    schema: {
      params: projectId,
      body: Type.Object({
        title: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
        task_filter_options: Type.Optional(
          nullable(
            Type.Object({
              annotated: Type.Optional(nullable(Type.Union([Type.Literal('only'), Type.Literal('exclude')]))),
              finished: Type.Optional(nullable(Type.Union([Type.Literal('only'), Type.Literal('exclude')]))),
              only_with_annotations: Type.Optional(nullable(Type.Boolean())),
              view: Type.Optional(nullable(Type.Integer({ minimum: 0 }))),
            }),
          ),
        ),
      }),
      response: { 201: SnapshotShape },
    },
  }),
  snapshotGet: route({
    method: 'GET',
    url: '/api/projects/:project_id/exports/:export_pk',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'One export snapshot and how far it is',
    schema: { params: exportId, response: { 200: SnapshotShape } },
  }),
  snapshotDelete: route({
    method: 'DELETE',
    url: '/api/projects/:project_id/exports/:export_pk',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete an export snapshot',
    schema: { params: exportId, response: { 204: Empty } },
  }),
  snapshotConvert: route({
    method: 'POST',
    url: '/api/projects/:project_id/exports/:export_pk/convert',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Check that a snapshot can be read in a format; nothing has to be made for it beforehand',
    schema: {
      params: exportId,
      body: Type.Object({ export_type: Type.String({ maxLength: 100 }) }),
      response: { 200: Type.Object({ export_type: Type.String(), converted_format: Type.Integer() }) },
    },
  }),
  snapshotDownload: route({
    method: 'GET',
    url: '/api/projects/:project_id/exports/:export_pk/download',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'An export snapshot as a file in any format',
    schema: {
      params: exportId,
      querystring: Type.Object({ exportType: Type.Optional(Type.String({ maxLength: 100 })) }),
      response: { 200: Type.Unsafe<AsyncIterable<string | Uint8Array>>(Type.Unknown({ description: 'The file' })) },
    },
  }),
  userList: route({
    method: 'GET',
    url: '/api/users',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'People with a token, and the caller',
    schema: { response: { 200: Type.Array(UserShape) } },
  }),
  userGet: route({
    method: 'GET',
    url: '/api/users/:user_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'One of these people',
    schema: { params: Type.Object({ user_id: user }), response: { 200: UserShape } },
  }),
  organizationList: route({
    method: 'GET',
    url: '/api/organizations',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'This installation, the one organization there is',
    schema: { response: { 200: Type.Array(OrganizationShape) } },
  }),
  organizationGet: route({
    method: 'GET',
    url: '/api/organizations/:organization_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'The same; its number is 1',
    schema: { params: organization, response: { 200: OrganizationShape } },
  }),
  memberships: route({
    method: 'GET',
    url: '/api/organizations/:organization_id/memberships',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'The people of `users` as members, by page',
    schema: {
      params: organization,
      querystring: Type.Object(pageQuery(1_000)),
      response: {
        200: Numbered(
          Type.Object({ id: Type.Integer(), organization: Type.Integer(), user: UserShape, active: Type.Boolean() }),
        ),
      },
    },
  }),
  storageList: route({
    method: 'GET',
    url: '/api/storages',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Storages that tasks come from: there are none here, tasks name their files',
    schema: { querystring: ofProject, response: { 200: noStorages } },
  }),
  storageListOf: route({
    method: 'GET',
    url: '/api/storages/:storage_type',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'The same of one kind: `s3`, `gcs`, `azure`, `redis`, `localfiles`, `export`',
    schema: { params: storageType, querystring: ofProject, response: { 200: noStorages } },
  }),
  exportStorageListOf: route({
    method: 'GET',
    url: '/api/storages/export/:storage_type',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Storages of one kind that labels go to: none',
    schema: { params: storageType, querystring: ofProject, response: { 200: noStorages } },
  }),
  userToken: route({
    method: 'GET',
    url: '/api/current-user/token',
    access: 'annotator',
    labelStudio: true,
    tag,
    summary: 'The token that this request came with',
    schema: { response: { 200: Type.Object({ token: Type.String() }) } },
  }),
  tokenRefresh: route({
    method: 'POST',
    url: '/api/token/refresh',
    access: 'public',
    labelStudio: true,
    tag,
    summary: 'For clients that exchange a personal token for an access token: the token itself, if it is known',
    schema: {
      body: Type.Object({ refresh: Type.String({ minLength: 1, maxLength: 10_000 }) }),
      response: { 200: Type.Object({ access: Type.String() }) },
    },
  }),
};

export type SnapshotWire = Static<typeof SnapshotShape>;

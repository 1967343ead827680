/** Tasks, their annotations and predictions. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Id, NullableId, route, ViewId } from './route.ts';
import {
  AnnotationShape,
  AnyObject,
  Empty,
  nullable,
  PredictionShape,
  Regions,
  TaskDetail,
  TaskShape,
  VoteShape,
} from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const taskId = Type.Object({ task_id: Id('task') });
const annotationId = Type.Object({ annotation_id: Id('annotation') });

/** By page number as in Label Studio, or by `after` (the last id seen), which stays fast at any depth. */
const paging = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  page_size: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSizeMax })),
  after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
};

const taskPaging = {
  ...paging,
  page_size: Type.Optional(
    Type.Integer({
      minimum: -1,
      maximum: LIMITS.pageSizeMax,
      description: 'The largest page is what -1 asks for, as the SDK does by itself',
    }),
  ),
  fields: Type.Optional(
    Type.Union([Type.Literal('task_only'), Type.Literal('all')], {
      description: '`all` adds annotations and predictions',
    }),
  ),
};

const TaskRow = Type.Union([TaskDetail, TaskShape]);

/** What a client may say of an answer; Label Studio's further fields are ignored. */
const answer = {
  result: Regions,
  was_cancelled: Type.Optional(Type.Boolean()),
  ground_truth: Type.Optional(Type.Boolean()),
  lead_time: Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 1e7 }))),
  visible_ms: Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 1e10 }))),
  via: Type.Optional(Type.Union([Type.Literal('key'), Type.Literal('click'), Type.Literal('api')])),
  parent_prediction: Type.Optional(NullableId('prediction')),
  completed_by: Type.Optional(
    nullable(Type.Integer({ minimum: 1, description: 'Owners may answer for another annotator; who it is stays' })),
  ),
  note: Type.Optional(Type.String({ maxLength: 10_000 })),
};

const submissionKey = Type.Optional(
  Type.String({ minLength: 1, maxLength: 200, description: 'A repeated submit with the same key is kept once' }),
);

const predictionInput = {
  result: Type.Unknown({ description: 'Regions, the value of one (`{"choices": ["spam"]}`), or a label' }),
  score: Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 1 }))),
  model_version: Type.Optional(nullable(Type.String({ maxLength: 200 }))),
};

const tasks = 'Tasks';
const annotations = 'Annotations';
const predictions = 'Predictions';

export const taskRoutes = {
  taskList: route({
    method: 'GET',
    url: '/api/tasks',
    access: 'owner',
    labelStudio: true,
    tag: tasks,
    summary: 'Tasks of a project, with totals',
    schema: {
      querystring: Type.Object({
        ...taskPaging,
        project: Type.Optional(Id('project')),
        query: Type.Optional(
          Type.String({
            maxLength: 1_000_000,
            description: 'Filters of the Data Manager, as JSON: `{"filters": ...}`',
          }),
        ),
        view: Type.Optional(ViewId()),
        only_annotated: Type.Optional(Type.Boolean()),
      }),
      response: {
        200: Type.Object({
          tasks: Type.Array(TaskRow),
          total: Type.Integer(),
          total_annotations: Type.Integer(),
          total_predictions: Type.Integer({ description: 'Stored ones' }),
        }),
      },
    },
  }),
  projectTasks: route({
    method: 'GET',
    url: '/api/projects/:project_id/tasks',
    access: 'owner',
    labelStudio: true,
    tag: tasks,
    summary: 'Tasks of a project as a bare list',
    schema: { params: projectId, querystring: Type.Object(taskPaging), response: { 200: Type.Array(TaskRow) } },
  }),
  tasksDelete: route({
    method: 'POST',
    url: '/api/projects/:project_id/tasks/delete',
    access: 'owner',
    tag: tasks,
    summary: 'Delete several tasks with everything that belongs to them',
    schema: {
      params: projectId,
      body: Type.Object({ ids: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 10_000 }) }),
      response: { 200: Type.Object({ deleted: Type.Integer() }) },
    },
  }),
  taskGet: route({
    method: 'GET',
    url: '/api/tasks/:task_id',
    access: 'annotator',
    labelStudio: true,
    tag: tasks,
    summary: 'One task; annotators see their own annotations and no predictions',
    schema: { params: taskId, response: { 200: TaskDetail } },
  }),
  taskUpdate: route({
    method: 'PATCH',
    url: '/api/tasks/:task_id',
    access: 'owner',
    labelStudio: true,
    tag: tasks,
    summary: 'Change the data of a task: it is embedded and pre-labeled again',
    schema: {
      params: taskId,
      body: Type.Object({ data: Type.Optional(AnyObject), meta: Type.Optional(AnyObject) }),
      response: { 200: TaskDetail },
    },
  }),
  taskDelete: route({
    method: 'DELETE',
    url: '/api/tasks/:task_id',
    access: 'owner',
    labelStudio: true,
    tag: tasks,
    summary: 'Delete a task with everything that belongs to it',
    schema: { params: taskId, response: { 204: Empty } },
  }),
  taskSimilar: route({
    method: 'GET',
    url: '/api/tasks/:task_id/similar',
    access: 'annotator',
    tag: tasks,
    summary: 'The nearest tasks by embedding, best first, with their majority label',
    schema: {
      params: taskId,
      querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }),
      response: {
        200: Type.Array(Type.Object({ task: TaskShape, similarity: Type.Number(), label: nullable(Type.String()) })),
      },
    },
  }),
  taskVotes: route({
    method: 'GET',
    url: '/api/tasks/:task_id/votes',
    access: 'annotator',
    tag: tasks,
    summary: 'What each labeler says of the task; annotators do not see each other',
    schema: { params: taskId, response: { 200: Type.Array(VoteShape) } },
  }),
  taskRelease: route({
    method: 'POST',
    url: '/api/tasks/:task_id/release',
    access: 'annotator',
    tag: tasks,
    summary: 'Give the lease back without an answer',
    schema: {
      params: taskId,
      body: Type.Object({ postpone: Type.Optional(Type.Boolean()) }),
      response: { 204: Empty },
    },
  }),
  taskAnnotations: route({
    method: 'GET',
    url: '/api/tasks/:task_id/annotations',
    access: 'annotator',
    labelStudio: true,
    tag: annotations,
    summary: 'Annotations of a task; annotators see their own',
    schema: { params: taskId, response: { 200: Type.Array(AnnotationShape) } },
  }),
  annotationCreate: route({
    method: 'POST',
    url: '/api/tasks/:task_id/annotations',
    access: 'annotator',
    labelStudio: true,
    tag: annotations,
    summary: 'Submit an answer: 201, or 200 when this key was submitted before',
    schema: {
      params: taskId,
      body: Type.Object({ ...answer, unique_id: submissionKey }),
      response: { 201: AnnotationShape, 200: AnnotationShape },
    },
  }),
  projectAnnotations: route({
    method: 'GET',
    url: '/api/projects/:project_id/annotations',
    access: 'owner',
    tag: annotations,
    summary: 'Annotations of a project, ordered by id',
    schema: { params: projectId, querystring: Type.Object(paging), response: { 200: Type.Array(AnnotationShape) } },
  }),
  recentAnnotations: route({
    method: 'GET',
    url: '/api/projects/:project_id/recent',
    access: 'annotator',
    tag: annotations,
    summary: "The caller's last answers, newest first",
    schema: {
      params: projectId,
      querystring: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }),
      response: { 200: Type.Array(AnnotationShape) },
    },
  }),
  annotationGet: route({
    method: 'GET',
    url: '/api/annotations/:annotation_id',
    access: 'annotator',
    labelStudio: true,
    tag: annotations,
    summary: 'One annotation; annotators see their own',
    schema: { params: annotationId, response: { 200: AnnotationShape } },
  }),
  annotationUpdate: route({
    method: 'PATCH',
    url: '/api/annotations/:annotation_id',
    access: 'annotator',
    labelStudio: true,
    tag: annotations,
    summary: 'Change an annotation; annotators change their own',
    schema: {
      params: annotationId,
      body: Type.Partial(Type.Object(answer)),
      response: { 200: AnnotationShape },
    },
  }),
  annotationDelete: route({
    method: 'DELETE',
    url: '/api/annotations/:annotation_id',
    access: 'annotator',
    labelStudio: true,
    tag: annotations,
    summary: 'Take an annotation back; annotators their own',
    schema: {
      params: annotationId,
      querystring: Type.Object({
        lease: Type.Optional(Type.Boolean({ description: 'Lease the task to its author again in the same step' })),
      }),
      response: { 204: Empty },
    },
  }),
  predictionList: route({
    method: 'GET',
    url: '/api/predictions',
    access: 'owner',
    labelStudio: true,
    tag: predictions,
    summary:
      'Predictions of one task; of a project, by pages of tasks, those made elsewhere and the current suggestions',
    schema: {
      querystring: Type.Object({
        ...paging,
        task: Type.Optional(Id('task')),
        project: Type.Optional(Id('project')),
      }),
      response: { 200: Type.Array(PredictionShape) },
    },
  }),
  predictionCreate: route({
    method: 'POST',
    url: '/api/predictions',
    access: 'owner',
    labelStudio: true,
    tag: predictions,
    summary: 'Store a prediction made elsewhere',
    schema: { body: Type.Object({ ...predictionInput, task: Id('task') }), response: { 201: PredictionShape } },
  }),
  predictionGet: route({
    method: 'GET',
    url: '/api/predictions/:prediction_id',
    access: 'owner',
    labelStudio: true,
    tag: predictions,
    summary: 'One stored prediction',
    schema: { params: Type.Object({ prediction_id: Id('prediction') }), response: { 200: PredictionShape } },
  }),
};

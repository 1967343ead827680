/** The queue, bulk acts (runs), background work (jobs) and model versions. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Id, route } from './route.ts';
import {
  Empty,
  InsightsShape,
  JobShape,
  LabelErrorsShape,
  ModelShape,
  NextShape,
  QueueStateShape,
  ReasonShape,
  RunShape,
  TaskShape,
} from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const runId = Type.Object({ run_id: Id('run') });
const jobId = Type.Object({ job_id: Id('job') });

const limit = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }));

const queue = 'Queue';
const runs = 'Runs';
const jobs = 'Jobs';
const models = 'Models';

export const workRoutes = {
  queueNext: route({
    method: 'GET',
    url: '/api/projects/:project_id/next',
    access: 'annotator',
    labelStudio: true,
    tag: queue,
    summary: 'Lease the next task with its suggestion and the reason why it comes now',
    schema: {
      params: projectId,
      querystring: Type.Object({
        empty: Type.Optional(
          Type.Literal('204', { description: 'Answer 204 instead of 404 when nothing is left for the caller' }),
        ),
        exclude: Type.Optional(
          Type.String({
            pattern: '^(\\d{1,15}(,\\d{1,15}){0,999})?$',
            maxLength: 10_000,
            description: 'Ids of tasks that the caller holds already, with commas: for pages that fetch ahead',
          }),
        ),
      }),
      response: { 200: NextShape, 204: Empty },
    },
  }),
  queuePreview: route({
    method: 'GET',
    url: '/api/projects/:project_id/queue',
    access: 'owner',
    tag: queue,
    summary: 'The head of the queue with reasons; leases nothing',
    schema: {
      params: projectId,
      querystring: Type.Object({ limit: limit(LIMITS.pageSizeMax) }),
      response: { 200: Type.Array(Type.Object({ task: TaskShape, reason: ReasonShape })) },
    },
  }),
  queueState: route({
    method: 'GET',
    url: '/api/projects/:project_id/queue/state',
    access: 'annotator',
    tag: queue,
    summary: 'Strategy, phase, model version, annotations until the next retrain',
    schema: { params: projectId, response: { 200: QueueStateShape } },
  }),
  queueRank: route({
    method: 'POST',
    url: '/api/projects/:project_id/queue/rank',
    access: 'owner',
    tag: queue,
    summary: 'Compute the order again from scratch',
    schema: { params: projectId, response: { 200: QueueStateShape } },
  }),
  queueTimings: route({
    method: 'GET',
    url: '/api/projects/:project_id/queue/timings',
    access: 'owner',
    tag: queue,
    summary: 'Milliseconds from a stored annotation to the new order, for the last ones',
    schema: { params: projectId, response: { 200: Type.Object({ rerank_ms: Type.Array(Type.Number()) }) } },
  }),

  insights: route({
    method: 'GET',
    url: '/api/projects/:project_id/insights',
    access: 'owner',
    tag: queue,
    summary: 'What answers and the blind slice say of the suggestions; null where there is too little to say',
    schema: { params: projectId, response: { 200: InsightsShape } },
  }),
  labelErrors: route({
    method: 'GET',
    url: '/api/projects/:project_id/label-errors',
    access: 'owner',
    tag: queue,
    summary: 'The annotations most likely wrong, by probabilities that have not seen them; for a second look',
    schema: {
      params: projectId,
      querystring: Type.Object({ limit: limit(LIMITS.pageSizeMax) }),
      response: { 200: LabelErrorsShape },
    },
  }),

  runList: route({
    method: 'GET',
    url: '/api/projects/:project_id/runs',
    access: 'owner',
    tag: runs,
    summary: 'Bulk acts of a project',
    schema: { params: projectId, response: { 200: Type.Array(RunShape) } },
  }),
  runGet: route({
    method: 'GET',
    url: '/api/runs/:run_id',
    access: 'owner',
    tag: runs,
    summary: 'One bulk act',
    schema: { params: runId, response: { 200: RunShape } },
  }),
  runVotes: route({
    method: 'GET',
    url: '/api/runs/:run_id/votes',
    access: 'owner',
    tag: runs,
    summary: 'Votes that a bulk act wrote, ordered by task',
    schema: {
      params: runId,
      querystring: Type.Object({
        after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
        limit: limit(LIMITS.pageSizeMax),
      }),
      response: {
        200: Type.Array(Type.Object({ task: Type.Integer(), label: Type.Integer(), score: Type.Number() })),
      },
    },
  }),
  runUndo: route({
    method: 'POST',
    url: '/api/runs/:run_id/undo',
    access: 'owner',
    tag: runs,
    summary: 'Undo: nothing that the run wrote is seen any more',
    schema: { params: runId, response: { 200: RunShape } },
  }),
  runRedo: route({
    method: 'POST',
    url: '/api/runs/:run_id/redo',
    access: 'owner',
    tag: runs,
    summary: 'Take an undo back',
    schema: { params: runId, response: { 200: RunShape } },
  }),

  jobList: route({
    method: 'GET',
    url: '/api/jobs',
    access: 'owner',
    tag: jobs,
    summary: 'Jobs, newest first',
    schema: {
      querystring: Type.Object({ project: Type.Optional(Id('project')), limit: limit(LIMITS.pageSizeMax) }),
      response: { 200: Type.Array(JobShape) },
    },
  }),
  jobGet: route({
    method: 'GET',
    url: '/api/jobs/:job_id',
    access: 'owner',
    tag: jobs,
    summary: 'One job with its progress',
    schema: { params: jobId, response: { 200: JobShape } },
  }),
  jobFailures: route({
    method: 'GET',
    url: '/api/jobs/:job_id/failures',
    access: 'owner',
    tag: jobs,
    summary: 'Items that failed, each with its reason, ordered by task',
    schema: {
      params: jobId,
      querystring: Type.Object({
        after: Type.Optional(
          Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Last task of the page before' }),
        ),
        limit: limit(LIMITS.pageSizeMax),
      }),
      response: {
        200: Type.Array(Type.Object({ task: Type.Integer(), code: Type.String(), detail: Type.String() })),
      },
    },
  }),
  jobPause: route({
    method: 'POST',
    url: '/api/jobs/:job_id/pause',
    access: 'owner',
    tag: jobs,
    summary: 'Stop a job for a time: it keeps what it has done and waits, also over a restart of the server',
    schema: { params: jobId, response: { 200: JobShape } },
  }),
  jobResume: route({
    method: 'POST',
    url: '/api/jobs/:job_id/resume',
    access: 'owner',
    tag: jobs,
    summary: 'Let a paused job go on from where it was',
    schema: { params: jobId, response: { 200: JobShape } },
  }),
  jobCancel: route({
    method: 'POST',
    url: '/api/jobs/:job_id/cancel',
    access: 'owner',
    tag: jobs,
    summary: 'Stop a job for good',
    schema: { params: jobId, response: { 200: JobShape } },
  }),
  jobRetry: route({
    method: 'POST',
    url: '/api/jobs/:job_id/retry',
    access: 'owner',
    tag: jobs,
    summary: 'Run a failed or cancelled job on from where it stopped; of one that is done, only the items that failed',
    schema: { params: jobId, response: { 200: JobShape } },
  }),
  prelabel: route({
    method: 'POST',
    url: '/api/projects/:project_id/prelabel',
    access: 'owner',
    tag: jobs,
    summary: 'Embed and pre-label what lacks it',
    schema: { params: projectId, response: { 202: JobShape } },
  }),
  train: route({
    method: 'POST',
    url: '/api/projects/:project_id/train',
    access: 'owner',
    tag: jobs,
    summary: 'Train a new model version on the annotations',
    schema: { params: projectId, response: { 202: JobShape } },
  }),

  modelVersions: route({
    method: 'GET',
    url: '/api/projects/:project_id/models',
    access: 'owner',
    tag: models,
    summary: 'Model versions of a project',
    schema: { params: projectId, response: { 200: Type.Array(ModelShape) } },
  }),
  modelCompare: route({
    method: 'GET',
    url: '/api/projects/:project_id/models/compare',
    access: 'owner',
    tag: models,
    summary: 'Tasks whose predicted label differs between two versions',
    schema: {
      params: projectId,
      querystring: Type.Object({ from: Id('model'), to: Id('model') }),
      response: {
        200: Type.Object({
          total: Type.Integer(),
          flipped: Type.Array(Type.Object({ task: Type.Integer(), from: Type.String(), to: Type.String() })),
        }),
      },
    },
  }),
  modelActivate: route({
    method: 'POST',
    url: '/api/projects/:project_id/models/:model_id/activate',
    access: 'owner',
    tag: models,
    summary: 'Serve this version until told otherwise',
    schema: {
      params: Type.Object({ project_id: Id('project'), model_id: Id('model') }),
      response: { 200: ModelShape },
    },
  }),
  modelUnpin: route({
    method: 'POST',
    url: '/api/projects/:project_id/models/unpin',
    access: 'owner',
    tag: models,
    summary: 'Let newer versions take over again',
    schema: { params: projectId, response: { 204: Empty } },
  }),
  embedders: route({
    method: 'GET',
    url: '/api/models',
    access: 'owner',
    tag: models,
    summary: 'Embedders, and what this machine can do with them',
    schema: {
      response: {
        200: Type.Array(
          Type.Object({
            name: Type.String(),
            kind: Type.String(),
            version: Type.String(),
            dim: Type.Integer(),
            ready: Type.Boolean(),
            note: Type.String(),
          }),
        ),
      },
    },
  }),
};

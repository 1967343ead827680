/** Spreading labels: preview, apply, cards, bulk labels, copies, spans. */
import { Type } from 'typebox';
import { Id, route } from './route.ts';
import { AnyObject, JobShape, nullable, TaskShape } from './shapes.ts';

const params = Type.Object({ project_id: Id('project') });

const tag = 'Spread';
const access = 'owner';
const base = '/api/projects/:project_id/spread';

const Share = Type.Number({ minimum: 0, maximum: 1 });
const Count = Type.Integer({ minimum: 0 });
const TaskIds = Type.Array(Type.Integer());

const SettingsBody = Type.Object({
  target: Type.Optional(Type.Number({ description: 'Precision promised, between 0 and 1; 0.95 unless given' })),
  level: Type.Optional(Type.Number({ description: 'One-sided confidence of the bound, between 0 and 1; 0.8' })),
});

const QuestionShape = Type.Object({
  label: nullable(Type.String()),
  method: Type.String(),
  corrected: Type.Boolean(),
  evidence: Type.Array(
    Type.Object({
      method: Type.String(),
      corrected: Type.Boolean(),
      right: Count,
      total: Count,
      low: Type.Number(),
      high: Type.Number(),
    }),
  ),
  rule: Type.Union([Type.Literal('clopper-pearson'), Type.Literal('platt'), Type.Literal('too-few')]),
  right: Count,
  total: Count,
  bound: Type.Number(),
  coverage: Type.Number(),
  withheld: Type.Array(Type.String()),
  more: nullable(Type.Integer()),
});

const PlanShape = Type.Object({
  created_at: Type.String(),
  embedder: Type.String(),
  target: Type.Number(),
  level: Type.Number(),
  items: Count,
  seeds: Count,
  verified: Count,
  stale: Type.Boolean(),
  questions: Type.Array(QuestionShape),
  labels: Type.Array(
    Type.Object({ label: Type.String(), proposed: Count, accepted: Count, counts: Type.Array(Count) }),
  ),
  clusters: Type.Array(
    Type.Object({
      id: Type.Integer(),
      size: Count,
      label: Type.String(),
      share: Type.Number(),
      representative: TaskIds,
      borderline: TaskIds,
    }),
  ),
  curve: Type.Array(
    Type.Object({ least: Type.Number(), tasks: Count, right: Count, total: Count, bound: Type.Number() }),
  ),
});

const CardShape = Type.Object({
  task: TaskShape,
  label: nullable(Type.String()),
  labels: Type.Array(Type.String()),
  score: nullable(Type.Number()),
  confidence: nullable(Type.Number()),
  accepted: Type.Boolean(),
  similarity: nullable(Type.Number()),
  answered: nullable(Type.String()),
});

/** Three corners or more. */
const AREA = '^-?\\d+(\\.\\d+)?,-?\\d+(\\.\\d+)?( -?\\d+(\\.\\d+)?,-?\\d+(\\.\\d+)?){2,}$';

const cardFields = {
  source: Type.Union([
    Type.Literal('all'),
    Type.Literal('proposals'),
    Type.Literal('similar'),
    Type.Literal('cluster'),
    Type.Literal('map'),
  ]),
  task: Type.Optional(Id('task')),
  cluster: Type.Optional(Type.Integer({ minimum: 0 })),
  area: Type.Optional(
    Type.String({ pattern: AREA, maxLength: 4_000, description: 'Of the map: corners as `x,y x,y x,y`' }),
  ),
  drawn: Type.Optional(Type.String({ maxLength: 100, description: 'Which drawing of the map the area is of' })),
  label: Type.Optional(Type.String({ maxLength: 1_000 })),
  least: Type.Optional(Share),
  text: Type.Optional(Type.String({ maxLength: 1_000 })),
  order: Type.Optional(Type.Union([Type.Literal('sure'), Type.Literal('unsure')])),
};

export const spreadRoutes = {
  spreadPreview: route({
    method: 'POST',
    url: `${base}/preview`,
    access,
    tag,
    summary: 'Work out what spreading the labels would do; writes nothing',
    schema: { params, body: SettingsBody, response: { 202: JobShape } },
  }),
  spreadPlan: route({
    method: 'GET',
    url: base,
    access,
    tag,
    summary: 'The last preview: method and evidence, threshold and bound, labels, clusters, precision by threshold',
    schema: { params, response: { 200: nullable(PlanShape) } },
  }),
  spreadApply: route({
    method: 'POST',
    url: `${base}/apply`,
    access,
    tag,
    summary: 'Write what the gate lets through as votes of one run',
    schema: { params, body: SettingsBody, response: { 202: JobShape } },
  }),
  spreadVerify: route({
    method: 'POST',
    url: `${base}/verify`,
    access,
    tag,
    summary: 'Put random tasks before all others, so that their answers can check the proposals',
    schema: {
      params,
      body: Type.Object({ count: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }),
      response: { 200: Type.Object({ queued: Count }) },
    },
  }),
  spreadCards: route({
    method: 'GET',
    url: `${base}/cards`,
    access,
    tag,
    summary: 'Tasks to look at together: all, proposals, tasks like one, a cluster, or an area of the map',
    schema: {
      params,
      querystring: Type.Object({
        ...cardFields,
        offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000 })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
      }),
      response: { 200: Type.Object({ cards: Type.Array(CardShape), total: Count, unread: Count }) },
    },
  }),
  spreadSample: route({
    method: 'GET',
    url: `${base}/sample`,
    access,
    tag,
    summary: 'A random sample of such tasks, with the error bound that each number of wrong ones gives',
    schema: {
      params,
      querystring: Type.Object({ ...cardFields, count: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) }),
      response: { 200: Type.Object({ cards: Type.Array(CardShape), bounds: Type.Array(Type.Number()) }) },
    },
  }),
  bulkLabel: route({
    method: 'POST',
    url: `${base}/label`,
    access,
    tag,
    summary: 'Label many tasks in one act, which one undo takes back',
    schema: {
      params,
      body: Type.Object({
        items: Type.Array(Type.Object({ task: Type.Integer({ minimum: 1 }), labels: Type.Array(Type.String()) }), {
          minItems: 1,
          maxItems: 10_000,
        }),
      }),
      response: { 202: JobShape },
    },
  }),
  duplicatesFind: route({
    method: 'POST',
    url: `${base}/duplicates`,
    access,
    tag,
    summary: 'Look for copies and near-copies',
    schema: { params, response: { 202: JobShape } },
  }),
  duplicatesGet: route({
    method: 'GET',
    url: `${base}/duplicates`,
    access,
    tag,
    summary: 'Groups of copies found, contradictory labels first; null before they were looked for',
    schema: {
      params,
      response: {
        200: nullable(
          Type.Object({
            groups: Type.Array(
              Type.Object({
                tasks: TaskIds,
                measure: Type.String(),
                labels: Type.Record(Type.String(), TaskIds),
                open: TaskIds,
              }),
            ),
            total: Count,
            conflicts: Count,
          }),
        ),
      },
    },
  }),
  duplicatesKeepOne: route({
    method: 'POST',
    url: `${base}/duplicates/keep`,
    access,
    tag,
    summary: 'Skip all copies of a task but itself, as one run',
    schema: { params, body: Type.Object({ task: Id('task') }), response: { 202: JobShape } },
  }),
  spanSpread: route({
    method: 'POST',
    url: `${base}/spans`,
    access,
    tag,
    summary: 'Propose a labeled span wherever its words occur again, as one run of predictions',
    schema: {
      params,
      body: Type.Object({
        task: Id('task'),
        region: AnyObject,
        scope: Type.Union([Type.Literal('task'), Type.Literal('project')]),
        whole_words: Type.Optional(Type.Boolean()),
        fold_case: Type.Optional(Type.Boolean()),
        preview: Type.Optional(Type.Boolean({ description: 'Only count them and show some; writes nothing' })),
      }),
      response: { 202: JobShape },
    },
  }),
};

/** How a project learns: its training policy, its order, and what its model gets wrong. */
import { type Static, Type } from 'typebox';
import { Id, route } from './route.ts';
import { JobShape, nullable, ReasonShape, TaskShape } from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });

const TrainingPlanShape = Type.Object({
  would_train: Type.Boolean(),
  sentence: Type.String({ description: 'Why, or why not' }),
  rules: Type.Array(
    Type.Object({
      name: Type.Union([
        Type.Literal('annotations'),
        Type.Literal('verified'),
        Type.Literal('schedule'),
        Type.Literal('drift'),
      ]),
      met: Type.Boolean(),
      sentence: Type.String(),
    }),
    { description: 'Rules that are switched on; one that is met is enough' },
  ),
  obstacle: nullable(Type.String()),
  job: nullable(Type.Integer({ description: 'The training that waits or runs' })),
  labels: Type.Integer({ description: 'Labeled tasks' }),
});

const share = {
  n: Type.Integer(),
  correct: Type.Integer(),
  share: Type.Number(),
  low: Type.Number(),
  high: Type.Number(),
};

const measured = nullable(
  Type.Object(
    { value: Type.Number(), low: Type.Number(), high: Type.Number() },
    { description: 'With a 95 % interval' },
  ),
);

const ModelFiguresShape = Type.Object({
  version: nullable(Type.Integer({ description: 'Number of the serving version' })),
  of: Type.Union([Type.Literal('blind'), Type.Literal('all')]),
  n: Type.Integer(),
  needed: Type.Integer({ description: 'With fewer answers nothing below is given' }),
  labels: Type.Array(Type.String()),
  accuracy: nullable(Type.Object(share)),
  macro_f1: measured,
  calibration_error: measured,
  per_label: Type.Array(
    Type.Object({
      label: Type.String(),
      precision: nullable(Type.Object(share)),
      recall: nullable(Type.Object(share)),
    }),
  ),
  confusion: nullable(
    Type.Array(
      Type.Object({
        given: Type.Integer({ description: 'Index into `labels`: what people say' }),
        said: Type.Integer({ description: 'What the model says' }),
        n: Type.Integer(),
        tasks: Type.Array(Type.Integer(), { description: 'The first ones' }),
      }),
    ),
  ),
  calibration: Type.Array(Type.Object({ ...share, confidence: Type.Number() })),
});

const Strategy = Type.Object({
  name: Type.String(),
  summary: Type.String(),
  source: Type.String(),
  single_choice_only: Type.Boolean(),
  asked: nullable(
    Type.Union([Type.Literal('choices'), Type.Literal('tokens'), Type.Literal('boxes'), Type.Literal('numbers')], {
      description: 'What a project has to ask for; null: anything',
    }),
  ),
});

const Ranked = Type.Array(Type.Object({ task: TaskShape, reason: ReasonShape }));

const tag = 'Learning';

export const learningRoutes = {
  trainingPlan: route({
    method: 'GET',
    url: '/api/projects/:project_id/training',
    access: 'owner',
    tag,
    summary: 'Would a training start now, and why; starts nothing',
    schema: { params: projectId, response: { 200: TrainingPlanShape } },
  }),
  trainingAsk: route({
    method: 'POST',
    url: '/api/projects/:project_id/training',
    access: 'owner',
    tag,
    summary: 'For webhooks and timers: train if the policy says so; the plan tells why it did or did not',
    schema: {
      params: projectId,
      response: { 200: Type.Object({ plan: TrainingPlanShape, job: nullable(JobShape) }) },
    },
  }),
  modelFigures: route({
    method: 'GET',
    url: '/api/projects/:project_id/model-figures',
    access: 'owner',
    tag,
    summary:
      'Accuracy, macro F1, calibration, confusion and figures per label, on answers the serving version has not learned from',
    schema: {
      params: projectId,
      querystring: Type.Object({
        of: Type.Optional(
          Type.Union([Type.Literal('blind'), Type.Literal('all')], {
            description: 'The random slice (the default, a fair sample), or every answer',
          }),
        ),
      }),
      response: { 200: ModelFiguresShape },
    },
  }),
  strategyList: route({
    method: 'GET',
    url: '/api/strategies',
    access: 'owner',
    tag,
    summary: 'Query strategies that the queue can be ordered by',
    schema: { response: { 200: Type.Array(Strategy) } },
  }),
  queueCompare: route({
    method: 'GET',
    url: '/api/projects/:project_id/queue/compare',
    access: 'owner',
    tag,
    summary:
      'The head of the queue as it is and as another strategy, or a blend like `margin:2, random:1`, would put it',
    schema: {
      params: projectId,
      querystring: Type.Object({
        query_strategy: Type.String({ maxLength: 500 }),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      }),
      response: { 200: Type.Object({ before: Ranked, after: Ranked }) },
    },
  }),
};

export type ModelFiguresWire = Static<typeof ModelFiguresShape>;
export type TrainingPlanWire = Static<typeof TrainingPlanShape>;

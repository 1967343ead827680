/** How a project learns: its training policy, its order, and what its model gets wrong. */
import { type Static, Type } from 'typebox';
import { Id, route } from './route.ts';
import { JobShape, nullable } from './shapes.ts';

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
};

export type TrainingPlanWire = Static<typeof TrainingPlanShape>;

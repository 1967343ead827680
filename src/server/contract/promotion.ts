/** Promotion: machine labels become annotations by a named act that can be undone whole. */
import { Type } from 'typebox';
import { Id, route } from './route.ts';
import { JobShape } from './shapes.ts';

export const promotionRoutes = {
  promote: route({
    method: 'POST',
    url: '/api/projects/:project_id/promote',
    access: 'owner',
    tag: 'Runs',
    summary: 'Turn the labels of a run, or the suggestions over all votes, into annotations under a run of their own',
    schema: {
      params: Type.Object({ project_id: Id('project') }),
      body: Type.Object({
        name: Type.String({ description: 'Why these labels are good enough; shown in the list of runs' }),
        run: Type.Optional(Id('run')),
        min_score: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 1,
            description: 'Labels below this probability, or without one, stay out',
          }),
        ),
      }),
      response: { 202: JobShape },
    },
  }),
};

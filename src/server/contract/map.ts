/** The map of a project's embeddings, and putting what was chosen on it first in the queue. */
import { Type } from 'typebox';
import { Id, route } from './route.ts';
import { JobShape, nullable } from './shapes.ts';

const params = Type.Object({ project_id: Id('project') });
const tag = 'Learning';
const access = 'owner';

const column = (description: string) => Type.String({ description: `${description}, little-endian, in base64` });

const MapShape = Type.Object({
  drawn: Type.String({ description: 'Changes when the map is drawn anew' }),
  embedder: Type.String(),
  n: Type.Integer(),
  unplaced: Type.Integer({ description: 'Embedded tasks without a place yet' }),
  labels: Type.Array(Type.String()),
  tasks: column('Ids as unsigned 32-bit integers'),
  xy: column('Places as pairs of 32-bit floats'),
  given: column('What people answered, 16-bit indices into `labels`, -1 for nothing'),
  suggested: column('What is suggested, 16-bit indices into `labels`, -1 for nothing'),
  unsure: column('1 - score of the suggestion as bytes of 0..254, 255 where it has no number'),
});

export const mapRoutes = {
  mapDraw: route({
    method: 'POST',
    url: '/api/projects/:project_id/map',
    access,
    tag,
    summary: 'Draw the map of the embeddings, or place new tasks beside the others',
    schema: {
      params,
      body: Type.Object({ anew: Type.Optional(Type.Boolean({ description: 'Forget the places there are' })) }),
      response: { 202: JobShape },
    },
  }),
  mapGet: route({
    method: 'GET',
    url: '/api/projects/:project_id/map',
    access,
    tag,
    summary: 'The map in columns: places, answers, suggestions; null before it was drawn',
    schema: { params, response: { 200: nullable(MapShape) } },
  }),
  queueFirst: route({
    method: 'POST',
    url: '/api/projects/:project_id/queue/first',
    access,
    tag,
    summary: 'Put these tasks before all others; answered ones are left out',
    schema: {
      params,
      body: Type.Object({
        tasks: Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 10_000 }),
      }),
      response: { 200: Type.Object({ queued: Type.Integer() }) },
    },
  }),
};

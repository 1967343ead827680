/** Connections to Label Studio, and trainers elsewhere. The ML-backend protocol itself is Label Studio's: `studio/protocol.ts`. */
import { type Static, Type } from 'typebox';
import { Id, route } from './route.ts';
import { Empty, JobShape, nullable, Time } from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const connectionId = Type.Object({ connection_id: Id('connection') });
const studio = 'Label Studio';

const settings = {
  deadline_ms: Type.Integer({ description: 'A `predict` call is answered by then', minimum: 1 }),
  scores: Type.Union([Type.Literal('confidence'), Type.Literal('order')], {
    description: 'What the score of a prediction is: how sure it is, or the place of its task in the queue',
  }),
  follow: Type.Boolean({ description: 'Send new predictions after each training' }),
  order_field: nullable(Type.String({ description: "Data field for the queue's order; null: headstart_order" })),
};

const SettingsChange = Type.Partial(Type.Object(settings), { additionalProperties: false });

const Address = Type.String({ minLength: 1, maxLength: 2_000 });
const Secret = Type.String({ minLength: 1, maxLength: 10_000 });
const StudioProject = Type.Integer({ minimum: 1, description: 'Number of the project in Label Studio' });

export const ConnectionShape = Type.Object({
  id: Type.Integer(),
  project: Type.Integer(),
  url: nullable(Type.String()),
  studio_project: nullable(Type.Integer()),
  has_token: Type.Boolean(),
  offered_url: nullable(
    Type.String({ description: 'What Label Studio calls itself; never called before you accept it' }),
  ),
  settings: Type.Object(settings),
  model_version: Type.String(),
  waiting: Type.Array(
    Type.Object({ id: Type.Integer(), attempts: Type.Integer(), error: nullable(Type.String()), received_at: Time }),
    { description: 'Events that have not taken effect' },
  ),
  created_at: Time,
});

const ConnectionWithAddress = Type.Object({
  ...ConnectionShape.properties,
  backend_url: Type.String({ description: 'To paste into Label Studio; shown once' }),
});

const FindingShape = Type.Object({ part: Type.String(), ok: Type.Boolean(), sentence: Type.String() });

const counted = Type.Union([Type.Literal('annotations'), Type.Literal('verified')]);

export const TrainerShape = Type.Object({
  project: Type.Integer(),
  url: Type.String(),
  every: Type.Integer(),
  counts: counted,
  called_at: Type.Integer({ description: 'The count at the last call' }),
});

export const studioRoutes = {
  connectionList: route({
    method: 'GET',
    url: '/api/projects/:project_id/studio',
    access: 'owner',
    tag: studio,
    summary: 'Connections of a project to Label Studio',
    schema: { params: projectId, response: { 200: Type.Array(ConnectionShape) } },
  }),
  connectionCreate: route({
    method: 'POST',
    url: '/api/projects/:project_id/studio',
    access: 'owner',
    tag: studio,
    summary: 'Connect a project; the reply holds the address to paste into Label Studio',
    schema: {
      params: projectId,
      body: Type.Object({
        url: Type.Optional(Address),
        token: Type.Optional(Secret),
        studio_project: Type.Optional(StudioProject),
        settings: Type.Optional(SettingsChange),
      }),
      response: { 201: ConnectionWithAddress },
    },
  }),
  studioConnect: route({
    method: 'POST',
    url: '/api/studio/connect',
    access: 'installation',
    tag: studio,
    summary: 'Make a project from a Label Studio project, and connect it',
    schema: {
      body: Type.Object({
        url: Address,
        token: Secret,
        studio_project: StudioProject,
        settings: Type.Optional(SettingsChange),
      }),
      response: { 201: ConnectionWithAddress },
    },
  }),
  connectionGet: route({
    method: 'GET',
    url: '/api/studio/:connection_id',
    access: 'owner',
    tag: studio,
    summary: 'One connection',
    schema: { params: connectionId, response: { 200: ConnectionShape } },
  }),
  connectionUpdate: route({
    method: 'PATCH',
    url: '/api/studio/:connection_id',
    access: 'owner',
    tag: studio,
    summary: 'Change address, token or settings, or accept the address that Label Studio gave',
    schema: {
      params: connectionId,
      body: Type.Object({
        url: Type.Optional(nullable(Address)),
        token: Type.Optional(nullable(Secret)),
        studio_project: Type.Optional(nullable(StudioProject)),
        settings: Type.Optional(SettingsChange),
        accept_offer: Type.Optional(Type.Boolean()),
      }),
      response: { 200: ConnectionShape },
    },
  }),
  connectionDelete: route({
    method: 'DELETE',
    url: '/api/studio/:connection_id',
    access: 'owner',
    tag: studio,
    summary: 'Forget a connection; tasks and annotations stay',
    schema: { params: connectionId, response: { 204: Empty } },
  }),
  connectionRenew: route({
    method: 'POST',
    url: '/api/studio/:connection_id/renew',
    access: 'owner',
    tag: studio,
    summary: 'A new address; the old one stops working at once',
    schema: { params: connectionId, response: { 200: ConnectionWithAddress } },
  }),
  connectionSync: route({
    method: 'POST',
    url: '/api/studio/:connection_id/sync',
    access: 'owner',
    tag: studio,
    summary: 'Keep both sides in step: tasks, annotations, predictions, the order; a dry run only counts',
    schema: {
      params: connectionId,
      body: Type.Object({
        dry_run: Type.Optional(Type.Boolean()),
        direction: Type.Optional(
          Type.Union([Type.Literal('pull'), Type.Literal('push'), Type.Literal('both')], {
            description: '`pull` (default) brings tasks and annotations here, `push` sends annotations made here there',
          }),
        ),
        predictions: Type.Optional(Type.Boolean({ description: 'Send suggestions as predictions; default true' })),
        order: Type.Optional(Type.Boolean({ description: "Write the queue's order into a field of each task there" })),
      }),
      response: { 200: JobShape },
    },
  }),
  connectionDoctor: route({
    method: 'GET',
    url: '/api/studio/:connection_id/doctor',
    access: 'owner',
    tag: studio,
    summary: 'What is wrong with a connected project, one sentence each, with what to do',
    schema: { params: connectionId, response: { 200: Type.Array(FindingShape) } },
  }),
  trainerGet: route({
    method: 'GET',
    url: '/api/projects/:project_id/trainer',
    access: 'owner',
    tag: studio,
    summary: 'Who is told when there is enough to train on elsewhere',
    schema: { params: projectId, response: { 200: Type.Object({ trainer: nullable(TrainerShape) }) } },
  }),
  trainerSet: route({
    method: 'POST',
    url: '/api/projects/:project_id/trainer',
    access: 'owner',
    tag: studio,
    summary: 'Call an address, signed, after so many new annotations; the secret is shown once',
    schema: {
      params: projectId,
      body: Type.Object({
        url: Address,
        every: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        counts: Type.Optional(counted),
      }),
      response: { 201: Type.Object({ ...TrainerShape.properties, secret: Type.String() }) },
    },
  }),
  trainerDelete: route({
    method: 'DELETE',
    url: '/api/projects/:project_id/trainer',
    access: 'owner',
    tag: studio,
    summary: 'Call nobody any more',
    schema: { params: projectId, response: { 204: Empty } },
  }),
};

export type ConnectionWire = Static<typeof ConnectionShape>;
export type TrainerWire = Static<typeof TrainerShape>;

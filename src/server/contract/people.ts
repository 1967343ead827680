/** Who is there: the caller, annotators, tokens; and what is running. */
import { Type } from 'typebox';
import { Id, NullableId, route } from './route.ts';
import { Empty, nullable, TokenShape } from './shapes.ts';

const projectId = Type.Object({ project_id: Id('project') });
const people = 'People';
const system = 'System';

/** Parts of Label Studio that its clients look for in the versions; here they have none. */
export const COMPONENTS = [
  'label-studio-os-package',
  'label-studio-os-backend',
  'label-studio-frontend',
  'label-studio-converter',
  'backend',
  'dm2',
  'lsf',
] as const;

/** With what clients of Label Studio insist on, whether or not there is such a thing here. */
export const UserShape = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  email: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  initials: Type.String(),
  phone: Type.String(),
  avatar: Type.Null(),
  active_organization: Type.Integer(),
  last_activity: Type.String({ description: 'Since when there is a token' }),
  date_joined: Type.String(),
});

export const peopleRoutes = {
  whoami: route({
    method: 'GET',
    url: '/api/current-user/whoami',
    access: 'annotator',
    labelStudio: true,
    tag: people,
    summary: 'The caller',
    schema: {
      response: {
        200: Type.Object({
          ...UserShape.properties,
          role: TokenShape.properties.role,
          project: nullable(Type.Integer({ description: 'The only project this caller may touch' })),
        }),
      },
    },
  }),
  annotators: route({
    method: 'GET',
    url: '/api/projects/:project_id/annotators',
    access: 'owner',
    tag: people,
    summary: 'Annotators of a project with counts and speed',
    schema: {
      params: projectId,
      response: {
        200: Type.Array(
          Type.Object({
            id: Type.Integer(),
            name: Type.String(),
            annotations: Type.Integer(),
            skipped: Type.Integer(),
            median_visible_ms: nullable(Type.Number()),
          }),
        ),
      },
    },
  }),
  tokenList: route({
    method: 'GET',
    url: '/api/tokens',
    access: 'owner',
    tag: people,
    summary: 'Tokens, without their secrets',
    schema: { response: { 200: Type.Array(TokenShape) } },
  }),
  tokenCreate: route({
    method: 'POST',
    url: '/api/tokens',
    access: 'owner',
    tag: people,
    summary: 'Make a token; its secret is in this reply and never again',
    schema: {
      body: Type.Object({
        name: Type.String({ minLength: 1, maxLength: 100 }),
        role: Type.Optional(TokenShape.properties.role),
        project: Type.Optional(NullableId('project')),
      }),
      response: { 201: Type.Object({ ...TokenShape.properties, secret: Type.String() }) },
    },
  }),
  tokenRevoke: route({
    method: 'DELETE',
    url: '/api/tokens/:token_id',
    access: 'owner',
    tag: people,
    summary: 'Revoke a token at once',
    schema: { params: Type.Object({ token_id: Id('token') }), response: { 204: Empty } },
  }),
  inviteAccept: route({
    method: 'POST',
    url: '/api/invites/accept',
    access: 'invite',
    tag: people,
    summary: 'Called with the token of an invite link: a token of their own for whoever opened it',
    schema: {
      body: Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) }),
      response: {
        201: Type.Object({ id: Type.Integer(), secret: Type.String(), name: Type.String(), project: Type.Integer() }),
      },
    },
  }),
  version: route({
    method: 'GET',
    url: '/api/version',
    access: 'annotator',
    labelStudio: true,
    tag: system,
    summary: 'What is running',
    schema: {
      response: {
        200: Type.Object({
          release: Type.String(),
          product: Type.String(),
          edition: Type.Literal('Community', {
            description: 'What clients of Label Studio call a server like this one',
          }),
          ...Object.fromEntries(COMPONENTS.map((name) => [name, Type.Object({})])),
        }),
      },
    },
  }),
  health: route({
    method: 'GET',
    url: '/health',
    access: 'public',
    tag: system,
    summary: 'Is the server up? Answers whatever the workers do',
    schema: { response: { 200: Type.Object({ status: Type.Literal('UP') }) } },
  }),
  events: route({
    method: 'GET',
    url: '/api/events',
    access: 'annotator',
    tag: system,
    summary: 'Progress of jobs as server-sent events, resumable by Last-Event-ID',
    schema: {
      querystring: Type.Object({ project: Type.Optional(Id('project')) }),
      response: { 200: Type.Null({ description: 'text/event-stream; each `job` event holds a job' }) },
    },
  }),
};

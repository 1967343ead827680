/** Label Studio's Data Manager for scripts: views, and acts on chosen tasks. */
import { Type } from 'typebox';
import { Id, route, ViewId } from './route.ts';
import { AnyObject, Empty } from './shapes.ts';

const tag = "Label Studio's scripts";
const viewId = Type.Object({ view_id: Id('view') });
const ids = Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 100_000 });

const ViewShape = Type.Object({
  id: Type.Integer(),
  project: Type.Integer(),
  user: Type.Null(),
  order: Type.Integer(),
  data: AnyObject,
});

const ActionShape = Type.Object({
  id: Type.Literal('delete_tasks'),
  title: Type.String(),
  order: Type.Integer(),
  permission: Type.String(),
});

export const dataManagerRoutes = {
  viewList: route({
    method: 'GET',
    url: '/api/dm/views',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Views of a project: choices of tasks that scripts keep',
    schema: { querystring: Type.Object({ project: Id('project') }), response: { 200: Type.Array(ViewShape) } },
  }),
  viewCreate: route({
    method: 'POST',
    url: '/api/dm/views',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Keep a choice: `data` holds `filters`, `ordering` and what else the client wants back',
    schema: {
      body: Type.Object({ project: Id('project'), data: Type.Optional(AnyObject) }),
      response: { 201: ViewShape },
    },
  }),
  viewGet: route({
    method: 'GET',
    url: '/api/dm/views/:view_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'One view',
    schema: { params: viewId, response: { 200: ViewShape } },
  }),
  viewUpdate: route({
    method: 'PATCH',
    url: '/api/dm/views/:view_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Change a view: `data` replaces what was there',
    schema: {
      params: viewId,
      body: Type.Object({ project: Type.Optional(Id('project')), data: Type.Optional(AnyObject) }),
      response: { 200: ViewShape },
    },
  }),
  viewDelete: route({
    method: 'DELETE',
    url: '/api/dm/views/:view_id',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete a view; its tasks stay',
    schema: { params: viewId, response: { 204: Empty } },
  }),
  viewsReset: route({
    method: 'DELETE',
    url: '/api/dm/views/reset',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Delete all views of a project, which the address or the body names',
    schema: {
      querystring: Type.Object({ project: Type.Optional(Id('project')) }),
      body: Type.Object({ project: Type.Optional(Id('project')) }),
      response: { 204: Empty },
    },
  }),
  actionList: route({
    method: 'GET',
    url: '/api/dm/actions',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'Acts that can be done on tasks',
    schema: { querystring: Type.Object({ project: Id('project') }), response: { 200: Type.Array(ActionShape) } },
  }),
  dataManagerAction: route({
    method: 'POST',
    url: '/api/dm/actions',
    access: 'owner',
    labelStudio: true,
    tag,
    summary: 'An act on the chosen tasks: `delete_tasks`',
    schema: {
      querystring: Type.Object({
        id: Type.Optional(Type.Literal('delete_tasks')),
        project: Id('project'),
        view: Type.Optional(ViewId()),
      }),
      body: Type.Object({
        id: Type.Optional(Type.Literal('delete_tasks')),
        filters: Type.Optional(AnyObject),
        ordering: Type.Optional(Type.Array(Type.String())),
        selectedItems: Type.Object({
          all: Type.Boolean(),
          included: Type.Optional(ids),
          excluded: Type.Optional(ids),
        }),
      }),
      response: {
        200: Type.Object({ processed_items: Type.Integer(), reload: Type.Boolean(), detail: Type.String() }),
      },
    },
  }),
};

/** Models as a service: the JSON routes of the Open Inference Protocol, version 2, and figures for Prometheus. */
import { Type } from 'typebox';
import { CommonName, route } from './route.ts';

const tag = 'Inference';

const name = { model_name: CommonName('Name of a model') };
const version = { model_version: CommonName('Version of the model') };

const Ready = Type.Object({ ready: Type.Boolean() });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() });
const Live = Type.Object({ live: Type.Boolean() });

const TensorMeta = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer({ description: '-1: varies' })),
});

const ModelMeta = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(TensorMeta),
  outputs: Type.Array(TensorMeta),
});

/** As many as 32 tasks a request, and some more; files are larger than texts. */
const ITEMS_MAX = 1_024;
const ITEM_CHARS_MAX = 14_000_000;

/** None of our models takes two; so many may be sent to be told so. */
const INPUTS_MAX = 20;
const Item = Type.String({ maxLength: ITEM_CHARS_MAX });

const InferRequest = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 200 })),
  inputs: Type.Array(
    Type.Object({
      name: Type.String({ maxLength: 200 }),
      shape: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 2, description: '[n] or [n, 1]' }),
      datatype: Type.Literal('BYTES'),
      data: Type.Optional(
        Type.Array(Type.Union([Item, Type.Array(Item, { minItems: 1, maxItems: 1 })]), {
          minItems: 1,
          maxItems: ITEMS_MAX,
          description: 'Texts; files of pictures and sounds as base64; flat, or as [n, 1] each in a list of its own',
        }),
      ),
    }),
    { minItems: 1, maxItems: INPUTS_MAX, description: 'The one input of the model' },
  ),
  outputs: Type.Optional(Type.Array(Type.Object({ name: Type.String({ maxLength: 200 }) }), { maxItems: 20 })),
});

const InferReply = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  outputs: Type.Array(
    Type.Object({
      name: Type.String(),
      datatype: Type.String(),
      shape: Type.Array(Type.Integer()),
      data: Type.Array(Type.Number()),
    }),
  ),
});

export const servingRoutes = {
  serverMetadata: route({
    method: 'GET',
    url: '/v2',
    access: 'owner',
    tag,
    summary: 'What is running, in the words of the Open Inference Protocol',
    schema: {
      response: {
        200: Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) }),
      },
    },
  }),
  serverLive: route({
    method: 'GET',
    url: '/v2/health/live',
    access: 'public',
    tag,
    summary: 'Is the server up?',
    schema: { response: { 200: Live } },
  }),
  serverReady: route({
    method: 'GET',
    url: '/v2/health/ready',
    access: 'public',
    tag,
    summary: 'May work be sent? 503 until a warm-up run of the standard embedder went well; asking starts that run',
    schema: { response: { 200: Ready, 503: Ready } },
  }),
  servedModel: route({
    method: 'GET',
    url: '/v2/models/:model_name',
    access: 'owner',
    tag,
    summary: 'What goes into a model and what comes out',
    schema: { params: Type.Object(name), response: { 200: ModelMeta } },
  }),
  servedVersion: route({
    method: 'GET',
    url: '/v2/models/:model_name/versions/:model_version',
    access: 'owner',
    tag,
    summary: 'The same of one version',
    schema: { params: Type.Object({ ...name, ...version }), response: { 200: ModelMeta } },
  }),
  servedModelReady: route({
    method: 'GET',
    url: '/v2/models/:model_name/ready',
    access: 'owner',
    tag,
    summary: 'Has the model answered a warm-up run? 503 until then; asking starts it',
    schema: { params: Type.Object(name), response: { 200: ModelReady, 503: ModelReady } },
  }),
  servedVersionReady: route({
    method: 'GET',
    url: '/v2/models/:model_name/versions/:model_version/ready',
    access: 'owner',
    tag,
    summary: 'The same of one version',
    schema: { params: Type.Object({ ...name, ...version }), response: { 200: ModelReady, 503: ModelReady } },
  }),
  infer: route({
    method: 'POST',
    url: '/v2/models/:model_name/infer',
    access: 'owner',
    tag,
    summary: 'Run a model on texts or files; all answers or none',
    schema: { params: Type.Object(name), body: InferRequest, response: { 200: InferReply } },
  }),
  inferVersion: route({
    method: 'POST',
    url: '/v2/models/:model_name/versions/:model_version/infer',
    access: 'owner',
    tag,
    summary: 'The same with one version',
    schema: { params: Type.Object({ ...name, ...version }), body: InferRequest, response: { 200: InferReply } },
  }),
  metrics: route({
    method: 'GET',
    url: '/metrics',
    access: 'installation',
    tag,
    summary: 'Batches, queues, hosts and memory, for Prometheus',
    schema: { response: { 200: Type.String({ description: 'text/plain; version=0.0.4' }) } },
  }),
};

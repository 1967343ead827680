/** Models as a service: the Open Inference Protocol in front, plain items and tensors behind. */
import type { FastifyReply } from 'fastify';
import type { App } from '../../app/app.ts';
import type {
  InferenceItem,
  InferenceResult,
  ModelInfo,
  ModelName,
  OutputSpec,
} from '../../app/library/serving-api.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import type { Body, Reply } from '../contract/index.ts';
import type { servingRoutes } from '../contract/serving.ts';
import { PRODUCT_VERSION } from '../version.ts';

interface Address {
  readonly model_name: string;
  readonly model_version?: string;
}

export function servingHandlers({ serving }: App): Handlers<keyof typeof servingRoutes> {
  const describe = async ({ params }: { readonly params: Address }) => metadata(serving.model(nameOf(params)));
  const readiness = async ({ params, reply }: { readonly params: Address; readonly reply: FastifyReply }) => ({
    name: params.model_name,
    ...readyReply(serving.modelReady(nameOf(params)), reply),
  });
  const infer = async ({ params, body }: { readonly params: Address; readonly body: Body<'infer'> }) => {
    const model = nameOf(params);
    const info = serving.model(model);
    const known = outputsOf(info).map(({ name }) => name);
    const wanted = body.outputs?.map(({ name }) => name) ?? known;
    for (const name of wanted) if (!known.includes(name)) throw noOutput(info, name, known);
    const result = await serving.infer(model, itemsOf(info, body));
    return inferReply(info, result, wanted, body.id);
  };
  return {
    serverMetadata: async () => ({ name: 'headstart', version: PRODUCT_VERSION, extensions: [] }),
    serverLive: async () => ({ live: true }),
    serverReady: async ({ reply }) => readyReply(serving.ready(), reply),
    servedModel: describe,
    servedVersion: describe,
    servedModelReady: readiness,
    servedVersionReady: readiness,
    infer,
    inferVersion: infer,
    async metrics({ reply }) {
      reply.type('text/plain; version=0.0.4; charset=utf-8');
      return serving.metrics();
    },
  };
}

function nameOf({ model_name: name, model_version: version }: Address): ModelName {
  return version === undefined ? { name } : { name, version };
}

function readyReply(ready: boolean, reply: FastifyReply): { ready: boolean } {
  if (!ready) reply.code(503).header('retry-after', '1');
  return { ready };
}

/** Records of a ragged output come as one tensor, and where each item's begin as another. */
const offsetsOf = (name: string): string => `${name}_offsets`;

function metadata(info: ModelInfo): Reply<'servedModel'> {
  const { name, version, runtime, input } = info;
  const inputs = [{ name: input, datatype: 'BYTES', shape: [-1] }];
  return { name, versions: [version], platform: `headstart_${runtime}`, inputs, outputs: outputsOf(info) };
}

function outputsOf({ outputs }: ModelInfo): Reply<'servedModel'>['outputs'] {
  return Object.entries(outputs).flatMap(([name, spec]) => {
    const tensor = { name, datatype: 'FP32', shape: [-1, widthOf(spec)] };
    return 'dim' in spec ? [tensor] : [tensor, { name: offsetsOf(name), datatype: 'UINT32', shape: [-1] }];
  });
}

function widthOf(spec: OutputSpec): number {
  return 'dim' in spec ? spec.dim : spec.fields.length;
}

function itemsOf(info: ModelInfo, { inputs }: Body<'infer'>): InferenceItem[] {
  const { data, shape } = onlyInput(info, inputs);
  if (shape.reduce((product, length) => product * length, 1) !== data.length) {
    throw new AppError('INPUT_BAD_FIELD', `The shape [${shape}] does not fit ${data.length} items.`, {
      details: { field: 'inputs.0.shape' },
    });
  }
  if (info.input === 'text') return data.map((text) => ({ text }));
  return data.map((file, i) => {
    if (/[^A-Za-z0-9+/=_-]/.test(file)) {
      throw new AppError('INPUT_BAD_FIELD', `Item ${i} is not base64.`, { details: { field: `inputs.0.data.${i}` } });
    }
    return { bytes: Buffer.from(file, 'base64') };
  });
}

function onlyInput({ name: model, input }: ModelInfo, [first, ...more]: Body<'infer'>['inputs']) {
  const wrong = (field: string, message: string) => new AppError('INPUT_BAD_FIELD', message, { details: { field } });
  const { name, shape, data } = first!;
  if (more.length > 0 || name !== input) {
    throw wrong('inputs', `Model '${model}' takes one input, which is called '${input}'.`);
  }
  if (data === undefined) throw wrong('inputs.0.data', 'Binary tensors are not taken; send `data` in the JSON.');
  return { shape, data: data.flat() };
}

function noOutput(info: ModelInfo, name: string, known: readonly string[]): AppError {
  const message = `Model '${info.name}' has no output '${name}'; it has: ${known.join(', ')}.`;
  return new AppError('INPUT_BAD_FIELD', message, {
    details: { field: 'outputs' },
  });
}

function inferReply(
  info: ModelInfo,
  result: InferenceResult,
  wanted: readonly string[],
  id: string | undefined,
): Reply<'infer'> {
  const outputs = Object.entries(result.outputs).flatMap(([name, { data, width, offsets }]) => {
    const rows = { name, datatype: 'FP32', shape: [data.length / width, width], data: Array.from(data) };
    if (!offsets) return [rows];
    const places = { datatype: 'UINT32', shape: [offsets.length], data: Array.from(offsets) };
    return [rows, { name: offsetsOf(name), ...places }];
  });
  return {
    ...{ model_name: info.name, model_version: info.version, ...(id === undefined ? {} : { id }) },
    outputs: wanted.map((name) => outputs.find((one) => one.name === name)!),
  };
}

/** What goes into a TF.js model that looks at pictures and what comes out, read from `model.json` without TF.js. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { OnnxSignature, OnnxValue } from './onnx-signature.ts';
import { isLayersModel, type ModelJson } from './tfjs-files.ts';

/**
 * As the signature of the same model in ONNX: pictures as (n x 3 x height x width), although TF.js has colours last.
 * Throws BACKEND_LOAD where the file does not say enough.
 */
export function readTfjsSignature(json: ModelJson): OnnxSignature {
  const topology = json.modelTopology as JsonObject;
  const read = isLayersModel(json) ? layersSignature(topology) : graphSignature(json);
  const inputs = read.inputs.map((one) => ({ ...one, shape: coloursFirst(one.shape) }));
  return { inputs, outputs: read.outputs, operatorSet: 0, endings: new Map(), scaled: new Set() };
}

type Ends = Pick<OnnxSignature, 'inputs' | 'outputs'>;

function coloursFirst(shape: OnnxValue['shape']): OnnxValue['shape'] {
  if (shape?.length !== 4) return shape;
  const [items, height, width, colours] = shape as [number | null, number | null, number | null, number | null];
  return [items, colours, height, width];
}

/** Layers in a row, or any graph of layers that names its first and last ones. */
function layersSignature(topology: JsonObject): Ends {
  const model = isJsonObject(topology.model_config) ? topology.model_config : topology;
  const config = isJsonObject(model.config) ? model.config : {};
  const layers = (Array.isArray(config.layers) ? config.layers : []).filter(isJsonObject);
  const named = (end: Json | undefined): JsonObject | undefined => {
    const name = Array.isArray(end) && Array.isArray(end[0]) ? end[0][0] : undefined;
    return layers.find((layer) => configOf(layer).name === name);
  };
  const first = named(config.input_layers) ?? layers[0];
  const last = named(config.output_layers) ?? layers.at(-1);
  const shape = first && configOf(first).batch_input_shape;
  if (!first || !last || !Array.isArray(shape)) throw unclear('its first layer gives no batch_input_shape');
  const { units } = configOf(last);
  if (typeof units !== 'number') throw unclear('its last layer gives no number of units');
  const suffix = first.class_name === 'InputLayer' ? '' : '_input';
  const input = { name: `${String(configOf(first).name)}${suffix}`, type: 'float32', shape: lengths(shape) };
  return { inputs: [input], outputs: [{ name: String(configOf(last).name), type: 'float32', shape: [null, units] }] };
}

function configOf(layer: JsonObject): JsonObject {
  return isJsonObject(layer.config) ? layer.config : {};
}

const TYPES: Readonly<Record<string, string>> = { DT_FLOAT: 'float32', DT_INT32: 'int32' };

function graphSignature({ signature, userDefinedMetadata }: ModelJson): Ends {
  const given = (signature ?? userDefinedMetadata?.signature ?? {}) as JsonObject;
  const read = (values: Json | undefined): OnnxValue[] =>
    Object.entries(isJsonObject(values) ? values : {}).map(([key, value]) => {
      const { name = key, dtype, tensorShape } = isJsonObject(value) ? value : {};
      const dims = isJsonObject(tensorShape) && Array.isArray(tensorShape.dim) ? tensorShape.dim : null;
      const sizes = dims?.map((dim) => (isJsonObject(dim) ? Number(dim.size) : Number.NaN));
      return {
        name: String(name).replace(/:0$/, ''),
        type: TYPES[String(dtype)] ?? String(dtype),
        shape: sizes ? lengths(sizes) : null,
      };
    });
  const ends = { inputs: read(given.inputs), outputs: read(given.outputs) };
  if (ends.inputs.length === 0 || ends.outputs.length === 0) throw unclear('it has no signature of inputs and outputs');
  return ends;
}

function lengths(shape: readonly Json[]): (number | null)[] {
  return shape.map((one) => (typeof one === 'number' && one > 0 ? one : null));
}

function unclear(why: string): AppError {
  return new AppError('BACKEND_LOAD', `model.json does not say what the model takes: ${why}.`);
}

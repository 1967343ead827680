/** TF.js inside a host: chooses the fastest device that works here and loads models from checked bytes. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { AppError } from '../core/errors.ts';
import type { Graph, GraphArray, GraphArrays, GraphValue } from './graph.ts';
import type { ModelFiles } from './registry.ts';
import { isLayersModel, type ModelJson, readModelJson, readShards } from './tfjs-files.ts';

let device: Promise<string> | undefined;

/** Sets TF.js up once per process: the native library when it is installed and loads, else WebAssembly with SIMD. */
export function tfjsDevice(): Promise<string> {
  device ??= start();
  return device;
}

/** Name in a variable: the package is not installed on machines where its library cannot be had. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node';

async function start(): Promise<string> {
  try {
    createRequire(import.meta.url).resolve(NATIVE_PACKAGE);
  } catch {
    return startWasm();
  }
  try {
    await import(NATIVE_PACKAGE);
    if (await tf.setBackend('tensorflow')) return 'tfjs-node';
    return `${await startWasm()}, although ${NATIVE_PACKAGE} is installed: it does not start`;
  } catch (error) {
    return `${await startWasm()}, although ${NATIVE_PACKAGE} is installed: ${firstLine(error)}`;
  }
}

/** The rest is a stack, or a page of advice for building it. */
function firstLine(error: unknown): string {
  return String(error).split('\n', 1)[0]!.slice(0, REASON_CHARS_MAX);
}

const REASON_CHARS_MAX = 300;

async function startWasm(): Promise<string> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm');
  setWasmPaths(`${dirname(file)}/`);
  if (!(await tf.setBackend('wasm'))) {
    throw new AppError('BACKEND_LOAD', 'TF.js could not start its WebAssembly backend; `headstart doctor` says more.');
  }
  return 'wasm';
}

function artifactsOf(files: ModelFiles, json: ModelJson): tf.io.IOHandler {
  const { modelTopology, signature, userDefinedMetadata } = json;
  return tf.io.fromMemory({
    modelTopology,
    ...(signature ? { signature } : {}),
    ...(userDefinedMetadata ? { userDefinedMetadata } : {}),
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights) as tf.io.WeightsManifestEntry[],
    weightData: readShards(files, json).map((shard) => shard.buffer),
  });
}

/** A model of either kind as a graph of any engine. `file` is its `model.json`. Throws BACKEND_LOAD. */
export async function openTfjsGraph(files: ModelFiles, file: string): Promise<Graph> {
  const device = await tfjsDevice();
  const json = readModelJson(files, file);
  try {
    return isLayersModel(json) ? await openLayers(files, json, device) : await openGraph(files, json, device);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('BACKEND_LOAD', `TF.js refused the model: ${reason}`, { cause: error });
  }
}

async function openGraph(files: ModelFiles, json: ModelJson, device: string): Promise<Graph> {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  const model = await loadGraphModel(artifactsOf(files, json));
  const outputs = model.outputs.map(({ name, dtype, shape }) => graphValue(name, dtype, shape));
  const names = outputs.map((one) => one.name);
  // Loops and outputs of unforeseen length need the slower way; the model itself says so, once.
  let dynamic = false;
  const execute = async (inputs: tf.NamedTensorMap): Promise<tf.Tensor | tf.Tensor[]> => {
    if (!dynamic) {
      try {
        return model.execute(inputs, names);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('executeAsync')) throw error;
        dynamic = true;
      }
    }
    return model.executeAsync(inputs, names);
  };
  return {
    device,
    inputs: model.inputs.map(({ name, dtype, shape }) => graphValue(name, dtype, shape)),
    outputs,
    run: (inputs) => runTensors(inputs, names, execute),
    release: () => model.dispose(),
  };
}

async function openLayers(files: ModelFiles, json: ModelJson, device: string): Promise<Graph> {
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
  const model = await loadLayersModel(artifactsOf(files, json));
  // Sequential models leave `inputNames` empty; the layers have the names that functional models show there.
  const inputs = model.inputs.map(({ sourceLayer, dtype, shape }) => graphValue(sourceLayer.name, dtype, shape));
  const outputs = model.outputs.map(({ sourceLayer, dtype, shape }) => graphValue(sourceLayer.name, dtype, shape));
  const names = outputs.map((one) => one.name);
  return {
    device,
    inputs,
    outputs,
    run: (arrays) =>
      runTensors(arrays, names, async (tensors) => model.predict(inputs.map(({ name }) => tensors[name]!))),
    release: () => void model.dispose(),
  };
}

/** Every tensor made here is disposed of, also when the model throws. */
async function runTensors(
  inputs: GraphArrays,
  names: readonly string[],
  execute: (tensors: tf.NamedTensorMap) => Promise<tf.Tensor | tf.Tensor[]>,
): Promise<GraphArrays> {
  const given = Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, tensorOf(array)]));
  let answers: readonly tf.Tensor[] = [];
  try {
    answers = [await execute(given)].flat();
    const arrays = await Promise.all(answers.map(arrayOf));
    return Object.fromEntries(arrays.map((array, i) => [names[i]!, array]));
  } finally {
    tf.dispose([...Object.values(given), ...answers]);
  }
}

function tensorOf({ data, shape }: GraphArray): tf.Tensor {
  if (data instanceof BigInt64Array) return tf.tensor(Int32Array.from(data, Number), [...shape], 'int32');
  return tf.tensor(data, [...shape], data instanceof Float32Array ? 'float32' : 'int32');
}

async function arrayOf(tensor: tf.Tensor): Promise<GraphArray> {
  return { data: await tensor.data(), shape: tensor.shape };
}

function graphValue(
  name: string,
  dtype: string | undefined,
  shape: readonly (number | null)[] | undefined,
): GraphValue {
  const lengths = (shape ?? []).map((one) => (one === null || one < 0 ? null : one));
  return { name, type: dtype ?? 'float32', shape: lengths };
}

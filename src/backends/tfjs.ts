/** TF.js inside a host: chooses the fastest device that works here and loads graph models from checked bytes. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { AppError } from '../core/errors.ts';

export { tf };

let device: Promise<string> | undefined;

/** Sets TF.js up once per process: the native library when it is installed and loads, else WebAssembly with SIMD. */
export function tfjsDevice(): Promise<string> {
  device ??= startNative().then((started) => started ?? startWasm());
  return device;
}

/** Name in a variable: the package is not installed on machines where its library cannot be had. */
const NATIVE_PACKAGE: string = '@tensorflow/tfjs-node';

async function startNative(): Promise<string | undefined> {
  try {
    createRequire(import.meta.url).resolve(NATIVE_PACKAGE);
  } catch {
    return undefined;
  }
  try {
    await import(NATIVE_PACKAGE);
    return (await tf.setBackend('tensorflow')) ? 'tfjs-node' : undefined;
  } catch (error) {
    process.stderr.write(`@tensorflow/tfjs-node is installed but does not load, using WebAssembly: ${error}\n`);
    return undefined;
  }
}

async function startWasm(): Promise<string> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  const file = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.wasm');
  setWasmPaths(`${dirname(file)}/`);
  if (!(await tf.setBackend('wasm'))) {
    throw new AppError('BACKEND_LOAD', 'TF.js could not start its WebAssembly backend; `headstart doctor` says more.');
  }
  return 'wasm';
}

interface GraphModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: tf.io.WeightsManifestEntry[];
  }[];
}

/** A graph model out of `model.json` and its shards, whatever the shards are called. */
export async function loadGraphModel(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): Promise<import('@tensorflow/tfjs-converter').GraphModel> {
  const { loadGraphModel: load } = await import('@tensorflow/tfjs-converter');
  const json = JSON.parse(Buffer.from(fileNamed(files, 'model.json')).toString('utf8')) as GraphModelJson;
  const shards = json.weightsManifest.flatMap((group) => group.paths).map((path) => fileNamed(files, path));
  const handler = tf.io.fromMemory({
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: shards.map((shard) => shard.buffer),
  });
  return load(handler);
}

function fileNamed(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, name: string): Uint8Array<ArrayBuffer> {
  const bytes = files.get(name);
  if (bytes) return bytes;
  throw new AppError('BACKEND_UNVERIFIED', `The model names the file '${name}', which the manifest does not list.`, {
    details: { file: name },
  });
}

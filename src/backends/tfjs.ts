/** TF.js inside a host: chooses the fastest device that works here and loads graph models from checked bytes. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { AppError } from '../core/errors.ts';
import type { ModelFiles } from './registry.ts';
import { readModelJson, readShards } from './tfjs-files.ts';

export { tf };

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
    return `${await startWasm()}, although ${NATIVE_PACKAGE} is installed: ${error}`;
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

/** A graph model out of its checked files. */
export async function loadGraphModel(files: ModelFiles): Promise<import('@tensorflow/tfjs-converter').GraphModel> {
  const { loadGraphModel: load } = await import('@tensorflow/tfjs-converter');
  const json = readModelJson(files);
  const handler = tf.io.fromMemory({
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights) as tf.io.WeightsManifestEntry[],
    weightData: readShards(files, json).map((shard) => shard.buffer),
  });
  return load(handler);
}

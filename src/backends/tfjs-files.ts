/** The files of a TF.js model, read without TF.js: `model.json`, and shards under whatever names it gives. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, parseJson } from '../core/json.ts';
import type { ModelFiles } from './registry.ts';

export interface ModelJson {
  /** `layers-model` or `graph-model`; older converters leave it out. */
  readonly format?: string;
  readonly modelTopology: object;
  /** What graph models call their inputs and outputs. */
  readonly signature?: object;
  readonly userDefinedMetadata?: { readonly signature?: object };
  readonly weightsManifest: readonly WeightGroup[];
}

interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string };
}

/** Throws BACKEND_LOAD for what is no such file. */
export function readModelJson(files: ModelFiles, name = 'model.json'): ModelJson {
  const json = parsed(fileNamed(files, name), name);
  if (!isJsonObject(json) || !isJsonObject(json.modelTopology) || !Array.isArray(json.weightsManifest)) {
    throw new AppError('BACKEND_LOAD', `File '${name}' is no TF.js model: it lacks modelTopology or weightsManifest.`);
  }
  if (json.weightsManifest.every(isWeightGroup)) return json as unknown as ModelJson;
  throw new AppError('BACKEND_LOAD', `File '${name}' lists weights without their paths, names, shapes or types.`);
}

function parsed(bytes: Uint8Array, name: string): Json {
  try {
    return parseJson(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    const reason = error instanceof AppError ? error.message : String(error);
    throw new AppError('BACKEND_LOAD', `'${name}' cannot be read: ${reason}`, { cause: error });
  }
}

function isWeightGroup(group: Json): boolean {
  if (!isJsonObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) return false;
  return group.paths.every((path: Json) => typeof path === 'string') && group.weights.every(isWeight);
}

function isWeight(weight: Json): boolean {
  if (!isJsonObject(weight) || !Array.isArray(weight.shape)) return false;
  const { name, dtype, shape, quantization = {} } = weight;
  const isShape = shape.every((length: Json) => Number.isInteger(length) && (length as number) >= 0);
  return typeof name === 'string' && typeof dtype === 'string' && isShape && isJsonObject(quantization);
}

/** Models made of layers run on another loader than graphs. */
export function isLayersModel({ format, modelTopology }: ModelJson): boolean {
  return format === undefined ? 'model_config' in modelTopology : format === 'layers-model';
}

/**
 * The shards of all groups, in order. Throws BACKEND_UNVERIFIED on a file that is not there, BACKEND_LOAD on shards that
 * are not as long as the weights in them.
 */
export function readShards(files: ModelFiles, json: ModelJson): Uint8Array<ArrayBuffer>[] {
  return json.weightsManifest.flatMap(({ paths, weights }) => {
    const shards = paths.map((path) => fileNamed(files, path));
    const found = shards.reduce((sum, shard) => sum + shard.byteLength, 0);
    const expected = weights.reduce((sum, weight) => sum + bytesOf(weight), 0);
    if (found === expected || weights.some(({ dtype }) => dtype === 'string')) return shards;
    const message = `${paths.join(', ')} have ${found} bytes, the weights that model.json lists there ${expected}; fetch the model again.`;
    throw new AppError('BACKEND_LOAD', message, { details: { found, expected } });
  });
}

function bytesOf({ name, shape, dtype, quantization }: WeightSpec): number {
  const stored = quantization?.dtype ?? dtype;
  const bytesPerValue = BYTES_PER_VALUE[stored];
  if (bytesPerValue !== undefined) return shape.reduce((product, one) => product * one, bytesPerValue);
  if (stored === 'string') return 0;
  throw new AppError('BACKEND_LOAD', `Weight '${name}' is stored as ${stored}, which TF.js does not know.`);
}

/** The float32 weights by name. Throws BACKEND_LOAD on weights that are stored in a shorter form. */
export function readFloatWeights(files: ModelFiles): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const json = readModelJson(files);
  const bytes = Buffer.concat(readShards(files, json));
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of json.weightsManifest.flatMap((group) => group.weights)) {
    if (quantization) {
      throw new AppError(
        'BACKEND_LOAD',
        `Weight '${name}' is stored as ${quantization.dtype}; only whole floats are read.`,
      );
    }
    const size = bytesOf({ name, shape, dtype });
    // Sliced: a weight need not begin at a multiple of four.
    if (dtype === 'float32') weights.set(name, { shape, data: new Float32Array(sliceBuffer(bytes, at, size)) });
    at += size;
  }
  return weights;
}

/** Whole and in the shorter forms that converters write. */
const BYTES_PER_VALUE: Readonly<Record<string, number>> = {
  ...{ float32: 4, int32: 4, bool: 1, complex64: 8 },
  ...{ float16: 2, uint16: 2, uint8: 1 },
};

function sliceBuffer(bytes: Buffer, at: number, size: number): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + size) as ArrayBuffer;
}

function fileNamed(files: ModelFiles, name: string): Uint8Array<ArrayBuffer> {
  // Packages and downloads take `.bin` off shards or put it on, and leave model.json as it was.
  const other = name.endsWith('.bin') ? name.slice(0, -'.bin'.length) : `${name}.bin`;
  const bytes = files.get(name) ?? files.get(other);
  if (bytes) return bytes;
  throw new AppError('BACKEND_UNVERIFIED', `The model names the file '${name}', which is not beside it.`, {
    details: { file: name },
  });
}

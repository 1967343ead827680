/** The files of a TF.js model, read without TF.js: `model.json`, and shards under whatever names it gives. */
import { AppError } from '../core/errors.ts';
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
  readonly quantization?: object;
}

export function readModelJson(files: ModelFiles, name = 'model.json'): ModelJson {
  const json = JSON.parse(Buffer.from(fileNamed(files, name)).toString('utf8')) as ModelJson;
  if (json.modelTopology && Array.isArray(json.weightsManifest)) return json;
  throw new AppError('BACKEND_LOAD', `File '${name}' is no TF.js model: it lacks modelTopology or weightsManifest.`);
}

/** Models made of layers run on another loader than graphs. */
export function isLayersModel({ format, modelTopology }: ModelJson): boolean {
  return format === undefined ? 'model_config' in modelTopology : format === 'layers-model';
}

/** The shards of all groups, in order. Throws BACKEND_UNVERIFIED on a file that the manifest does not list. */
export function readShards(files: ModelFiles, json: ModelJson): Uint8Array<ArrayBuffer>[] {
  return json.weightsManifest.flatMap((group) => group.paths).map((path) => fileNamed(files, path));
}

/** The float32 weights by name. Throws BACKEND_LOAD on weights that are stored in a shorter form. */
export function readFloatWeights(files: ModelFiles): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const json = readModelJson(files);
  const bytes = Buffer.concat(readShards(files, json));
  const weights = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of json.weightsManifest.flatMap((group) => group.weights)) {
    const bytesPerValue = BYTES_PER_VALUE[dtype];
    if (bytesPerValue === undefined || quantization) {
      throw new AppError('BACKEND_LOAD', `Weight '${name}' is stored as ${dtype}, quantised or not: not supported.`);
    }
    const size = shape.reduce((product, one) => product * one, 1) * bytesPerValue;
    // Sliced: a weight need not begin at a multiple of four.
    if (dtype === 'float32') weights.set(name, { shape, data: new Float32Array(sliceBuffer(bytes, at, size)) });
    at += size;
  }
  return weights;
}

const BYTES_PER_VALUE: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1 };

function sliceBuffer(bytes: Buffer, at: number, size: number): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + size) as ArrayBuffer;
}

function fileNamed(files: ModelFiles, name: string): Uint8Array<ArrayBuffer> {
  // Packages and downloads take `.bin` off shards or put it on, and leave model.json as it was.
  const other = name.endsWith('.bin') ? name.slice(0, -'.bin'.length) : `${name}.bin`;
  const bytes = files.get(name) ?? files.get(other);
  if (bytes) return bytes;
  throw new AppError('BACKEND_UNVERIFIED', `The model names the file '${name}', which the manifest does not list.`, {
    details: { file: name },
  });
}

/** onnxruntime inside a host: one thread per session, models only from bytes that were checked. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { AppError } from '../core/errors.ts';
import type { Graph, GraphArray, GraphValue } from './graph.ts';
import { assertSelfContained } from './onnx-walk.ts';

export type OnnxSession = InferenceSession;
export { Tensor };

/**
 * A session over a model in memory. Weights in other files are out of reach: the runtime refuses most of them for models
 * without a path, and the walk finds the rest. Throws BACKEND_LOAD, BACKEND_UNVERIFIED.
 */
export async function openSession(bytes: Uint8Array): Promise<OnnxSession> {
  assertSelfContained(bytes);
  try {
    return await InferenceSession.create(bytes, {
      // Parallelism comes from hosts: two threads in one session lose to two sessions wherever cores are shared.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new AppError('BACKEND_LOAD', `onnxruntime refused the model: ${message}`, { cause: error });
  }
}

/** The same as a graph of any engine. Throws BACKEND_LOAD. */
export async function openOnnxGraph(bytes: Uint8Array): Promise<Graph> {
  const session = await openSession(bytes);
  return {
    device: 'onnxruntime cpu',
    inputs: session.inputMetadata.map(graphValue),
    outputs: session.outputMetadata.map(graphValue),
    async run(inputs) {
      const feeds = Object.entries(inputs).map(([name, { data, shape }]) => [name, tensorOf(data, shape)] as const);
      const outputs = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, arrayOf(value as Tensor)]));
    },
    release: () => void session.release(),
  };
}

function graphValue(meta: InferenceSession.ValueMetadata): GraphValue {
  if (!meta.isTensor) return { name: meta.name, type: 'no tensor', shape: [] };
  return { name: meta.name, type: meta.type, shape: meta.shape.map((one) => (typeof one === 'number' ? one : null)) };
}

function tensorOf(data: GraphArray['data'], shape: readonly number[]): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new Tensor('int32', data, shape);
  if (data instanceof Uint8Array) return new Tensor('uint8', data, shape);
  return new Tensor('int64', data, shape);
}

function arrayOf({ data, dims }: Tensor): GraphArray {
  return { data: data as GraphArray['data'], shape: dims };
}

/** Float32 data of an output. Throws BACKEND_BAD_OUTPUT when it is missing or of another type. */
export function floatOutput(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = (outputs[name] as Tensor | undefined)?.data;
  if (data instanceof Float32Array) return data;
  const found = data === undefined ? Object.keys(outputs).join(', ') : typeof data;
  throw new AppError('BACKEND_BAD_OUTPUT', `The model has no float32 output '${name}' (found: ${found}).`, {
    details: { output: name },
  });
}

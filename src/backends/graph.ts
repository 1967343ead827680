/** A graph that is loaded, whatever engine runs it: named arrays in, named arrays out. */
import { AppError } from '../core/errors.ts';

export interface GraphValue {
  readonly name: string;
  /** As the engine calls it: `float32`, `int32`, `int64`, `bool`... */
  readonly type: string;
  /** null where the length may vary from call to call. */
  readonly shape: readonly (number | null)[];
}

export interface GraphArray {
  readonly data: Float32Array | Int32Array | Uint8Array | BigInt64Array;
  readonly shape: readonly number[];
}

export type GraphArrays = Readonly<Record<string, GraphArray>>;

export interface Graph {
  /** What it computes on, such as `wasm`. */
  readonly device: string;
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Inputs must not be changed before it answers. */
  run(inputs: GraphArrays): Promise<GraphArrays>;
  release(): void;
}

/** Float32 data of an output. Throws BACKEND_BAD_OUTPUT when it is missing or of another type. */
export function floatsOf(outputs: GraphArrays, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  const found = data === undefined ? Object.keys(outputs).join(', ') : data.constructor.name;
  throw new AppError('BACKEND_BAD_OUTPUT', `The model has no float32 output '${name}' (found: ${found}).`, {
    details: { output: name },
  });
}

/** What an ONNX file says of itself: inputs, outputs, and the operators next to them. Read without loading the model. */
import { AppError } from '../core/errors.ts';
import { assertSelfContained } from './onnx-walk.ts';
import { bytesIn, numberIn, readFields, textIn, textOf } from './protobuf.ts';

export interface OnnxSignature {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Version of the standard operator set. */
  readonly operatorSet: number;
  /** Output -> the operator that made its numbers: what only shapes them anew behind it is passed over. */
  readonly endings: ReadonlyMap<string, string>;
  /** Inputs that the graph adds to, or multiplies, before anything else. */
  readonly scaled: ReadonlySet<string>;
}

export interface OnnxValue {
  readonly name: string;
  /** `float32`, `int64`, ... or the number that the format gives an unusual type. */
  readonly type: string;
  /** Null where the size varies from run to run; null as a whole where the file does not say. */
  readonly shape: readonly (number | null)[] | null;
}

const TYPES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
};

/** Operators that change the shape and no number. */
const SHAPING: readonly string[] = ['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Transpose'];
const ARITHMETIC: readonly string[] = ['Sub', 'Mul', 'Div', 'Add'];
/** Models have some inputs and outputs; those that hand on their state have a few hundred. */
const ENDS_MAX = 1_000;

// Field numbers of onnx.proto.
const MODEL = { graph: 7, operatorSet: 8 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, op: 4 } as const;
const TENSOR = { name: 8 } as const;

/** Throws BACKEND_LOAD for bytes that are no ONNX model, BACKEND_UNVERIFIED for one that keeps weights in other files. */
export function readSignature(bytes: Uint8Array): OnnxSignature {
  assertSelfContained(bytes);
  let graph: Uint8Array | undefined;
  let operatorSet = 0;
  for (const field of readFields(bytes)) {
    if (field.number === MODEL.graph) graph = bytesIn(field);
    if (field.number === MODEL.operatorSet) operatorSet = Math.max(operatorSet, standardSet(bytesIn(field)));
  }
  if (graph === undefined) throw new AppError('BACKEND_LOAD', 'The file holds no ONNX graph.');
  return { ...readGraph(graph), operatorSet };
}

function readGraph(bytes: Uint8Array): Omit<OnnxSignature, 'operatorSet'> {
  const nodes: Uint8Array[] = [];
  const inputs = new Map<string, OnnxValue>();
  const outputs: OnnxValue[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === GRAPH.node) nodes.push(bytesIn(field));
    if (field.number === GRAPH.input) {
      const value = readValue(bytesIn(field));
      inputs.set(value.name, value);
    }
    if (field.number === GRAPH.output) outputs.push(readValue(bytesIn(field)));
  }
  // Files of old tools list their weights among the inputs.
  for (const field of readFields(bytes)) {
    if (field.number === GRAPH.initializer) inputs.delete(weightName(bytesIn(field)));
  }
  if (inputs.size + outputs.length > ENDS_MAX) {
    throw new AppError('LIMIT_SIZE', `The model has more than ${ENDS_MAX} inputs and outputs; it is not read.`);
  }
  return { inputs: [...inputs.values()], outputs, ...readNodes(nodes, inputs, outputs) };
}

/** From the last node to the first: the format has them in the order in which they run. Nothing of a node is kept. */
function readNodes(
  nodes: readonly Uint8Array[],
  inputs: ReadonlyMap<string, OnnxValue>,
  outputs: readonly OnnxValue[],
): Pick<OnnxSignature, 'endings' | 'scaled'> {
  const endings = new Map<string, string>();
  const scaled = new Set<string>();
  /** Value -> outputs that hold its numbers. */
  const sought = new Map(outputs.map(({ name }) => [name, [name]]));
  for (const bytes of nodes.toReversed()) {
    const { op, taken, made } = readNode(bytes);
    if (ARITHMETIC.includes(op)) for (const name of taken) if (inputs.has(name)) scaled.add(name);
    for (const name of made) {
      const ends = sought.get(name);
      if (ends === undefined) continue;
      sought.delete(name);
      const [from] = taken;
      if (!SHAPING.includes(op)) for (const end of ends) endings.set(end, op);
      else if (from !== undefined) {
        const others = sought.get(from);
        sought.set(from, others ? [...others, ...ends] : ends);
      }
    }
  }
  return { endings, scaled };
}

function readNode(bytes: Uint8Array) {
  const taken: string[] = [];
  const made: string[] = [];
  let op = '';
  for (const field of readFields(bytes)) {
    if (field.number === NODE.input) taken.push(textIn(field));
    if (field.number === NODE.output) made.push(textIn(field));
    if (field.number === NODE.op) op = textIn(field);
  }
  return { op, taken, made };
}

function weightName(bytes: Uint8Array): string {
  let name = '';
  for (const field of readFields(bytes)) {
    if (field.number === TENSOR.name) name = textIn(field);
  }
  return name;
}

/** ValueInfoProto: name 1, type 2 > tensor_type 1 > (elem_type 1, shape 2 > dim 1 > (value 1 | name 2)). */
function readValue(bytes: Uint8Array): OnnxValue {
  const tensor = within(within(bytes, 2), 1);
  const type = numberAt(tensor, 1);
  const shapes = all(tensor, 2);
  const shape = shapes.length === 0 ? null : all(shapes[0]!, 1).map((dim) => numberAt(dim, 1) || null);
  const [name] = all(bytes, 1);
  return { name: name ? textOf(name) : '', type: TYPES[type] ?? String(type), shape };
}

function all(bytes: Uint8Array, number: number): Uint8Array[] {
  return [...readFields(bytes)].filter((field) => field.number === number).map(bytesIn);
}

function within(bytes: Uint8Array, number: number): Uint8Array {
  return all(bytes, number)[0] ?? new Uint8Array(0);
}

function numberAt(bytes: Uint8Array, number: number): number {
  for (const field of readFields(bytes)) if (field.number === number) return numberIn(field);
  return 0;
}

/** Version of an OperatorSetIdProto, 0 when it is another domain's. */
function standardSet(bytes: Uint8Array): number {
  const domain = textOf(within(bytes, 1));
  return domain === '' || domain === 'ai.onnx' ? numberAt(bytes, 2) : 0;
}

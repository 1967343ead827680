/** Writes ONNX models: a graph of nodes and weights as the protobuf bytes that any ONNX runtime reads. */

export type Attribute = number | readonly number[] | { readonly float: number };

export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Initializer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** An input or output; a dimension is a number, or a name when it varies from run to run. */
export interface GraphValue {
  readonly name: string;
  readonly type: 'float32' | 'int32' | 'int64';
  readonly shape: readonly (number | string)[];
}

/** Collects a graph; each `add` returns the name of the node's first output. */
export class OnnxGraph {
  private readonly nodes: GraphNode[] = [];
  private readonly weights: Initializer[] = [];
  private readonly prefix: string;

  /** `prefix` goes before every name that is made up here, for graphs that join another. */
  constructor(prefix = '') {
    this.prefix = prefix;
  }

  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.addMany(op, inputs, 1, attributes)[0]!;
  }

  addMany(
    op: string,
    inputs: readonly string[],
    outputCount: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): readonly string[] {
    const stem = `${this.prefix}${op}_${this.nodes.length}`;
    const outputs = Array.from({ length: outputCount }, (_, i) => `${stem}_${i}`);
    this.nodes.push({ op, inputs, outputs, attributes });
    return outputs;
  }

  weight(data: Initializer['data'], shape: readonly number[]): string {
    const name = `${this.prefix}weight_${this.weights.length}`;
    this.weights.push({ name, shape, data });
    return name;
  }

  /** Shape-like constants of ONNX are 64-bit. */
  integers(...values: readonly number[]): string {
    return this.weight(BigInt64Array.from(values, BigInt), [values.length]);
  }

  scalarInteger(value: number): string {
    return this.weight(BigInt64Array.of(BigInt(value)), []);
  }

  /** Gives a value the name under which it leaves the graph. */
  output(from: string, name: string): void {
    this.nodes.push({ op: 'Identity', inputs: [from], outputs: [name], attributes: {} });
  }

  /** The whole model, operator set 17. */
  toBytes(inputs: readonly GraphValue[], outputs: readonly GraphValue[]): Uint8Array<ArrayBuffer> {
    const graph = message(
      field(2, text('headstart')),
      ...inputs.map((value) => field(11, valueProto(value))),
      this.body(outputs),
    );
    const operatorSet = message(field(1, text('')), integer(2, OPERATOR_SET));
    return flatten(message(integer(1, IR_VERSION), field(7, graph), field(8, operatorSet)));
  }

  /** Nodes, weights and outputs as fields of a graph: what stands behind those of another graph joins it. */
  toFields(outputs: readonly GraphValue[]): Uint8Array<ArrayBuffer> {
    return flatten(this.body(outputs));
  }

  private body(outputs: readonly GraphValue[]): Parts {
    return message(
      ...this.nodes.map((node) => field(1, nodeProto(node))),
      ...this.weights.map((weight) => field(5, tensorProto(weight))),
      ...outputs.map((value) => field(12, valueProto(value))),
    );
  }
}

/** The graph field of a model, out of the fields of the graph. */
export function graphField(fields: Parts): Uint8Array<ArrayBuffer> {
  return flatten(field(7, fields));
}

const IR_VERSION = 8;
const OPERATOR_SET = 17;
const TYPE_CODES = { float32: 1, int32: 6, int64: 7 } as const;

/** Parts of a message in order; kept apart so that weights are copied once, at the end. */
type Parts = readonly Uint8Array[];

function nodeProto(node: GraphNode): Parts {
  return message(
    ...node.inputs.map((name) => field(1, text(name))),
    ...node.outputs.map((name) => field(2, text(name))),
    field(4, text(node.op)),
    ...Object.entries(node.attributes).map(([name, value]) => field(5, attributeProto(name, value))),
  );
}

const ATTRIBUTE_CODES = { float: 1, int: 2, ints: 7 } as const;

function attributeProto(name: string, value: Attribute): Parts {
  const head = field(1, text(name));
  if (typeof value === 'number') return message(head, integer(3, value), integer(20, ATTRIBUTE_CODES.int));
  if ('float' in value) {
    return message(
      head,
      [varint((2 << 3) | 5), bytesOf(Float32Array.of(value.float))],
      integer(20, ATTRIBUTE_CODES.float),
    );
  }
  return message(head, ...value.map((one) => integer(8, one)), integer(20, ATTRIBUTE_CODES.ints));
}

function tensorProto({ name, shape, data }: Initializer): Parts {
  const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
  const dims = shape.map((one) => integer(1, one));
  return message(...dims, integer(2, TYPE_CODES[type]), field(8, text(name)), field(9, [bytesOf(data)]));
}

function valueProto({ name, type, shape }: GraphValue): Parts {
  const dims = shape.map((one) => field(1, typeof one === 'number' ? integer(1, one) : field(2, text(one))));
  const tensor = message(integer(1, TYPE_CODES[type]), field(2, message(...dims)));
  return message(field(1, text(name)), field(2, field(1, tensor)));
}

function message(...fields: readonly Parts[]): Parts {
  return fields.flat();
}

/** Length-delimited field. */
function field(number: number, content: Parts): Parts {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return [varint((number << 3) | 2), varint(length), ...content];
}

function integer(number: number, value: number): Parts {
  return [varint(number << 3), varint(value)];
}

function text(value: string): Parts {
  return [new TextEncoder().encode(value)];
}

/** Little-endian on every platform that Node runs on. */
function bytesOf(data: Float32Array | Int32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Negative numbers take ten bytes, as two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function flatten(parts: Parts): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

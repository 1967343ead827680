/** An embedder's ONNX graph with a trained head behind it: one file that turns tokens or pictures into probabilities. */
import type { ModelEntry } from './manifest.ts';
import { graphField, OnnxGraph } from './onnx-graph.ts';
import type { OnnxSignature } from './onnx-signature.ts';
import { bytesIn, readFields } from './protobuf.ts';

/** A linear classifier on unit rows. */
export interface LinearHead {
  readonly link: 'softmax' | 'sigmoid';
  readonly classes: readonly string[];
  readonly dim: number;
  /** (classes x dim). */
  readonly weights: Float32Array;
  /** (classes). */
  readonly bias: Float32Array;
  readonly temperature: number;
}

/** Operators used here behave alike from this set on. */
const OPERATOR_SET_MIN = 8;
/** No node or weight of the embedder is called so. */
const PREFIX = 'headstart_head/';
/** A row of zeros stays one. */
const NORM_MIN = 1e-12;
const FLOAT = 1;
const GRAPH_OUTPUT = 12;
const MODEL_GRAPH = 7;

/**
 * `signature` is that of `bytes`. The graph's only output is `probabilities` (n x classes). Null where the embedding is not made by the graph and what we
 * can write behind it: another runtime, a mean over tokens without a mask, an old operator set.
 */
export function withHead(
  entry: ModelEntry,
  bytes: Uint8Array,
  signature: Pick<OnnxSignature, 'inputs' | 'operatorSet'>,
  head: LinearHead,
): Uint8Array<ArrayBuffer> | null {
  if (signature.operatorSet < OPERATOR_SET_MIN) return null;
  const graph = new OnnxGraph(PREFIX);
  const row = embeddingOf(
    entry,
    signature.inputs.map(({ name }) => name),
    graph,
    head.dim,
  );
  if (row === null) return null;
  graph.output(classify(graph, unitRow(graph, row, head.dim), head), 'probabilities');
  const added = graph.toFields([{ name: 'probabilities', type: 'float32', shape: ['n', head.classes.length] }]);
  const model: Uint8Array[] = [];
  for (const field of readFields(bytes)) {
    model.push(field.number === MODEL_GRAPH ? graphField([...withoutOutputs(bytesIn(field)), added]) : field.raw);
  }
  return new Uint8Array(Buffer.concat(model));
}

/** Repeated fields of protobuf may stand anywhere: what comes behind is simply added. */
function withoutOutputs(graph: Uint8Array): Uint8Array[] {
  return [...readFields(graph)].filter(({ number }) => number !== GRAPH_OUTPUT).map(({ raw }) => raw);
}

/** Name of the embedding (n x dim), not yet of unit length, as the runtimes make it. */
function embeddingOf(entry: ModelEntry, inputs: readonly string[], graph: OnnxGraph, dim: number): string | null {
  const { dense, output, reading } = entry.processing as {
    readonly dense?: Readonly<Record<string, string>>;
    readonly output?: string;
    readonly reading?: string;
  };
  if (entry.runtime === 'onnx-image') return dense?.embedding ?? null;
  if (entry.runtime !== 'onnx-text' || output === undefined) return null;
  if (reading === 'row') return output;
  if (reading === 'first') return graph.add('Gather', [output, graph.scalarInteger(0)], { axis: 1 });
  const mask = inputs.find((name) => /mask/.test(name));
  if (reading !== 'mean' || mask === undefined) return null;
  // The sum over what is no padding: the length is made 1 afterwards, so that the mean is the same.
  const floats = graph.add('Cast', [mask], { to: FLOAT });
  const asRow = graph.add('Reshape', [floats, graph.integers(0, 1, -1)]);
  return graph.add('Reshape', [graph.add('MatMul', [asRow, output]), graph.integers(-1, dim)]);
}

function unitRow(graph: OnnxGraph, row: string, dim: number): string {
  const ones = graph.weight(new Float32Array(dim).fill(1), [dim, 1]);
  const norm = graph.add('Sqrt', [graph.add('MatMul', [graph.add('Mul', [row, row]), ones])]);
  return graph.add('Div', [row, graph.add('Max', [norm, graph.weight(Float32Array.of(NORM_MIN), [1])])]);
}

function classify(
  graph: OnnxGraph,
  row: string,
  { link, classes, dim, weights, bias, temperature }: LinearHead,
): string {
  const count = classes.length;
  const columns = new Float32Array(dim * count);
  for (let c = 0; c < count; c++) for (let d = 0; d < dim; d++) columns[d * count + c] = weights[c * dim + d]!;
  const logits = graph.add('MatMul', [row, graph.weight(columns, [dim, count])]);
  const shifted = graph.add('Add', [logits, graph.weight(bias, [count])]);
  const scaled = graph.add('Div', [shifted, graph.weight(Float32Array.of(temperature), [1])]);
  return link === 'softmax' ? graph.add('Softmax', [scaled], { axis: 1 }) : graph.add('Sigmoid', [scaled]);
}

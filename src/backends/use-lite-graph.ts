/**
 * Universal Sentence Encoder Lite (Cer et al., 2018) as an ONNX graph over the weights of its TF.js package.
 * The same two transformer layers and the same numbers; onnxruntime runs them several times as fast as WebAssembly.
 */
import { AppError } from '../core/errors.ts';
import { OnnxGraph } from './onnx-graph.ts';

/** A named weight of the TF.js model. */
export interface NamedWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type NamedWeights = ReadonlyMap<string, NamedWeight>;

const HEADS = 4;
const POSITIONS = 128;
const NORM_EPSILON = 1e-6;
/** Added to the attention of padding: after the softmax nothing of it is left. */
const MASKED = -1e9;

const ENCODER = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const MODULE = 'module/Encoder_en';
/** Suffix of weights that were stored in parts and joined when the model was frozen. */
const JOINED = 'ConcatPartitions/concat';

/** `ids` int32 (batch x length), -1 where there is padding -> `embedding` float32 (batch x 512), unit rows. */
export function liteEncoderGraph(weights: NamedWeights): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph();
  const mask = graph.add('Cast', [graph.add('GreaterOrEqual', ['ids', scalarInt(graph, 0)])], { to: 1 });
  const layers = new Layers(graph, weights, mask);
  const first = layers.transform(0, layers.embed(), 64, true);
  const second = layers.transform(1, first, 128, false);
  graph.output(layers.pool(second), 'embedding');
  return graph.toBytes(
    [{ name: 'ids', type: 'int32', shape: ['batch', 'length'] }],
    [{ name: 'embedding', type: 'float32', shape: ['batch', 512] }],
  );
}

class Layers {
  private readonly graph: OnnxGraph;
  private readonly weights: NamedWeights;
  /** (batch x length), 1 for a token, 0 for padding. */
  private readonly mask: string;
  /** (batch x 1 x 1 x length), 0 for a token, -1e9 for padding. */
  private readonly bias: string;

  constructor(graph: OnnxGraph, weights: NamedWeights, mask: string) {
    this.graph = graph;
    this.weights = weights;
    this.mask = mask;
    const padding = graph.add('Sub', [scalar(graph, 1), mask]);
    const penalty = graph.add('Mul', [padding, scalar(graph, MASKED)]);
    this.bias = graph.add('Unsqueeze', [penalty, graph.integers(1, 2)]);
  }

  /** Twice the embedding plus the signal of the position: the published graph adds the embedding on both ways. */
  embed(): string {
    const { graph } = this;
    const known = graph.add('Max', ['ids', scalarInt(graph, 0)]);
    const rows = graph.add('Gather', [this.weight('module/Embeddings_en'), known]);
    const length = graph.add('Slice', [graph.add('Shape', ['ids']), graph.integers(1), graph.integers(2)]);
    const table = graph.weight(this.positions(), [POSITIONS, 256]);
    const signal = graph.add('Slice', [table, graph.integers(0), length]);
    return graph.add('Add', [graph.add('Add', [rows, rows]), signal]);
  }

  /** One pre-normed transformer layer; the first one also widens what goes around it from 256 to 512. */
  transform(layer: number, x: string, headDim: number, widen: boolean): string {
    const { graph } = this;
    const at = `${ENCODER}/Layer_${layer}/TransformerLayer`;
    const stack = `${ENCODER}/TransformerStack/Layer_${layer}/TransformerLayer`;
    const attended = this.attend(layer, this.norm(x, `${at}/layer_prepostprocess`), headDim);
    const around = widen ? this.dense(x, `${at}/dense/kernel/${JOINED}`, `${at}/dense/bias/${JOINED}`) : x;
    const middle = graph.add('Add', [attended, around]);
    const normed = this.norm(middle, `${at}/FFN/layer_prepostprocess`);
    const wide = this.dense(normed, `${stack}/FFN/conv1/Tensordot/Reshape_1`, `${at}/FFN/conv1/bias/${JOINED}`);
    const narrow = this.dense(
      graph.add('Relu', [wide]),
      `${stack}/FFN/conv2/Tensordot/Reshape_1`,
      `${at}/FFN/conv2/bias/${JOINED}`,
    );
    return graph.add('Add', [narrow, middle]);
  }

  /** Mean over the tokens, one tanh layer, unit length. */
  pool(x: string): string {
    const { graph } = this;
    const kept = graph.add('Mul', [x, graph.add('Unsqueeze', [this.mask, graph.integers(2)])]);
    const sum = graph.add('ReduceSum', [kept, graph.integers(1)], { keepdims: 0 });
    const count = graph.add('ReduceSum', [this.mask, graph.integers(1)], { keepdims: 1 });
    const mean = graph.add('Div', [sum, graph.add('Max', [count, scalar(graph, 1)])]);
    const head = `${MODULE}/hidden_layers/tanh_layer_0`;
    const squashed = graph.add('Tanh', [this.dense(mean, `${head}/weights`, `${head}/bias`)]);
    return graph.add('LpNormalization', [squashed], { axis: -1, p: 2 });
  }

  private attend(layer: number, x: string, headDim: number): string {
    const { graph } = this;
    const kernels = `${MODULE}/KonaTransformer/Encode/Layer_${layer}/TransformerLayer/MultiheadAttention`;
    const biases = `${ENCODER}/Layer_${layer}/TransformerLayer/MultiheadAttention`;
    const dense = (value: string, part: string): string =>
      this.dense(value, `${kernels}/${part}/kernel/part_0`, `${biases}/${part}/bias/${JOINED}`);
    const split = graph.addMany('Split', [dense(x, 'qkv_transform_single')], 3, { axis: -1 });
    const [query, key, value] = split.map((one) => {
      const heads = graph.add('Reshape', [one, graph.integers(0, 0, HEADS, headDim)]);
      return graph.add('Transpose', [heads], { perm: [0, 2, 1, 3] });
    });
    const scaled = graph.add('Mul', [query!, scalar(graph, 1 / Math.sqrt(headDim))]);
    const scores = graph.add('MatMul', [scaled, graph.add('Transpose', [key!], { perm: [0, 1, 3, 2] })]);
    const shares = graph.add('Softmax', [graph.add('Add', [scores, this.bias])], { axis: -1 });
    const mixed = graph.add('Transpose', [graph.add('MatMul', [shares, value!])], { perm: [0, 2, 1, 3] });
    const joined = graph.add('Reshape', [mixed, graph.integers(0, 0, HEADS * headDim)]);
    return dense(joined, 'output_transform_single');
  }

  private norm(x: string, name: string): string {
    const scale = this.weight(`${name}/layer_norm/layer_norm_scale/${JOINED}`);
    const shift = this.weight(`${name}/layer_norm/layer_norm_bias/${JOINED}`);
    return this.graph.add('LayerNormalization', [x, scale, shift], { axis: -1, epsilon: { float: NORM_EPSILON } });
  }

  private dense(x: string, kernel: string, bias: string): string {
    return this.graph.add('Add', [this.graph.add('MatMul', [x, this.weight(kernel)]), this.weight(bias)]);
  }

  /** Convolutions of size 1 x 1 are matrix products: their leading ones are dropped. */
  private weight(name: string): string {
    const { data, shape } = namedWeight(this.weights, name);
    return this.graph.weight(data, shape.length === 4 ? shape.slice(2) : shape);
  }

  /** (128 positions x 256): sines, then cosines, of the position at 128 wave lengths. */
  private positions(): Float32Array {
    const name = `${ENCODER}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`;
    const rates = namedWeight(this.weights, name).data;
    const table = new Float32Array(POSITIONS * 2 * rates.length);
    for (let position = 0; position < POSITIONS; position++) {
      rates.forEach((rate, r) => {
        const angle = Math.fround(position * rate);
        table[position * 2 * rates.length + r] = Math.sin(angle);
        table[position * 2 * rates.length + rates.length + r] = Math.cos(angle);
      });
    }
    return table;
  }
}

function namedWeight(weights: NamedWeights, name: string): NamedWeight {
  const weight = weights.get(name);
  if (weight) return weight;
  throw new AppError('BACKEND_LOAD', `The model has no weight '${name}'.`, { details: { weight: name } });
}

function scalar(graph: OnnxGraph, value: number): string {
  return graph.weight(Float32Array.of(value), []);
}

function scalarInt(graph: OnnxGraph, value: number): string {
  return graph.weight(Int32Array.of(value), []);
}

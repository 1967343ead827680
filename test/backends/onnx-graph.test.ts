import { onnx } from 'onnx-proto';
import { describe, expect, it } from 'vitest';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';

describe('ONNX writer', () => {
  it('writes what the reference protobuf reader reads', () => {
    const graph = new OnnxGraph();
    const weight = graph.weight(Float32Array.of(1, -2, 3.5), [3, 1]);
    const product = graph.add('MatMul', ['x', weight]);
    const normed = graph.add('LpNormalization', [product], { axis: -1, p: 2 });
    const [left, right] = graph.addMany('Split', [normed], 2, { axis: 0 });
    const sum = graph.add('Add', [left!, right!]);
    graph.output(graph.add('Transpose', [sum], { perm: [1, 0] }), 'y');
    graph.add('LayerNormalization', [sum, weight], { epsilon: { float: 0.25 } });
    graph.integers(0, -1, 2 ** 40);
    const bytes = graph.toBytes(
      [{ name: 'x', type: 'float32', shape: ['batch', 3] }],
      [{ name: 'y', type: 'float32', shape: [1, 'batch'] }],
    );
    const model = onnx.ModelProto.decode(bytes);
    expect(Number(model.opsetImport[0]!.version)).toBe(17);
    const read = model.graph!;
    expect(read.node!.map((node) => node.opType)).toEqual([
      'MatMul',
      'LpNormalization',
      'Split',
      'Add',
      'Transpose',
      'Identity',
      'LayerNormalization',
    ]);
    expect(read.node![2]!.output).toHaveLength(2);
    expect(Number(read.node![1]!.attribute![0]!.i)).toBe(-1);
    expect(read.node![4]!.attribute![0]!.ints!.map(Number)).toEqual([1, 0]);
    expect(read.node![6]!.attribute![0]!.f).toBe(0.25);
    const tensors = read.initializer!;
    expect(tensors[0]!.dims!.map(Number)).toEqual([3, 1]);
    expect([...new Float32Array(tensors[0]!.rawData!.slice().buffer)]).toEqual([1, -2, 3.5]);
    expect([...new BigInt64Array(tensors[1]!.rawData!.slice().buffer)]).toEqual([0n, -1n, 2n ** 40n]);
    const dims = read.input![0]!.type!.tensorType!.shape!.dim!;
    expect([dims[0]!.dimParam, Number(dims[1]!.dimValue)]).toEqual(['batch', 3]);
  });
});

/** Blocks of inner products by onnxruntime: several times faster than WebAssembly, so exact graphs are built with it. */
import type { BlockProducts } from '../kernels/index.ts';
import { openSession, Tensor } from './onnx.ts';
import { OnnxGraph } from './onnx-graph.ts';

/** One Gemm of A (m x d) and B (n x d) transposed; it blocks its thread, so it belongs into a process of its own. */
export async function createProducts(): Promise<BlockProducts> {
  const graph = new OnnxGraph();
  graph.output(graph.add('Gemm', ['a', 'b'], { transB: 1 }), 'out');
  const matrix = (name: string, ...shape: string[]) => ({ name, type: 'float32' as const, shape });
  const session = await openSession(
    graph.toBytes([matrix('a', 'm', 'd'), matrix('b', 'n', 'd')], [matrix('out', 'm', 'n')]),
  );
  return async (a, aRows, b, bRows, stride, out) => {
    await session.run(
      { a: new Tensor('float32', a, [aRows, stride]), b: new Tensor('float32', b, [bRows, stride]) },
      { out: new Tensor('float32', out.subarray(0, aRows * bRows), [aRows, bRows]) },
    );
  };
}

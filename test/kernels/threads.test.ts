/** The compiled package finds the module in every thread, and threads agree to the last bit. */
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { entryFile } from '../../src/core/entry.ts';
import { KernelHeap, loadMatrix, matvec, rowOf } from '../../src/kernels/index.ts';
import { gaussianRows } from './reference.ts';

const [N, D] = [500, 50];
const compiled = entryFile(new URL('../../src/kernels/index.ts', import.meta.url).href, './index.ts');

const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ KernelHeap, loadMatrix, matvec, rowOf }) => {
    const heap = new KernelHeap({ bytes: 1 << 20 });
    const { matrix } = loadMatrix(heap, workerData.rows, workerData.dims);
    const out = heap.f32(matrix.rows);
    matvec(heap, matrix, rowOf(matrix, 3), out);
    parentPort.postMessage(out.slice());
  });
`;

function inThread(rows: Float32Array): Promise<Float32Array> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { eval: true, workerData: { module: `file://${compiled}`, rows, dims: D } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

it('gives the same bits from source here and from dist in two threads', async () => {
  const rows = gaussianRows(1, N, D);
  const heap = new KernelHeap({ bytes: 1 << 20 });
  const { matrix } = loadMatrix(heap, rows, D);
  const here = heap.f32(N);
  matvec(heap, matrix, rowOf(matrix, 3), here);
  for (const there of await Promise.all([inThread(rows), inThread(rows)])) expect(there).toEqual(here.slice());
});

/** Clusters of rows; what they look like is measured by the strategies that use them. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { KernelHeap, loadMatrix } from '../../src/kernels/index.ts';
import { kMeans } from '../../src/sampling/kmeans.ts';

it('gives back what it took of a heap that is too small for it', () => {
  const heap = new KernelHeap({ bytes: 1 << 20 });
  const random = seededRandom('rows', 1);
  const rows = Float32Array.from({ length: 600 * 200 }, () => random.next());
  const { matrix } = loadMatrix(heap, rows, 200, { normalise: true });
  const before = heap.mark();
  const ordinals = Int32Array.from({ length: 600 }, (_, i) => i);
  const clusters = () => kMeans(heap, matrix, ordinals, new Float32Array(600).fill(1), 100, random);
  expect(clusters).toThrow(expect.objectContaining({ code: 'LIMIT_SIZE' }));
  expect(heap.mark()).toBe(before);
});

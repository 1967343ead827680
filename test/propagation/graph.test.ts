import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProducts } from '../../src/backends/products.ts';
import { gaussian, seededRandom, shuffle } from '../../src/core/random.ts';
import { KernelHeap, loadMatrix, nearestByDot } from '../../src/kernels/index.ts';
import { affinityOf } from '../../src/propagation/affinity.ts';
import { buildGraph, exactGraph, graphFromIndex, type NeighbourGraph } from '../../src/propagation/index.ts';
import { cosine, noise } from './reference.ts';

const graphOf = (rows: Float32Array, dim: number, k: number): NeighbourGraph => {
  const heap = new KernelHeap({ bytes: 64 << 20 });
  return exactGraph(heap, loadMatrix(heap, rows, dim, { normalise: true }).matrix, k);
};
const listOf = (graph: NeighbourGraph, i: number): number[] => [
  ...graph.neighbours.subarray(graph.starts[i]!, graph.starts[i + 1]!),
];

describe('kNN graph', () => {
  it('lists the most similar items as a float64 scan does, over several blocks', () => {
    const [n, dim, k] = [2_300, 5, 7];
    const rows = noise(n, dim, 1);
    const graph = graphOf(rows, dim, k);
    for (const i of [0, 127, 128, 2_047, 2_048, 2_299]) {
      const all = [...Array(n).keys()].filter((j) => j !== i);
      const best = all.map((j) => cosine(rows, dim, i, j)).sort((a, b) => b - a);
      const listed = listOf(graph, i);
      expect(listed).toHaveLength(k);
      for (const [place, j] of listed.entries()) expect(cosine(rows, dim, i, j)).toBeCloseTo(best[place]!, 5);
    }
  });

  it('after items came and went equals one built anew', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.constantFrom('stays', 'stays', 'comes', 'goes'), { minLength: 60, maxLength: 60 }),
        fc.nat(),
        async (n, fates, seed) => {
          const dim = 6;
          const rows = noise(n, dim, seed);
          const pick = (fate: string): number[] => [...Array(n).keys()].filter((i) => fates[i] !== fate);
          const [before, after] = [pick('comes'), pick('goes')];
          const heap = new KernelHeap({ bytes: 64 << 20 });
          const matrixOf = (items: readonly number[]) => {
            const own = new Float32Array(items.length * dim);
            for (const [at, i] of items.entries()) own.set(rows.subarray(i * dim, (i + 1) * dim), at * dim);
            return loadMatrix(heap, own, dim, { normalise: true }).matrix;
          };
          const graph = exactGraph(heap, matrixOf(before), 5);
          const places = Int32Array.from(after, (i) => before.indexOf(i));
          const all = matrixOf(after);
          expect(await buildGraph(heap, all, { k: 5 }, { graph, places })).toEqual(exactGraph(heap, all, 5));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('built in steps from products made elsewhere is the same graph, and can be stopped', async () => {
    const heap = new KernelHeap({ bytes: 64 << 20 });
    const { matrix } = loadMatrix(heap, noise(2_500, 16, 4), 16, { normalise: true });
    const products = await createProducts();
    const steps: number[] = [];
    const built = await buildGraph(heap, matrix, { k: 6, products, onStep: async (done) => void steps.push(done) });
    const exact = exactGraph(heap, matrix, 6);
    const differing = built.neighbours.filter((j, at) => j !== exact.neighbours[at]).length;
    expect(differing / exact.neighbours.length).toBeLessThan(1e-3);
    expect(steps.at(-1)).toBe(1);
    const stop = async (): Promise<void> => {
      throw new Error('stopped');
    };
    await expect(buildGraph(heap, matrix, { onStep: stop })).rejects.toThrow('stopped');
  });

  it('permuting items permutes the lists', () => {
    const [n, dim] = [40, 8];
    const rows = noise(n, dim, 3);
    const order = shuffle([...Array(n).keys()], seededRandom('order'));
    const moved = new Float32Array(rows.length);
    for (const [to, from] of order.entries()) moved.set(rows.subarray(from * dim, (from + 1) * dim), to * dim);
    const [before, after] = [graphOf(rows, dim, 6), graphOf(moved, dim, 6)];
    for (const [to, from] of order.entries()) {
      expect(listOf(after, to).map((j) => order[j])).toEqual(listOf(before, from));
    }
  });

  it('leaves items without direction alone: zero rows, NaN, infinities', () => {
    const rows = noise(12, 4, 5);
    rows.fill(0, 8, 12);
    rows[20] = Number.NaN;
    rows[30] = Number.POSITIVE_INFINITY;
    const graph = graphOf(rows, 4, 10);
    for (const i of [2, 5, 7]) expect(listOf(graph, i)).toEqual([]);
    for (const i of [0, 1, 3]) expect(listOf(graph, i)).toHaveLength(8);
    expect([...graph.neighbours].some((j) => [2, 5, 7].includes(j))).toBe(false);
  });

  it('takes one item, none, and items that are all equal', () => {
    expect(graphOf(noise(1, 4, 1), 4, 10).neighbours).toHaveLength(0);
    expect(graphOf(new Float32Array(0), 4, 10).itemCount).toBe(0);
    const same = affinityOf(graphOf(new Float32Array(20 * 4).fill(0.5), 4, 3));
    expect([...same.weights].every((w) => w > 0 && w <= 1)).toBe(true);
    expect([...same.normalised].every(Number.isFinite)).toBe(true);
  });

  it('is built from any index that lists neighbours', async () => {
    const heap = new KernelHeap({ bytes: 16 << 20 });
    const { matrix } = loadMatrix(heap, noise(30, 8, 9), 8, { normalise: true });
    const lists = nearestByDot(heap, matrix, 4);
    const source = {
      itemCount: 30,
      nearest: (first: number, count: number, k: number) => ({
        k,
        ids: lists.ids.subarray(first * k, (first + count) * k),
        similarities: lists.similarities.subarray(first * k, (first + count) * k),
      }),
    };
    expect(await graphFromIndex(source, { k: 4 })).toEqual(exactGraph(heap, matrix, 4));
  });
});

describe('affinity', () => {
  it('is symmetric, and weighs as the formula in float64', () => {
    const [n, dim, k] = [60, 6, 5];
    const random = seededRandom('affinity');
    const rows = Float32Array.from({ length: n * dim }, () => gaussian(random));
    const graph = graphOf(rows, dim, k);
    const affinity = affinityOf(graph);
    const dense = (values: Float32Array): number[][] => {
      const table = Array.from({ length: n }, () => new Array<number>(n).fill(0));
      for (let i = 0; i < n; i++)
        for (let e = affinity.starts[i]!; e < affinity.starts[i + 1]!; e++)
          table[i]![affinity.columns[e]!] = values[e]!;
      return table;
    };
    const weights = dense(affinity.weights);
    const directed = (i: number, j: number): number => {
      const list = listOf(graph, i);
      if (!list.includes(j)) return 0;
      return Math.exp((-4 * (2 - 2 * cosine(rows, dim, i, j))) / (2 - 2 * cosine(rows, dim, i, list[k - 1]!)));
    };
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        expect(weights[i]![j]).toBeCloseTo((directed(i, j) + directed(j, i)) / 2, 4);
        expect(weights[i]![j]).toBe(weights[j]![i]);
      }
    }
  });
});

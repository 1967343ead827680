/** The map of a pool: groups stay together on the plane, places stay where they are, and the same pool gives the same map. */
import { describe, expect, it } from 'vitest';
import { KernelHeap } from '../../src/kernels/index.ts';
import { layoutGraph, type NeighbourGraph, preparePool, principalPlane } from '../../src/propagation/index.ts';
import { planted } from './reference.ts';

const [N, DIM, GROUPS] = [240, 12, 4];
const { rows, labels } = planted(N, DIM, GROUPS, 0.8, 5);
const rowOf = (i: number): Float32Array => rows.subarray(i * DIM, (i + 1) * DIM);
const { graph } = preparePool(new KernelHeap({ bytes: 64 << 20 }), rows, DIM);

/** Share of the five nearest on the plane that are of the same group. */
function purity(xy: Float32Array): number {
  let same = 0;
  for (let i = 0; i < N; i++) {
    const apart = (j: number): number => (xy[2 * i]! - xy[2 * j]!) ** 2 + (xy[2 * i + 1]! - xy[2 * j + 1]!) ** 2;
    const others = [...Array(N).keys()].filter((j) => j !== i).sort((a, b) => apart(a) - apart(b));
    same += others.slice(0, 5).filter((j) => labels[j] === labels[i]).length / 5;
  }
  return same / N;
}

describe('the principal plane', () => {
  it('spans the two directions of largest variance', () => {
    const flat = new Float32Array(300);
    for (let i = 0; i < 100; i++) flat.set([3 * Math.cos(i), Math.sin(i), 0.01 * Math.sin(7 * i)], 3 * i);
    const plane = principalPlane((i) => flat.subarray(3 * i, 3 * i + 3), 100, 3);
    const scale = Math.max(...plane.map(Math.abs)) / Math.max(...flat.map(Math.abs));
    for (let i = 0; i < 100; i++) {
      const [far, near] = [Math.hypot(flat[3 * i]!, flat[3 * i + 1]!), Math.hypot(plane[2 * i]!, plane[2 * i + 1]!)];
      expect(Math.abs(near - scale * far)).toBeLessThan(0.05 * scale * 3 + 0.05);
    }
  });

  it('leaves rows that are no numbers in the middle', () => {
    const odd = Float32Array.of(1, 0, 0, 1, Number.NaN, 2, -1, 0, 0, -1);
    const plane = principalPlane((i) => odd.subarray(2 * i, 2 * i + 2), 5, 2);
    expect([...plane.subarray(4, 6)]).toEqual([0, 0]);
    expect(plane.every(Number.isFinite)).toBe(true);
  });
});

describe('a layout', () => {
  const start = principalPlane(rowOf, N, DIM);

  it('keeps groups together, finite, and is the same each time', async () => {
    const steps: number[] = [];
    const xy = await layoutGraph(graph, { start, seed: 1, onStep: (done) => void steps.push(done) });
    expect(purity(xy)).toBeGreaterThan(0.97);
    expect(xy.every(Number.isFinite)).toBe(true);
    expect(await layoutGraph(graph, { start, seed: 1 })).toEqual(xy);
    expect(steps.at(-1)).toBe(1);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  it('moves only what may move, towards its neighbours', async () => {
    const xy = await layoutGraph(graph, { start, seed: 1 });
    const moving = new Uint8Array(N);
    const displaced = xy.slice();
    for (let i = 0; i < N; i += 10) {
      moving[i] = 1;
      displaced.set([0, 0], 2 * i);
    }
    const again = await layoutGraph(graph, { start: displaced, moving, seed: 1 });
    for (let i = 0; i < N; i++) {
      if (moving[i] === 0) expect(again.subarray(2 * i, 2 * i + 2)).toEqual(xy.subarray(2 * i, 2 * i + 2));
    }
    expect(purity(again)).toBeGreaterThan(0.95);
  });

  it('bears copies without number, items without neighbours, and an empty pool', async () => {
    const copies: NeighbourGraph = {
      k: 2,
      itemCount: 4,
      starts: Int32Array.of(0, 2, 4, 6, 6),
      neighbours: Int32Array.of(1, 2, 0, 2, 0, 1),
      similarities: new Float32Array(6).fill(1),
    };
    const xy = await layoutGraph(copies, { start: new Float32Array(8), seed: 1 });
    expect(xy.every(Number.isFinite)).toBe(true);
    const none = { k: 2, itemCount: 0, starts: Int32Array.of(0), neighbours: new Int32Array(0) };
    expect(
      await layoutGraph({ ...none, similarities: new Float32Array(0) }, { start: xy.slice(0, 0), seed: 1 }),
    ).toEqual(new Float32Array(0));
  });

  it('ends when it is stopped', async () => {
    const stop = async (done: number): Promise<void> => {
      if (done > 0.1) throw new Error('stopped');
    };
    await expect(layoutGraph(graph, { start, seed: 1, onStep: stop })).rejects.toThrow('stopped');
  });
});

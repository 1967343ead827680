/** Verified items that teach and check at once: the promise, what it needs, and what must not matter. */
import { describe, expect, it } from 'vitest';
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { KernelHeap } from '../../src/kernels/index.ts';
import {
  chooseMethod,
  contributorsOf,
  contributorTable,
  openGate,
  type PropagationPool,
  planSecondStage,
  preparePool,
  propagate,
  runMethods,
} from '../../src/propagation/index.ts';
import { planted } from './reference.ts';

const [N, DIM] = [600, 12];
const METHODS = ['poisson', 'smoothed_head', 'kmeans'] as const;

function world(noise: number, seed: number, classCount = 2) {
  const { rows, labels } = planted(N, DIM, classCount, noise, seed);
  const pool = preparePool(new KernelHeap({ bytes: 64 << 20 }), rows, DIM);
  const order = shuffle([...Array(N).keys()], seededRandom('draw', seed));
  return { pool, labels, seeds: order.slice(0, 10), verified: order.slice(10, 160), rest: order.slice(160) };
}

const given = (items: readonly number[], labels: ArrayLike<number>, name: (c: number) => number = (c) => c) => ({
  items,
  classes: items.map((i) => name(labels[i]!)),
});

function precision(accepted: Int32Array, predicted: Int32Array, labels: Int32Array): number {
  return accepted.filter((i) => predicted[i] === labels[i]).length / accepted.length;
}

describe('cross-fitting', () => {
  it('keeps its promise where classes part, and accepts nothing where they do not', () => {
    let kept = 0;
    for (const seed of [1, 2, 3, 4]) {
      const { pool, labels, seeds, verified, rest } = world(1.6, seed);
      const { gate } = propagate(pool, { classCount: 2, ...given(seeds, labels) }, given(verified, labels), {
        methods: METHODS,
      });
      expect(gate.accepted.every((i) => rest.includes(i))).toBe(true);
      if (gate.accepted.length === 0 || precision(gate.accepted, gate.labels, labels) >= 0.94) kept++;
      expect(gate.checks.every((check) => check.confidence >= 0 && check.confidence <= 1)).toBe(true);
    }
    expect(kept).toBeGreaterThanOrEqual(3);
    const { pool, seeds, verified } = world(1, 9);
    const random = seededRandom('coin');
    const coin = Int32Array.from({ length: N }, () => random.int(2));
    const { gate } = propagate(pool, { classCount: 2, ...given(seeds, coin) }, given(verified, coin), {
      methods: METHODS,
    });
    expect(gate.coverage).toBeLessThan(0.05);
  });

  it('covers more than items that only check, since they teach as well', () => {
    const { pool, labels, seeds, verified } = world(2.2, 5);
    const few = { classCount: 2, ...given(seeds, labels) };
    const checks = given(verified, labels);
    const { gate } = propagate(pool, few, checks, { methods: METHODS });
    const { spread } = chooseMethod(runMethods(pool, few, METHODS), checks);
    const onlyChecking = openGate(spread, checks, seeds);
    expect(gate.coverage).toBeGreaterThan(onlyChecking.coverage);
  });

  it('keeps its promise for what is left after an easy part was labeled in bulk', () => {
    const [n, dim] = [1_200, 8];
    const target = 0.9;
    let [kept, keptWithout] = [0, 0];
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      // Half of the items lie far apart by class, the other half hardly do, and far from the first.
      const [easy, hard] = [planted(n / 2, dim, 2, 0.3, seed), planted(n / 2, dim, 2, 3.2, seed + 50)];
      const rows = new Float32Array(n * (dim + 1));
      for (let i = 0; i < n; i++) {
        const from = i < n / 2 ? easy : hard;
        rows.set(from.rows.subarray((i % (n / 2)) * dim, ((i % (n / 2)) + 1) * dim), i * (dim + 1));
        rows[i * (dim + 1) + dim] = i < n / 2 ? 6 : -6;
      }
      const labels = Int32Array.from({ length: n }, (_, i) => (i < n / 2 ? easy : hard).labels[i % (n / 2)]!);
      const pool = preparePool(new KernelHeap({ bytes: 64 << 20 }), rows, dim + 1);
      const order = shuffle([...Array(n).keys()], seededRandom('bulk draw', seed));
      const verified = order.slice(10, 260);
      const inBulk = order.slice(260).filter((i) => i < n / 2);
      const seeds = { classCount: 2, ...given([...order.slice(0, 10), ...inBulk], labels) };
      const bulk = { items: inBulk, at: inBulk.map(() => 2), verifiedAt: verified.map(() => 1) };
      const holds = (options: object): boolean => {
        const { gate } = propagate(pool, seeds, given(verified, labels), { methods: METHODS, target, ...options });
        return gate.accepted.length === 0 || precision(gate.accepted, gate.labels, labels) >= target - 0.01;
      };
      if (holds({ bulk })) kept++;
      if (holds({})) keptWithout++;
      // Whoever was drawn after the bulk act was drawn from what is left.
      const after = { ...bulk, verifiedAt: verified.map(() => 3) };
      const whole = { methods: METHODS, target };
      expect(propagate(pool, seeds, given(verified, labels), { ...whole, bulk: after }).gate).toEqual(
        propagate(pool, seeds, given(verified, labels), whole).gate,
      );
    }
    expect(kept).toBeGreaterThanOrEqual(5);
    expect(keptWithout).toBeLessThanOrEqual(3);
  });

  it('lets answers from a region that was fixed before teach and check there', () => {
    const { pool, labels, seeds, verified } = world(2.2, 5);
    const few = { classCount: 2, ...given(seeds, labels) };
    const random = verified.slice(0, 60);
    const options = { methods: METHODS };
    const { choice, gate } = propagate(pool, few, given(random, labels), options);
    const plan = planSecondStage(choice.spread, gate, [...seeds, ...random], seededRandom('second'), 60)!;
    const second = { ...given([...plan.items], labels), region: new Set(plan.region) };
    const { gate: after } = propagate(pool, few, given(random, labels), { ...options, second });
    const asked = new Set([...seeds, ...random, ...plan.items]);
    expect(after.accepted.some((i) => asked.has(i))).toBe(false);
    expect(after.checks).toHaveLength(random.length);
    expect(after.accepted.length === 0 || precision(after.accepted, after.labels, labels) >= 0.94).toBe(true);
    const strange = { ...options, second: { items: [N], classes: [0], region: new Set([N]) } };
    expect(() => propagate(pool, few, given(random, labels), strange)).toThrow();
  });

  it('does not care how classes are numbered', () => {
    const { pool, labels, seeds, verified } = world(1.2, 6, 3);
    const turn = (c: number): number => (c + 1) % 3;
    const run = (name: (c: number) => number) =>
      propagate(pool, { classCount: 3, ...given(seeds, labels, name) }, given(verified, labels, name), {
        methods: METHODS,
      });
    const [plain, turned] = [run((c) => c), run(turn)];
    expect(turned.choice.method).toBe(plain.choice.method);
    const moved = Int32Array.from(plain.gate.labels, (c) => (c < 0 ? -1 : turn(c)));
    const differing = moved.filter((c, i) => c !== turned.gate.labels[i]).length;
    expect(differing).toBeLessThanOrEqual(2);
    expect(Math.abs(turned.gate.accepted.length - plain.gate.accepted.length)).toBeLessThanOrEqual(6);
  });

  it('lives with a class of one label, and with items that point nowhere', () => {
    const { rows, labels } = planted(N, DIM, 2, 1, 8);
    rows.fill(0, 0, 3 * DIM);
    rows[3 * DIM] = Number.NaN;
    const pool = preparePool(new KernelHeap({ bytes: 64 << 20 }), rows, DIM);
    const verified = Array.from({ length: 60 }, (_, i) => i);
    const seeds = { classCount: 3, items: [100, 101, 102], classes: [labels[100]!, labels[101]!, 2] };
    const { gate } = propagate(pool, seeds, given(verified, labels), { methods: METHODS });
    expect([...gate.accepted].some((i) => i < 4)).toBe(false);
    expect(gate.accepted.every((i) => gate.labels[i]! >= 0)).toBe(true);
  });

  it('finds the contributors of many items as it does of one', () => {
    const {
      pool,
      labels,
      seeds,
      rest,
    }: { pool: PropagationPool; labels: Int32Array; seeds: number[]; rest: number[] } = world(1.2, 7);
    const known = { classCount: 2, ...given(seeds, labels) };
    const items = rest.slice(0, 30);
    const own = items.map((i) => labels[i]!);
    const table = contributorTable(pool, known, items, own);
    for (const [line, item] of items.entries()) {
      const one = contributorsOf(pool, known, item, own[line]!);
      const listed = [...table.places.subarray(5 * line, 5 * line + 5)].filter((place) => place >= 0);
      expect(listed.map((place) => known.items[place])).toEqual(one.map((each) => each.item));
    }
  });
});

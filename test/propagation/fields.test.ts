import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelHeap, loadMatrix } from '../../src/kernels/index.ts';
import {
  type Affinity,
  addToField,
  affinityOf,
  exactGraph,
  type FieldMethod,
  type Seeds,
  solveField,
} from '../../src/propagation/index.ts';
import { noise, solveDense } from './reference.ts';

const [N, DIM, CLASSES] = [50, 5, 3];
const METHODS: FieldMethod[] = ['spreading', 'harmonic', 'poisson'];

function affinityFor(seed: number): Affinity {
  const heap = new KernelHeap({ bytes: 1 << 20 });
  return affinityOf(exactGraph(heap, loadMatrix(heap, noise(N, DIM, seed), DIM, { normalise: true }).matrix, 6));
}

function dense(affinity: Affinity): number[][] {
  const w = Array.from({ length: N }, () => new Array<number>(N).fill(0));
  for (let i = 0; i < N; i++) {
    for (let e = affinity.starts[i]!; e < affinity.starts[i + 1]!; e++)
      w[i]![affinity.columns[e]!] = affinity.weights[e]!;
  }
  return w;
}

const indices = [...Array(N).keys()];
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The definitions, in float64 on dense matrices. */
const REFERENCE: Record<FieldMethod, (w: number[][], seeds: Seeds) => number[][]> = {
  spreading(w, seeds) {
    const d = w.map(sum);
    const system = w.map((row, i) => row.map((v, j) => (i === j ? 1 : 0) - (0.99 * v) / Math.sqrt(d[i]! * d[j]!)));
    return solveDense(system, oneHot(seeds)).map((row) => row.map((v) => 0.01 * v));
  },
  harmonic(w, seeds) {
    const known = oneHot(seeds);
    const labeled = new Set(Array.from(seeds.items));
    const system = w.map((row, i) =>
      row.map((v, j) => (labeled.has(i) ? Number(i === j) : (i === j ? sum(row) : 0) - v)),
    );
    return solveDense(system, known);
  },
  poisson(w, seeds) {
    const mean = sum(Array.from(seeds.items, () => 1));
    const known = oneHot(seeds);
    const share = indices.slice(0, CLASSES).map((c) => sum(known.map((row) => row[c]!)) / mean);
    const labeled = new Set(Array.from(seeds.items));
    const b = known.map((row, i) => row.map((v, c) => (labeled.has(i) ? v - share[c]! : 0)));
    return solveDense(
      w.map((row, i) => row.map((v, j) => (i === j ? 1.01 * sum(row) : 0) - v)),
      b,
    );
  },
};

function oneHot(seeds: Seeds): number[][] {
  const rows = Array.from({ length: N }, () => new Array<number>(CLASSES).fill(0));
  for (let s = 0; s < seeds.items.length; s++) rows[seeds.items[s]!]![seeds.classes[s]!] = 1;
  return rows;
}

const someSeeds = fc.uniqueArray(fc.nat(N - 1), { minLength: 2, maxLength: 12 }).chain((items) =>
  fc.record({
    classCount: fc.constant(CLASSES),
    items: fc.constant(items),
    classes: fc.array(fc.nat(CLASSES - 1), { minLength: items.length, maxLength: items.length }),
  }),
);

function expectClose(values: Float32Array, reference: readonly (readonly number[])[], share: number): void {
  const scale = Math.max(1e-9, ...reference.flat().map(Math.abs));
  for (let i = 0; i < N; i++) {
    for (let c = 0; c < CLASSES; c++) {
      expect(Math.abs(values[i * CLASSES + c]! - reference[i]![c]!) / scale).toBeLessThan(share);
    }
  }
}

describe.each(METHODS)('%s', (method) => {
  it('solves the system of its definition', () => {
    fc.assert(
      fc.property(someSeeds, fc.nat(5), (seeds, seed) => {
        const affinity = affinityFor(seed);
        expectClose(solveField(affinity, method, seeds).values, REFERENCE[method](dense(affinity), seeds), 2e-3);
      }),
      { numRuns: 15 },
    );
  });

  it('with a label more equals solving anew', () => {
    fc.assert(
      fc.property(someSeeds, fc.nat(5), (seeds, seed) => {
        const affinity = affinityFor(seed);
        const last = seeds.items.length - 1;
        const before = { ...seeds, items: seeds.items.slice(0, last), classes: seeds.classes.slice(0, last) };
        const field = addToField(
          affinity,
          solveField(affinity, method, before),
          seeds.items[last]!,
          seeds.classes[last]!,
        );
        expect(field.seeds).toEqual(seeds);
        expectClose(field.values, REFERENCE[method](dense(affinity), seeds), 4e-3);
      }),
      { numRuns: 15 },
    );
  });

  it('decides with a hundredth label added as with a hundred solved anew', () => {
    const n = 500;
    const heap = new KernelHeap({ bytes: 8 << 20 });
    const affinity = affinityOf(
      exactGraph(heap, loadMatrix(heap, noise(n, DIM, 3), DIM, { normalise: true }).matrix, 8),
    );
    const items = Array.from({ length: 100 }, (_, s) => (s * 7) % n);
    const classes = items.map((item) => (item * 31) % CLASSES);
    const before = { classCount: CLASSES, items: items.slice(0, 99), classes: classes.slice(0, 99) };
    const grown = addToField(affinity, solveField(affinity, method, before), items[99]!, classes[99]!).values;
    const anew = solveField(affinity, method, { classCount: CLASSES, items, classes }).values;
    const scale = Math.max(...anew.map(Math.abs));
    let decided = 0;
    for (let i = 0; i < n; i++) {
      const [a, b] = [grown, anew].map((values) => [...values.subarray(i * CLASSES, (i + 1) * CLASSES)]);
      for (let c = 0; c < CLASSES; c++) expect(Math.abs(a![c]! - b![c]!) / scale).toBeLessThan(1e-3);
      const [first, second] = [...b!].sort((x, y) => y - x);
      if (first! - second! < 2e-3 * scale) continue;
      decided++;
      expect(a!.indexOf(Math.max(...a!))).toBe(b!.indexOf(first!));
    }
    expect(decided).toBeGreaterThan(0.9 * n);
  });

  it('refuses labels that do not fit', () => {
    const affinity = affinityFor(1);
    const bad: Seeds[] = [
      { classCount: CLASSES, items: [N], classes: [0] },
      { classCount: CLASSES, items: [0.5], classes: [0] },
      { classCount: CLASSES, items: [1], classes: [CLASSES] },
      { classCount: CLASSES, items: [1, 1], classes: [0, 1] },
      { classCount: CLASSES, items: [1, 2], classes: [0] },
    ];
    for (const seeds of bad) expect(() => solveField(affinity, method, seeds)).toThrow(/labels to spread/);
    const field = solveField(affinity, method, { classCount: CLASSES, items: [1], classes: [0] });
    expect(() => addToField(affinity, field, 1, 2)).toThrow(/twice/);
  });
});

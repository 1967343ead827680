/** Methods that solve a linear system on the graph: spreading, harmonic, Poisson; one label more is one column more. */
import { drained } from '../../core/steps.ts';
import type { Affinity } from '../affinity.ts';
import { checkSeeds, type Seeds } from '../seeds.ts';
import { chebyshevPasses, chebyshevSteps, conjugateSteps, type SparseRows } from '../sparse.ts';

export type FieldMethod = 'spreading' | 'harmonic' | 'poisson';

/** A solved method: values before they are read as classes, and the labels they came from. */
export interface Field {
  readonly method: FieldMethod;
  readonly seeds: Seeds;
  /** (n x classCount) */
  readonly values: Float32Array;
}

/** Zhou et al., "Learning with Local and Global Consistency" (NIPS 2003). */
export const SPREADING_ALPHA = 0.99;
/** Errors far below what decides between two classes. */
const TOLERANCE = 1e-4;
/**
 * Poisson's system is singular on every connected part. This share of the degree on its diagonal ends the walks after
 * 100 steps or so: parts without a label, or with labels of one class, are well defined. Measured on four sets: 0.01 is
 * best or level, 0.001 and less cost up to 18 points where the graph mixes classes (docs/decisions/0011).
 */
const POISSON_SHIFT = 0.01;
const POISSON_ALPHA = 1 / (1 + POISSON_SHIFT);
const HARMONIC = { tolerance: 1e-5, passesMax: 600 };

/**
 * Solves a method for all labels. Values: spreading >= 0; harmonic 0..1, rows sum to 1 where a label is connected;
 * Poisson of either sign, larger = rather this class. Items that no label reaches are 0. Throws INPUT_BAD_FIELD for bad
 * seeds. Sources: Zhou et al. 2003; Zhu, Ghahramani and Lafferty, ICML 2003; Calder et al., ICML 2020.
 */
export function solveField(affinity: Affinity, method: FieldMethod, seeds: Seeds): Field {
  return drained(fieldSteps(affinity, method, seeds));
}

/** The same in steps, each a pass over the graph. */
export function* fieldSteps(affinity: Affinity, method: FieldMethod, seeds: Seeds): Generator<void, Field> {
  checkSeeds(seeds, affinity.itemCount);
  return { method, seeds, values: yield* SOLVERS[method](affinity, seeds) };
}

/**
 * The field with one label more, exact up to the tolerance of the solvers: each method's answer changes by an outer
 * product (one column over the items x one row over the classes), so one column is solved instead of classCount.
 */
export function addToField(affinity: Affinity, field: Field, item: number, label: number): Field {
  const { seeds, method } = field;
  const grown: Seeds = {
    classCount: seeds.classCount,
    items: [...Array.from(seeds.items), item],
    classes: [...Array.from(seeds.classes), label],
  };
  checkSeeds(grown, affinity.itemCount);
  if (seeds.items.length === 0) return solveField(affinity, method, grown);
  const { column, row } = CHANGES[method](affinity, field, item, label);
  const values = field.values.slice();
  const width = seeds.classCount;
  for (let i = 0; i < affinity.itemCount; i++) {
    const size = column[i]!;
    if (size !== 0) for (let c = 0; c < width; c++) values[i * width + c]! += size * row[c]!;
  }
  return { method, seeds: grown, values };
}

/** Sparse passes that spreading takes for all labels; the benchmark compares with as many bare ones. */
export const SPREADING_PASSES = chebyshevPasses(SPREADING_ALPHA, TOLERANCE);

const SOLVERS: Record<FieldMethod, (affinity: Affinity, seeds: Seeds) => Generator<void, Float32Array>> = {
  spreading: (affinity, seeds) =>
    chebyshevSteps(affinity, SPREADING_ALPHA, scaled(oneHot(seeds), 1 - SPREADING_ALPHA), SPREADING_PASSES),

  harmonic: (affinity, seeds) => harmonicSteps(affinity, oneHot(seeds), seeds.items),

  poisson(affinity, seeds) {
    const sources = oneHot(seeds);
    const count = seeds.items.length;
    const share = classShares(seeds);
    for (let s = 0; s < count; s++) {
      for (let c = 0; c < seeds.classCount; c++) sources.values[s * seeds.classCount + c]! -= share[c]!;
    }
    return poissonSteps(affinity, sources, chebyshevPasses(POISSON_ALPHA, TOLERANCE));
  },
};

interface Change {
  /** (n) */
  readonly column: Float32Array;
  /** (classCount) */
  readonly row: Float64Array;
}

const CHANGES: Record<FieldMethod, (affinity: Affinity, field: Field, item: number, label: number) => Change> = {
  spreading(affinity, { seeds }, item, label) {
    const source = { items: [item], width: 1, values: Float64Array.of(1 - SPREADING_ALPHA) };
    const passes = passesForOne(SPREADING_ALPHA, seeds);
    const column = drained(chebyshevSteps(affinity, SPREADING_ALPHA, source, passes));
    return { column, row: unitRow(seeds.classCount, label) };
  },

  /** u' = u + h (e - u(item)), h the harmonic function that is 1 at the item and 0 at the labels so far. */
  harmonic(affinity, { seeds, values }, item, label) {
    const source = { items: [item], width: 1, values: Float64Array.of(1) };
    const column = drained(harmonicSteps(affinity, source, [...Array.from(seeds.items), item]));
    const row = unitRow(seeds.classCount, label);
    return { column, row: row.map((one, c) => one - values[item * seeds.classCount + c]!) };
  },

  /** The mean class moves with the label, and all sources with it: together (m d_item - sum of d_label) / (m + 1). */
  poisson(affinity, { seeds }, item, label) {
    const count = seeds.items.length;
    const share = classShares(seeds);
    const source = new Float64Array(count + 1).fill(-1 / (count + 1));
    source[count] = count / (count + 1);
    const sources = { items: [...Array.from(seeds.items), item], width: 1, values: source };
    const column = drained(poissonSteps(affinity, sources, passesForOne(POISSON_ALPHA, seeds)));
    return { column, row: unitRow(seeds.classCount, label).map((one, c) => one - share[c]!) };
  },
};

/** One label is a small part of the whole, so the same absolute error takes fewer passes. */
function passesForOne(alpha: number, { items }: Seeds): number {
  return chebyshevPasses(alpha, Math.min(0.01, TOLERANCE * Math.sqrt(items.length)));
}

/** (D - W + shift D) u = sources, by v = sqrt(D) u. */
function* poissonSteps(
  { degrees, ...graph }: Affinity,
  { items, width, values }: SparseRows,
  passes: number,
): Generator<void, Float32Array> {
  const scaled = values.map(
    (value, at) => value * POISSON_ALPHA * inverseRoot(degrees[items[Math.floor(at / width)]!]!),
  );
  const v = yield* chebyshevSteps(graph, POISSON_ALPHA, { items, width, values: scaled }, passes);
  return unscale(v, width, degrees);
}

/** Weighted means of the neighbours everywhere but at the items held (`known` of them not at 0). */
function* harmonicSteps(affinity: Affinity, known: SparseRows, held: ArrayLike<number>): Generator<void, Float32Array> {
  const { itemCount, starts, columns, normalised, degrees } = affinity;
  const { items, width, values } = known;
  const fixed = new Uint8Array(itemCount);
  for (let s = 0; s < held.length; s++) fixed[held[s]!] = 1;
  const b = new Float32Array(itemCount * width);
  for (let s = 0; s < items.length; s++) {
    const item = items[s]!;
    for (let e = starts[item]!; e < starts[item + 1]!; e++) {
      const to = columns[e]!;
      if (fixed[to]) continue;
      const weight = normalised[e]! * Math.sqrt(degrees[item]!);
      for (let c = 0; c < width; c++) b[to * width + c]! += weight * values[s * width + c]!;
    }
  }
  const out = unscale(yield* conjugateSteps(affinity, 1, b, width, { ...HARMONIC, fixed }), width, degrees);
  for (let s = 0; s < items.length; s++) {
    for (let c = 0; c < width; c++) out[items[s]! * width + c] = values[s * width + c]!;
  }
  return out;
}

function unscale(v: Float32Array, width: number, degrees: Float32Array): Float32Array {
  for (let i = 0; i < degrees.length; i++) {
    const scale = inverseRoot(degrees[i]!);
    for (let c = 0; c < width; c++) v[i * width + c]! *= scale;
  }
  return v;
}

function inverseRoot(degree: number): number {
  return degree > 0 ? 1 / Math.sqrt(degree) : 0;
}

function oneHot({ items, classes, classCount }: Seeds): SparseRows {
  const values = new Float64Array(items.length * classCount);
  for (let s = 0; s < items.length; s++) values[s * classCount + classes[s]!] = 1;
  return { items, width: classCount, values };
}

function scaled(rows: SparseRows, scale: number): SparseRows {
  return { ...rows, values: rows.values.map((value) => value * scale) };
}

function unitRow(width: number, at: number): Float64Array {
  const row = new Float64Array(width);
  row[at] = 1;
  return row;
}

function classShares({ classes, classCount }: Seeds): Float64Array {
  const share = new Float64Array(classCount);
  for (let s = 0; s < classes.length; s++) share[classes[s]!]! += 1 / classes.length;
  return share;
}

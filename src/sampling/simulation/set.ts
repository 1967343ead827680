/** A labeled set to replay: embedding rows, classes, and which items may be queried. */

export interface SimulationSet {
  readonly name: string;
  readonly classes: readonly string[];
  readonly dim: number;
  /** (n x dim), unit-norm. */
  readonly rows: Float32Array;
  /** (n) class index. */
  readonly labels: Int32Array;
  /** Indices that may be queried, and those that only measure. */
  readonly pool: readonly number[];
  readonly test: readonly number[];
  /** Most items of the pool that one seed draws; left out: a few thousand. */
  readonly poolMax?: number;
  /** Labels at the start, per step, at the end. */
  readonly initial: number;
  readonly batch: number;
  readonly budget: number;
}

/** (items x dim) rows of some items. */
export function gather(set: SimulationSet, items: readonly number[]): Float32Array {
  const rows = new Float32Array(items.length * set.dim);
  for (const [k, i] of items.entries()) rows.set(set.rows.subarray(i * set.dim, (i + 1) * set.dim), k * set.dim);
  return rows;
}

/** (items x classes) 1 at the class of each item. */
export function oneHot(set: SimulationSet, items: readonly number[]): Float32Array {
  const targets = new Float32Array(items.length * set.classes.length);
  for (const [k, i] of items.entries()) targets[k * set.classes.length + set.labels[i]!] = 1;
  return targets;
}

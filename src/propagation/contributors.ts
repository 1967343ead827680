/** Which labels a proposal stands on: the labeled items of its class that lie nearest, for showing and for undoing. */
import { rowOf } from '../kernels/index.ts';
import type { PropagationPool } from './pool.ts';
import type { Seeds } from './seeds.ts';

export interface Contributor {
  readonly item: number;
  /** Cosine after smoothing over the graph, -1..1. */
  readonly similarity: number;
}

/** The five of a vote's provenance. */
const CONTRIBUTORS = 5;

/**
 * The strongest contributors of giving `label` to `item`: labeled items of that class by cosine of the smoothed rows,
 * nearest first, equal ones by number. What every method shares is that labels act through such neighbours.
 */
export function contributorsOf(
  { smoothed }: PropagationPool,
  seeds: Seeds,
  item: number,
  label: number,
  count: number = CONTRIBUTORS,
): Contributor[] {
  const own = rowOf(smoothed, item);
  const found: Contributor[] = [];
  for (let s = 0; s < seeds.items.length; s++) {
    const other = seeds.items[s]!;
    if (seeds.classes[s] !== label || other === item) continue;
    found.push({ item: other, similarity: dot(own, rowOf(smoothed, other)) });
  }
  return found.sort((a, b) => b.similarity - a.similarity || a.item - b.item).slice(0, count);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

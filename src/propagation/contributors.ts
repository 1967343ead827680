/** Which labels a proposal stands on: the labeled items of its class that lie nearest, for showing and for undoing. */
import { gatherRows, gemm, rowOf } from '../kernels/index.ts';
import type { PropagationPool } from './pool.ts';
import type { Seeds } from './seeds.ts';

export interface Contributor {
  readonly item: number;
  /** Cosine after smoothing over the graph, -1..1. */
  readonly similarity: number;
}

/** The five of a vote's provenance. */
export const CONTRIBUTORS = 5;
const BLOCK_ROWS = 512;

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

/** (items x CONTRIBUTORS) places in `seeds`, nearest first; -1 where there are fewer. */
export interface ContributorTable {
  readonly places: Int32Array;
  readonly similarities: Float32Array;
}

/** `contributorsOf` for many items at once. */
export function contributorTable(
  { heap, smoothed }: PropagationPool,
  seeds: Seeds,
  items: ArrayLike<number>,
  labels: ArrayLike<number>,
): ContributorTable {
  const places = new Int32Array(items.length * CONTRIBUTORS).fill(-1);
  const similarities = new Float32Array(items.length * CONTRIBUTORS);
  heap.scoped(() => {
    const labeled = gatherRows(heap, smoothed, seeds.items);
    for (let first = 0; first < items.length && labeled.rows > 0; first += BLOCK_ROWS) {
      heap.scoped(() => {
        const count = Math.min(BLOCK_ROWS, items.length - first);
        const own = gatherRows(
          heap,
          smoothed,
          Array.from({ length: count }, (_, i) => items[first + i]!),
        );
        const products = heap.f32(count * labeled.rows);
        gemm(heap, own, labeled, null, products);
        for (let i = 0; i < count; i++) {
          const row = products.subarray(i * labeled.rows, (i + 1) * labeled.rows);
          const best = nearestSeeds(row, seeds, items[first + i]!, labels[first + i]!);
          for (const [rank, s] of best.entries()) {
            places[(first + i) * CONTRIBUTORS + rank] = s;
            similarities[(first + i) * CONTRIBUTORS + rank] = row[s]!;
          }
        }
      });
    }
  });
  return { places, similarities };
}

function nearestSeeds(row: Float32Array, { items, classes }: Seeds, item: number, label: number): number[] {
  const best: number[] = [];
  for (let s = 0; s < row.length; s++) {
    if (classes[s] !== label || items[s] === item) continue;
    if (best.length === CONTRIBUTORS && row[s]! <= row[best.at(-1)!]!) continue;
    let at = best.length;
    while (at > 0 && row[s]! > row[best[at - 1]!]!) at--;
    best.splice(at, 0, s);
    if (best.length > CONTRIBUTORS) best.pop();
  }
  return best;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

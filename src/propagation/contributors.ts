/** Which labels a proposal stands on: the labeled items of its class that lie nearest, for showing and for undoing. */
import { groupBy } from '../core/group.ts';
import { drained } from '../core/steps.ts';
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
  pool: PropagationPool,
  seeds: Seeds,
  items: ArrayLike<number>,
  labels: ArrayLike<number>,
): ContributorTable {
  return drained(contributorSteps(pool, seeds, items, labels));
}

/** The same in steps: items of one label at a time, against the labels of their class alone; yields the share done, 0..1. */
export function* contributorSteps(
  { heap, smoothed }: PropagationPool,
  seeds: Seeds,
  items: ArrayLike<number>,
  labels: ArrayLike<number>,
): Generator<number, ContributorTable> {
  const places = new Int32Array(items.length * CONTRIBUTORS).fill(-1);
  const similarities = new Float32Array(items.length * CONTRIBUTORS);
  const seedsOf = groupBy([...Array(seeds.items.length).keys()], (s) => seeds.classes[s]!);
  let done = 0;
  for (const [label, lines] of groupBy([...Array(items.length).keys()], (line) => labels[line]!)) {
    const own = seedsOf.get(label) ?? [];
    const mark = heap.mark();
    const labeled = gatherRows(
      heap,
      smoothed,
      own.map((s) => seeds.items[s]!),
    );
    for (let first = 0; first < lines.length && own.length > 0; first += BLOCK_ROWS) {
      const block = lines.slice(first, first + BLOCK_ROWS);
      heap.scoped(() => {
        const rows = gatherRows(
          heap,
          smoothed,
          block.map((line) => items[line]!),
        );
        const products = heap.f32(block.length * own.length);
        gemm(heap, rows, labeled, null, products);
        for (const [i, line] of block.entries()) {
          const row = products.subarray(i * own.length, (i + 1) * own.length);
          for (const [rank, at] of nearestSeeds(row, own, seeds, items[line]!).entries()) {
            places[line * CONTRIBUTORS + rank] = own[at]!;
            similarities[line * CONTRIBUTORS + rank] = row[at]!;
          }
        }
      });
      done += block.length;
      yield done / items.length;
    }
    heap.release(mark);
  }
  return { places, similarities };
}

/** Places in `own`, the labels of one class. */
function nearestSeeds(row: Float32Array, own: readonly number[], { items }: Seeds, item: number): number[] {
  const best: number[] = [];
  for (let at = 0; at < row.length; at++) {
    if (items[own[at]!] === item) continue;
    if (best.length === CONTRIBUTORS && row[at]! <= row[best.at(-1)!]!) continue;
    let place = best.length;
    while (place > 0 && row[at]! > row[best[place - 1]!]!) place--;
    best.splice(place, 0, at);
    if (best.length > CONTRIBUTORS) best.pop();
  }
  return best;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

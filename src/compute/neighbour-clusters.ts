/** Groups of tasks that lie together, for looking at and labeling many at once. */
import { seededRandom } from '../core/random.ts';
import { rowOf } from '../kernels/index.ts';
import type { PropagationPool } from '../propagation/index.ts';
import { kMeansSteps } from '../sampling/kmeans.ts';

/**
 * Clusters of the named tasks, the largest first, each from its middle outwards, in steps; yields the share done, 0..1.
 * `all`: ordinals of the pool's items. The heap is the caller's own until the last step.
 */
export function* clusterSteps(
  { heap, rows }: PropagationPool,
  all: Uint32Array,
  wanted: Uint32Array,
  count: number,
): Generator<number, Uint32Array[]> {
  const named = new Set(wanted);
  const items = Int32Array.from([...all.keys()].filter((i) => named.has(all[i]!) && rows.squares[i]! > 0));
  if (items.length === 0) return [];
  const even = new Float32Array(items.length).fill(1);
  const { clusterOf, clusterCount } = yield* kMeansSteps(heap, rows, items, even, count, seededRandom('clusters'));
  const groups = Array.from({ length: clusterCount }, (): number[] => []);
  for (const [at, cluster] of clusterOf.entries()) groups[cluster]!.push(items[at]!);
  return groups
    .filter((group) => group.length > 0)
    .sort((a, b) => b.length - a.length || a[0]! - b[0]!)
    .map((group) => {
      const middle = new Float64Array(rows.stride);
      for (const item of group) for (const [d, value] of rowOf(rows, item).entries()) middle[d]! += value;
      const along = new Map(
        group.map((item) => [item, rowOf(rows, item).reduce((sum, value, d) => sum + value * middle[d]!, 0)]),
      );
      group.sort((a, b) => along.get(b)! - along.get(a)! || a - b);
      return Uint32Array.from(group, (item) => all[item]!);
    });
}

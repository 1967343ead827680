/** TypiClust: the most typical item of each large cluster that has no label yet. */
import { seededRandom } from '../../core/random.ts';
import { gatherRows, matvec, rowOf } from '../../kernels/index.ts';
import { sampleByHash } from '../coverage.ts';
import { kMeans } from '../kmeans.ts';
import { ascending } from '../ordinals.ts';
import type { Pick, QueryContext, QueryStrategy } from '../strategy.ts';

/** Neighbours that say how typical an item is. */
const NEIGHBOURS = 20;
/** More clusters are too small to have a typical item. */
const CLUSTERS_MAX = 500;
/** Large pools are clustered on a sample: typical items are not rare. */
const POINTS_MAX = 2_000;

export const typicality: QueryStrategy = {
  name: 'typicality',
  summary: 'The most typical item of each large cluster without a label; needs no labels.',
  source: 'Hacohen et al., "Active learning on a budget: opposite strategies suit high and low budgets" (2022)',
  needsHead: false,
  pick: (context, k) => {
    const { rows, labeled, pending, seed } = context;
    const pool = sampleByHash(context.candidates, seed, Math.max(POINTS_MAX, 4 * k));
    const points = ascending([...pool, ...labeled, ...pending]);
    const clusterCount = Math.min(labeled.length + pending.length + k, CLUSTERS_MAX, points.length);
    if (clusterCount === 0) return [];
    const even = new Float32Array(points.length).fill(1);
    const random = seededRandom('typicality', seed, labeled.length);
    const { clusterOf } = kMeans(rows.heap, rows.matrix, points, even, clusterCount, random);
    return pickFrom(context, points, clusterOf, clusterCount, k);
  },
};

/** Clusters by labels they hold, then size; round after round until k are picked. */
function pickFrom(
  context: QueryContext,
  points: Int32Array,
  clusterOf: Int32Array,
  clusterCount: number,
  k: number,
): Pick[] {
  const taken = new Set([...context.labeled, ...context.pending]);
  const clusters = Array.from({ length: clusterCount }, (_, c) => {
    const members = points.filter((_, i) => clusterOf[i] === c);
    const open = members.filter((ordinal) => !taken.has(ordinal));
    return { open: byTypicality(context, members, open), labels: members.length - open.length, size: members.length };
  });
  const picks: Pick[] = [];
  for (;;) {
    const left = clusters.filter((cluster) => cluster.open.length > 0);
    if (picks.length >= k || left.length === 0) break;
    const next = left.reduce((a, b) => (b.labels < a.labels || (b.labels === a.labels && b.size > a.size) ? b : a));
    picks.push({ ordinal: next.open.shift()!, score: k - picks.length });
    next.labels++;
  }
  return picks;
}

/** Open members, those with the closest neighbours inside the cluster first. */
function byTypicality({ rows }: QueryContext, members: Int32Array, open: Int32Array): number[] {
  const { heap } = rows;
  return heap.scoped(() => {
    const cluster = gatherRows(heap, rows.matrix, members);
    const along = heap.f32(members.length);
    const place = new Map([...members].map((ordinal, i) => [ordinal, i]));
    const typical = [...open].map((ordinal) => {
      matvec(heap, cluster, rowOf(cluster, place.get(ordinal)!), along);
      const similar = Float32Array.from(along)
        .sort()
        .reverse()
        .subarray(1, NEIGHBOURS + 1);
      const mean = similar.reduce((sum, s) => sum + Math.sqrt(Math.max(0, 2 - 2 * s)), 0) / Math.max(1, similar.length);
      return { ordinal, mean };
    });
    return typical.sort((a, b) => a.mean - b.mean || a.ordinal - b.ordinal).map((one) => one.ordinal);
  });
}

/** Margin with a cluster quota: uncertain items, one from each region where there are some. */
import { seededRandom } from '../../core/random.ts';
import { uncertaintyOf } from '../acquisition.ts';
import { kMeans } from '../kmeans.ts';
import { topK } from '../select.ts';
import type { QueryStrategy } from '../strategy.ts';
import { mostUncertain } from './uncertainty-herding.ts';

/** Uncertain items considered per item asked for. */
const WIDTH = 10;

export const marginCluster: QueryStrategy = {
  name: 'margin-cluster',
  summary: 'Uncertain items, at most one from each cluster of them.',
  source: 'Zhdanov, "Diverse mini-batch active learning" (2019)',
  needsHead: true,
  pick: (context, k) => {
    const { rows, labeled, seed } = context;
    const points = mostUncertain(context, WIDTH * k);
    if (points.length === 0) return [];
    const weights = uncertaintyOf(context, points);
    const random = seededRandom('margin-cluster', seed, labeled.length);
    const { nearest } = kMeans(rows.heap, rows.matrix, points, weights, k, random);
    const found = nearest.filter((i) => i >= 0);
    const chosen = found.map((i) => points[i]!);
    const picks = topK(
      chosen,
      Float32Array.from(found, (i) => weights[i]!),
      k,
    );
    if (picks.length === k || picks.length === points.length) return picks;
    const taken = new Set(chosen);
    const rest = points.filter((ordinal) => !taken.has(ordinal));
    const floor = picks.at(-1)?.score ?? 1;
    const more = topK(rest, uncertaintyOf(context, rest), k - picks.length);
    return [...picks, ...more.map((pick) => ({ ...pick, score: Math.min(floor, pick.score) }))];
  },
};

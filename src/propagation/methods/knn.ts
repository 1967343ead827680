/** Vote of the nearest labeled items, with a confidence that was calibrated by distance on the labels themselves. */
import { solveLogistic } from '../../heads/logistic.ts';
import { allocNeighbours, gatherRows, gemm, mergeTopK, type NeighbourLists } from '../../kernels/index.ts';
import { squaredDistance } from '../affinity.ts';
import type { PropagationPool } from '../pool.ts';
import type { Seeds } from '../seeds.ts';
import { gaps, type Spread } from './spread.ts';

const VOTERS = 5;
const BLOCK_ROWS = 512;
/** Votes fall off to exp(-4) at the farthest voter, as the weights of the graph do. */
const FALLOFF = 4;
/** Fewer labels calibrate nothing; confidence is then the gap of the votes alone. */
const CALIBRATION_MIN = 10;
const CALIBRATION_L2 = 0.1;

/** Cover and Hart, 1967, weighted by distance; confidence = P(right | gap of the votes, distance), by leave-one-out. */
export function neighbourVote(pool: PropagationPool, seeds: Seeds): Spread {
  const { heap } = pool;
  return heap.scoped(() => {
    const lists = nearestLabeled(pool, seeds, Math.min(VOTERS, seeds.items.length));
    const votes = tally(lists, pool.rows.rows, seeds);
    const judge = calibrate(pool, seeds);
    const gap = gaps(votes, seeds.classCount);
    const confidence = gap.map((value, i) => judge(value, Math.max(0, nearestDistance(lists, i))));
    for (let i = 0; i < confidence.length; i++) if (lists.ids[i * lists.k]! < 0) confidence[i] = 0;
    return { classCount: seeds.classCount, probabilities: votes, confidence };
  });
}

/** Ids of the lists are places in `seeds`. Labeled items find themselves first. */
function nearestLabeled({ heap, rows }: PropagationPool, seeds: Seeds, k: number): NeighbourLists {
  const labeled = gatherRows(heap, rows, seeds.items);
  const lists = allocNeighbours(heap, rows.rows, k);
  const block = heap.f32(BLOCK_ROWS * labeled.rows);
  for (let first = 0; first < rows.rows; first += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, rows.rows - first);
    const data = rows.data.subarray(first * rows.stride, (first + count) * rows.stride);
    gemm(heap, { ...rows, rows: count, data }, labeled, null, block);
    for (let s = 0; s < labeled.rows; s++) {
      if (labeled.squares[s]! > 0) continue;
      for (let r = 0; r < count; r++) block[r * labeled.rows + s] = Number.NEGATIVE_INFINITY;
    }
    // Columns are numbered past all rows, so that no column passes for the row itself.
    const place = { firstRow: first, rows: count, firstColumn: rows.rows, columns: labeled.rows };
    mergeTopK(heap, block, place, lists);
  }
  for (let at = 0; at < lists.ids.length; at++) if (lists.ids[at]! >= 0) lists.ids[at]! -= rows.rows;
  for (let i = 0; i < rows.rows; i++) if (!(rows.squares[i]! > 0)) lists.ids.fill(-1, i * k, (i + 1) * k);
  return lists;
}

function nearestDistance({ similarities, k }: NeighbourLists, i: number): number {
  return Math.sqrt(squaredDistance(similarities[i * k]!));
}

/** (n x classCount) weighted shares of the votes; zero rows without voters. */
function tally({ ids, similarities, k }: NeighbourLists, n: number, { classes, classCount }: Seeds): Float32Array {
  const votes = new Float32Array(n * classCount);
  for (let i = 0; i < n; i++) {
    let count = 0;
    while (count < k && ids[i * k + count]! >= 0) count++;
    const width = count > 0 ? squaredDistance(similarities[i * k + count - 1]!) : 0;
    let sum = 0;
    for (let place = 0; place < count; place++) {
      const square = squaredDistance(similarities[i * k + place]!);
      const weight = width > 0 ? Math.exp((-FALLOFF * square) / width) : 1;
      votes[i * classCount + classes[ids[i * k + place]!]!]! += weight;
      sum += weight;
    }
    for (let c = 0; sum > 0 && c < classCount; c++) votes[i * classCount + c]! /= sum;
  }
  return votes;
}

/** Logistic fit of "the other labels vote right for this label" on the gap and the distance to the nearest of them. */
function calibrate(pool: PropagationPool, seeds: Seeds): (gap: number, distance: number) => number {
  const count = seeds.items.length;
  if (count < CALIBRATION_MIN) return (gap) => gap;
  const { features, targets } = leaveOneOut(pool, seeds);
  const fit = solveLogistic({ features, width: 2, targets, classCount: 1, link: 'sigmoid', l2: CALIBRATION_L2 });
  const [forGap, forDistance, bias] = [fit.weights[0]!, fit.weights[1]!, fit.bias[0]!];
  // More votes never speak against a label, nor a nearer neighbour: a fit that says so has met noise.
  return (gap, distance) =>
    1 / (1 + Math.exp(-(bias + Math.max(0, forGap) * gap + Math.min(0, forDistance) * distance)));
}

function leaveOneOut(pool: PropagationPool, seeds: Seeds): { features: Float64Array[]; targets: Float32Array } {
  const count = seeds.items.length;
  const lists = nearestLabeled(pool, seeds, Math.min(VOTERS + 1, count));
  const k = lists.k - 1;
  const others = { k, ids: new Int32Array(count * k), similarities: new Float32Array(count * k) };
  for (let s = 0; s < count; s++) {
    for (let from = 0, to = 0; from < lists.k && to < k; from++) {
      const at = seeds.items[s]! * lists.k + from;
      if (lists.ids[at] === s) continue;
      others.ids[s * k + to] = lists.ids[at]!;
      others.similarities[s * k + to++] = lists.similarities[at]!;
    }
  }
  const votes = tally(others, count, seeds);
  const gap = gaps(votes, seeds.classCount);
  const right = Array.from({ length: count }, (_, s) => {
    const row = votes.subarray(s * seeds.classCount, (s + 1) * seeds.classCount);
    return row[seeds.classes[s]!]! > 0 && row[seeds.classes[s]!]! === Math.max(...row) ? 1 : 0;
  });
  return {
    features: right.map((_, s) => Float64Array.of(gap[s]!, nearestDistance(others, s))),
    targets: Float32Array.from(right),
  };
}

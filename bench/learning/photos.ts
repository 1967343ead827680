/** Photos of clothes as a learning set: few items, so each seed takes one of five random splits. */
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { clothing } from '../propagation/clothing.ts';
import type { LearningSet } from './sets.ts';

const SPLITS = 5;
const POOL = 500;

/** undefined where the data are not on this machine. */
export async function clothingSplits(): Promise<LearningSet[] | undefined> {
  const photos = await clothing();
  if (photos === undefined) return undefined;
  const { name, dim, classCount } = photos;
  const rows = new Float32Array(new SharedArrayBuffer(photos.rows.byteLength));
  rows.set(photos.rows);
  return Array.from({ length: SPLITS }, (_, split) => {
    const order = shuffle([...photos.labels.keys()], seededRandom('clothing split', split));
    return {
      name,
      dim,
      rows,
      classes: Array.from({ length: classCount }, (_, c) => String(c)),
      labels: photos.labels,
      pool: order.slice(0, POOL),
      test: order.slice(POOL),
      initial: 10,
      batch: 10,
      budget: 200,
      coldStartAt: 10,
    };
  });
}

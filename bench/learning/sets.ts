/** The labeled data sets of the learning benchmark as unit-norm rows with fixed pool and test parts. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { seededRandom, shuffle } from '../../src/core/random.ts';
import type { SimulationSet } from '../../src/sampling/simulation/index.ts';

export interface LearningSet extends SimulationSet {
  /** Labels at which the cold start is read. */
  readonly coldStartAt: number;
}

export const DATA = join(import.meta.dirname, '../../../shared/data');

/** undefined where the data are not on this machine. */
export function digits(): LearningSet | undefined {
  const file = join(DATA, 'images/digits/digits.csv.gz');
  if (!existsSync(file)) return undefined;
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  const table = lines.map((line) => line.split(',').map(Number));
  const rows = new Float32Array(new SharedArrayBuffer(4 * table.length * 64));
  for (const [i, values] of table.entries()) rows.set(unit(values.slice(0, 64)), i * 64);
  const order = shuffle([...table.keys()], seededRandom('digits split'));
  return {
    name: 'digits',
    classes: Array.from({ length: 10 }, (_, c) => String(c)),
    dim: 64,
    rows,
    labels: Int32Array.from(table, (values) => values[64]!),
    pool: order.slice(0, 1_200),
    test: order.slice(1_200),
    initial: 10,
    batch: 10,
    budget: 200,
    coldStartAt: 10,
  };
}

export function unit(values: ArrayLike<number>): Float32Array {
  const row = Float32Array.from(values);
  const norm = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0));
  return row.map((v) => v / (norm || 1));
}

/**
 * One index in a process of its own: built, asked, saved, loaded. It works only when the suite gives it a turn, so that
 * whatever else the machine does hits it and its rival alike.
 */
import hnswlib from 'hnswlib-node';
import { exactKind } from '../../src/propagation/index-exact.ts';
import type { IndexKind } from '../../src/propagation/neighbour-index.ts';
import { whyUnusable, writeStamped } from '../../src/propagation/stamped-file.ts';
import { timeMs } from '../harness.ts';
import { indexRows } from './rows.ts';

export interface IndexTrial {
  readonly kind: 'usearch' | 'hnsw';
  readonly n: number;
  readonly dims: number;
  readonly queries: number;
  readonly k: number;
  readonly file: string;
}

export interface IndexOutcome {
  readonly buildMs: number;
  /** Resident memory that building added. */
  readonly rssMb: number;
  readonly loadMs: number;
  readonly recall: number;
  readonly queriesPerS: number;
}

/** As the product adds them. */
const BLOCK = 4_096;
/** Timings on a busy disk vary; the best is what the code costs. */
const LOADS = 7;

async function run({ kind: name, n, dims, queries, k, file }: IndexTrial): Promise<IndexOutcome> {
  const { indexKind } =
    name === 'usearch'
      ? await import('../../src/propagation/index-usearch.ts')
      : await import('../../src/propagation/index-hnsw.ts');
  const all = indexRows(n + queries, dims);
  const rowsOf = (ids: ArrayLike<number>, into: Float32Array): void => {
    for (let i = 0; i < ids.length; i++) into.set(all.subarray(ids[i]! * dims, (ids[i]! + 1) * dims), i * dims);
  };
  const options = { dims, metric: 'cosine' as const, expected: n, threads: 2, rowsOf };
  const fill = async (kind: IndexKind, mayAdd: () => Promise<void>) => {
    const index = kind.open(options);
    let ms = 0;
    for (let at = 0; at < n; at += BLOCK) {
      const count = Math.min(BLOCK, n - at);
      const ids = Uint32Array.from({ length: count }, (_, i) => at + i);
      await mayAdd();
      ms += await timeMs(() => index.add(ids, all.subarray(at * dims, (at + count) * dims)));
    }
    return { index, ms };
  };
  const before = residentMb();
  const { index, ms: buildMs } = await fill(indexKind, turn);
  const rssMb = residentMb() - before;

  const asked = all.subarray(n * dims);
  const found = index.search(asked, k);
  await turn();
  const searchMs = await timeMs(() => {
    for (let q = 0; q < queries; q++) index.search(asked.subarray(q * dims, (q + 1) * dims), k);
  });
  const truth = (await fill(exactKind, async () => undefined)).index.search(asked, k);
  let hits = 0;
  for (let q = 0; q < queries; q++) {
    const right = new Set(truth.ids.subarray(q * k, (q + 1) * k));
    for (const id of found.ids.subarray(q * k, (q + 1) * k)) if (right.has(id)) hits++;
  }

  // As the product does it: checksum and stamp first. The package alone is the baseline's load.
  if (name === 'usearch') writeStamped(file, 'bench', (path) => index.save(path));
  else index.save(file);
  const loads: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    await turn();
    loads.push(
      await timeMs(() => {
        if (name === 'hnsw') return void new hnswlib.HierarchicalNSW('ip', dims).readIndexSync(file);
        if (whyUnusable(file, (stamp) => stamp === 'bench')) throw new Error('damaged');
        indexKind.load(file, options);
      }),
    );
  }
  return {
    buildMs,
    rssMb,
    loadMs: Math.min(...loads),
    recall: hits / (queries * k),
    queriesPerS: (1_000 * queries) / searchMs,
  };
}

/** Resolves when the suite says so; it hears of the end of a turn by the wish for the next. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    process.once('message', () => resolve());
    process.send!({ wants: 'turn' });
  });
}

function residentMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss() / 1e6;
}

const outcome = await run(JSON.parse(process.argv[2]!) as IndexTrial);
process.send!({ outcome }, () => process.disconnect());

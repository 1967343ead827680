/** One index in a process of its own: built, asked, saved, loaded; prints what that took as JSON. */
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
/** Timings on a busy disk vary; the best of three is what the code costs. */
const LOADS = 3;

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
  const fill = (kind: IndexKind) => {
    const index = kind.open(options);
    for (let at = 0; at < n; at += BLOCK) {
      const count = Math.min(BLOCK, n - at);
      const ids = Uint32Array.from({ length: count }, (_, i) => at + i);
      index.add(ids, all.subarray(at * dims, (at + count) * dims));
    }
    return index;
  };
  const before = residentMb();
  const start = performance.now();
  const index = fill(indexKind);
  const buildMs = performance.now() - start;
  const rssMb = residentMb() - before;

  const asked = all.subarray(n * dims);
  const found = index.search(asked, k);
  const searchMs = await timeMs(() => {
    for (let q = 0; q < queries; q++) index.search(asked.subarray(q * dims, (q + 1) * dims), k);
  });
  const truth = fill(exactKind).search(asked, k);
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

function residentMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage.rss() / 1e6;
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as IndexTrial)));

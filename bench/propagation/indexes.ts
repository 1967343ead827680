/** Neighbour indexes and graphs: what they cost beside hnswlib, and what the default of a large project finds. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProducts } from '../../src/backends/products.ts';
import { KernelHeap, loadMatrix, matrixBytes } from '../../src/kernels/index.ts';
import { buildGraph } from '../../src/propagation/index.ts';
import type { Figure } from '../harness.ts';
import type { IndexOutcome, IndexTrial } from './index-trial.ts';
import { indexRows } from './rows.ts';

const DIMS = 384;
const GRAPH_ITEMS = 20_000;
const INDEX_ITEMS = 100_000;
const QUICK_ITEMS = 4_000;
const QUERIES = 500;
const K = 10;

export async function indexFigures(report: (figure: Figure) => void, quick: boolean): Promise<void> {
  await graphFigure(report, quick ? QUICK_ITEMS : GRAPH_ITEMS);
  await indexFigure(report, quick ? QUICK_ITEMS : INDEX_ITEMS);
}

/** The exact graph as the product builds it, and hnswlib's build alone; once each, in turn, since both take seconds. */
async function graphFigure(report: (figure: Figure) => void, n: number): Promise<void> {
  const rows = indexRows(n, DIMS);
  const heap = new KernelHeap({ bytes: matrixBytes(n, DIMS) + (96 << 20) });
  const { matrix } = loadMatrix(heap, rows, DIMS, { normalise: true });
  const products = await createProducts();
  const start = performance.now();
  const graph = await buildGraph(heap, matrix, { products });
  const ours = performance.now() - start;
  const theirs = (await inTurn(n, 'hnsw'))[0]!.buildMs;
  report({
    figure: 'exact_graph_vs_hnswlib_build',
    value: ours / theirs,
    runs: 1,
    unit: 'x',
    baseline: 'hnswlib-node build, M 16, efConstruction 100, one thread',
    n,
    extra: { ms: ours, baseline_ms: theirs, edges: graph.neighbours.length },
  });
}

async function indexFigure(report: (figure: Figure) => void, n: number): Promise<void> {
  const [ours, theirs] = (await inTurn(n, 'usearch', 'hnsw')) as [IndexOutcome, IndexOutcome];
  const line = { runs: 1, n, unit: 'x', baseline: 'hnswlib-node, M 16, efConstruction 100, in turn with it' };
  report({
    figure: 'index_recall_at_10',
    ...line,
    value: ours.recall,
    unit: '',
    baseline: 'exact scan; usearch in bytes, 20 candidates ranked again by the rows',
    extra: {
      queries_per_s: ours.queriesPerS,
      hnswlib_recall: theirs.recall,
      hnswlib_queries_per_s: theirs.queriesPerS,
    },
  });
  report({
    figure: 'index_build_vs_hnswlib',
    ...line,
    value: ours.buildMs / theirs.buildMs,
    extra: { ms: ours.buildMs, baseline_ms: theirs.buildMs },
  });
  report({
    figure: 'index_rss_vs_hnswlib',
    ...line,
    value: ours.rssMb / theirs.rssMb,
    extra: { mb: ours.rssMb, baseline_mb: theirs.rssMb, without: 'rows, which the process holds anyway' },
  });
  report({
    figure: 'index_load_vs_hnswlib',
    ...line,
    value: ours.loadMs / theirs.loadMs,
    extra: { ms: ours.loadMs, baseline_ms: theirs.loadMs },
  });
}

/** Each in a process of its own, so that memory is what this index took; one at work at a time, by turns. */
async function inTurn(n: number, ...kinds: IndexTrial['kind'][]): Promise<IndexOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-bench-index-'));
  try {
    const trials = kinds.map((kind) => {
      const child = start({ kind, n, dims: DIMS, queries: QUERIES, k: K, file: join(folder, kind) });
      return { child, said: hear(child), outcome: undefined as IndexOutcome | undefined };
    });
    while (trials.some((trial) => trial.outcome === undefined)) {
      for (const trial of trials) {
        if (trial.outcome) continue;
        trial.outcome = (await trial.said).outcome;
        if (trial.outcome) continue;
        trial.said = hear(trial.child);
        trial.child.send('go');
        await trial.said;
      }
    }
    return trials.map((trial) => trial.outcome!);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(request: IndexTrial): ChildProcess {
  const options = { execArgv: ['--expose-gc', '--import', 'tsx'] };
  return fork(join(import.meta.dirname, 'index-trial.ts'), [JSON.stringify(request)], options);
}

/** The next thing that a trial says: that it wants a turn, or how it went. */
function hear(child: ChildProcess): Promise<{ readonly outcome?: IndexOutcome }> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a trial of an index ended early'));
    child.once('exit', ended);
    child.once('message', (message: { readonly outcome?: IndexOutcome }) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

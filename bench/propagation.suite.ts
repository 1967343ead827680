/** Propagation: accuracy and kept promises on real sets over paired draws, what spreading costs, and neighbour indexes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { gaussian, seededRandom } from '../src/core/random.ts';
import { KernelHeap, loadMatrix } from '../src/kernels/index.ts';
import {
  addToField,
  affinityOf,
  exactGraph,
  SPREADING_PASSES,
  solveField,
  sparsePass,
} from '../src/propagation/index.ts';
import { type Figure, interleave, type Suite } from './harness.ts';
import { indexFigures } from './propagation/indexes.ts';
import type { SetOutcome, SetRequest } from './propagation/quality.ts';

const DRAWS = 20;
const DRAWS_QUICK = 4;
/** Sets measured at once: no figure of theirs is a time. */
const LANES = 2;

/** Set -> labels per class that a figure is reported for, the slowest first; the last is the gate's. */
const SETS: Readonly<Record<string, readonly number[]>> = {
  clothing: [5, 10],
  ag_news: [3, 10],
  fsdd: [5, 10],
  digits: [1, 5, 10],
  sms_spam: [1, 10],
  sst2: [10],
  youtube_spam: [5, 10],
};
/** Reported by itself: the promise over all sets is about the other six. */
const APART = 'fsdd';

export const suite: Suite = {
  name: 'propagation',
  async run(report, { quick, only }) {
    const named = Object.keys(SETS).filter((name) => only.includes(name));
    if (named.length === 0) {
      const indexes = /index|exact_graph/.test(only);
      if (!indexes) await speed(report, quick);
      if (indexes || only === '') await indexFigures(report, quick);
      if (only !== '' && !/accuracy|coverage|realised/.test(only)) return;
    }
    const names = quick ? ['digits'] : named.length > 0 ? named : Object.keys(SETS);
    const kept = await qualityOf(names, quick ? DRAWS_QUICK : DRAWS, report);
    if (kept.length === 0) return;
    report({
      figure: 'realised_precision_ok_all',
      value: kept.filter(Boolean).length / kept.length,
      runs: kept.length,
      unit: '',
      baseline: 'draws with realised precision >= 0.94 or nothing accepted, all sets',
      n: kept.length,
    });
  },
};

/** For every draw at the gate's labels per class: was the promise kept? */
async function qualityOf(
  names: readonly string[],
  draws: number,
  report: (figure: Figure) => void,
): Promise<boolean[]> {
  const waiting = [...names];
  const kept: boolean[] = [];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const outcome = await measured({ name, labels: SETS[name]!, draws });
      for (const figure of outcome.figures) report(figure);
      if (outcome.kept === null) process.stderr.write(`propagation: the data of ${name} are not here; skipped\n`);
      else if (name !== APART) kept.push(...outcome.kept);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return kept;
}

async function measured(request: SetRequest): Promise<SetOutcome> {
  const file = join(import.meta.dirname, 'propagation/quality.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', file, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) text += part;
  return JSON.parse(text) as SetOutcome;
}

/** Spreading on a ready graph against as many bare passes, and one label more against all labels anew. */
async function speed(report: (figure: Figure) => void, quick: boolean): Promise<void> {
  const [n, dim, classCount] = [quick ? 4_000 : 20_000, 32, 10];
  const { rows, labels } = clusters(n, dim, classCount);
  const heap = new KernelHeap({ bytes: 64 << 20 });
  const affinity = affinityOf(exactGraph(heap, loadMatrix(heap, rows, dim, { normalise: true }).matrix));
  const items = Array.from({ length: 200 }, (_, i) => i * 17);
  const seeds = { classCount, items, classes: items.map((i) => labels[i]!) };
  const values = new Float32Array(n * classCount).fill(1);
  const out = new Float32Array(n * classCount);
  const bare = (): void => {
    for (let pass = 0; pass < SPREADING_PASSES; pass++) sparsePass(affinity, values, classCount, out);
  };
  const against = await interleave(quick ? 3 : 5, () => solveField(affinity, 'spreading', seeds), bare);
  const { value, min, max, runs } = against;
  const extra = { ms: against.oursMs, baseline_ms: against.baselineMs };
  const baseline = `${SPREADING_PASSES} bare sparse passes over ${classCount} columns`;
  report({ figure: 'spreading_vs_passes', value, min, max, runs, unit: 'x', baseline, n, extra });
  for (const method of ['spreading', 'poisson', 'harmonic'] as const) {
    const field = solveField(affinity, method, seeds);
    const plus = await interleave(
      quick ? 3 : 5,
      () => addToField(affinity, field, 11, labels[11]!),
      () => solveField(affinity, method, seeds),
    );
    report({
      figure: method === 'spreading' ? 'plus_one_label_vs_full' : `plus_one_label_vs_full_${method}`,
      ...{ value: plus.value, min: plus.min, max: plus.max, runs: plus.runs, unit: 'x', n },
      baseline: `${method} anew with 200 labels`,
      extra: { ms: plus.oursMs, baseline_ms: plus.baselineMs },
    });
  }
}

function clusters(n: number, dim: number, classCount: number): { rows: Float32Array; labels: Int32Array } {
  const random = seededRandom('clusters', n, dim);
  const centres = Float32Array.from({ length: 4 * classCount * dim }, () => gaussian(random));
  const labels = new Int32Array(n);
  const rows = new Float32Array(n * dim);
  for (let i = 0; i < n; i++) {
    const cluster = random.int(4 * classCount);
    labels[i] = cluster % classCount;
    for (let d = 0; d < dim; d++) rows[i * dim + d] = centres[cluster * dim + d]! + 0.7 * gaussian(random);
  }
  return { rows, labels };
}

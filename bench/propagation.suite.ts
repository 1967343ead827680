/** Propagation: accuracy and kept promises on real sets over paired draws, and what spreading costs. */
import { gaussian, seededRandom, shuffle } from '../src/core/random.ts';
import { KernelHeap, loadMatrix } from '../src/kernels/index.ts';
import {
  addToField,
  affinityOf,
  type Choice,
  chooseMethod,
  exactGraph,
  labelsOf,
  METHOD_NAMES,
  type PropagationPool,
  preparePool,
  propagate,
  runMethods,
  type Seeds,
  SPREADING_PASSES,
  solveField,
  sparsePass,
  type Verified,
} from '../src/propagation/index.ts';
import { mean } from '../src/sampling/simulation/index.ts';
import { type Figure, interleave, type Suite } from './harness.ts';
import { digits } from './learning/sets.ts';
import { TEXT_SET_NAMES, textSet } from './learning/texts.ts';
import { clothing, type RowSet } from './propagation/clothing.ts';

const DRAWS = 20;
const DRAWS_QUICK = 4;
/** As in the reference: at most this many items of a set, human-verified items, labels per class for the gate. */
const ITEMS_MAX = 4_000;
const VERIFIED = 200;
const GATE_LABELS = 10;
const TARGET = 0.95;
/** A promise counts as kept down to here. */
const KEPT = 0.94;

/** Set -> labels per class that a figure is reported for; the last is the gate's. */
const SETS: Readonly<Record<string, readonly number[]>> = {
  digits: [1, 5, 10],
  youtube_spam: [5, 10],
  sms_spam: [1, 10],
  ag_news: [3, 10],
  clothing: [5, 10],
  sst2: [10],
};

export const suite: Suite = {
  name: 'propagation',
  async run(report, { quick, only }) {
    if (!Object.keys(SETS).some((name) => only.includes(name))) await speed(report, quick);
    const kept: boolean[] = [];
    for (const [name, labels] of Object.entries(SETS)) {
      if (quick && name !== 'digits') continue;
      if (only !== '' && Object.keys(SETS).some((other) => only.includes(other)) && !only.includes(name)) continue;
      const set = await loadSet(name);
      if (set === undefined) process.stderr.write(`propagation: the data of ${name} are not here; skipped\n`);
      else kept.push(...measure(set, labels, quick ? DRAWS_QUICK : DRAWS, report));
    }
    if (kept.length === 0) return;
    report({
      figure: 'realised_precision_ok_all',
      value: kept.filter(Boolean).length / kept.length,
      runs: kept.length,
      unit: '',
      baseline: `draws with realised precision >= ${KEPT} or nothing accepted, all sets`,
      n: kept.length,
    });
  },
};

async function loadSet(name: string): Promise<RowSet | undefined> {
  if (name === 'clothing') return clothing();
  const set = TEXT_SET_NAMES.includes(name) ? await textSet(name) : digits();
  if (set === undefined) return undefined;
  const order = shuffle([...set.labels.keys()], seededRandom('propagation items', name)).slice(0, ITEMS_MAX);
  const rows = new Float32Array(order.length * set.dim);
  for (const [k, i] of order.entries()) rows.set(set.rows.subarray(i * set.dim, (i + 1) * set.dim), k * set.dim);
  const labels = Int32Array.from(order, (i) => set.labels[i]!);
  return { name, classCount: set.classes.length, dim: set.dim, rows, labels };
}

interface Draw {
  readonly accuracy: number;
  readonly best: number;
  readonly choice: Choice;
  readonly coverage: number;
  readonly precision: number;
  readonly accepted: number;
}

/** Returns for every draw at the gate's labels per class whether the promise was kept. */
function measure(set: RowSet, perClass: readonly number[], draws: number, report: (figure: Figure) => void): boolean[] {
  const heap = new KernelHeap({ bytes: 512 << 20 });
  const pool = preparePool(heap, set.rows, set.dim);
  const n = set.labels.length;
  let atGate: Draw[] = [];
  for (const k of perClass) {
    const drawn = Array.from({ length: draws }, (_, draw) => one(pool, set, k, draw));
    const accuracy = drawn.map((d) => d.accuracy);
    report({
      figure: `${set.name}_accuracy_${k}`,
      ...spread(accuracy),
      runs: draws,
      unit: '%',
      baseline: `auto choice by ${VERIFIED} verified items, transductive, ${k} labels a class`,
      n,
      extra: {
        best_single: mean(drawn.map((d) => d.best)),
        chosen: tallyOf(drawn.map((d) => d.choice.method + (d.choice.corrected ? '*' : ''))),
      },
    });
    if (k === GATE_LABELS) atGate = drawn;
  }
  const kept = atGate.map((d) => d.accepted === 0 || d.precision >= KEPT);
  const line = { runs: draws, n, unit: '' };
  const baseline = `target ${TARGET}, ${GATE_LABELS} labels a class, ${VERIFIED} verified`;
  report({
    figure: `coverage_${set.name}`,
    ...spread(atGate.map((d) => 100 * d.coverage)),
    ...line,
    unit: '%',
    baseline,
  });
  const precisions = atGate.filter((d) => d.accepted > 0).map((d) => d.precision);
  report({
    figure: `realised_precision_ok_${set.name}`,
    value: kept.filter(Boolean).length / kept.length,
    ...line,
    baseline,
    extra: precisions.length > 0 ? { mean_precision: mean(precisions), worst: Math.min(...precisions) } : {},
  });
  return kept;
}

function one(pool: PropagationPool, set: RowSet, k: number, draw: number): Draw {
  const order = shuffle([...set.labels.keys()], seededRandom('propagation draw', set.name, k, draw));
  const items = Array.from({ length: set.classCount }, (_, c) => order.filter((i) => set.labels[i] === c).slice(0, k));
  const seeds: Seeds = { classCount: set.classCount, items: items.flat(), classes: items.flat().map(classOf(set)) };
  const labeled = new Set(seeds.items as number[]);
  const free = order.filter((i) => !labeled.has(i));
  const checked = free.slice(0, VERIFIED);
  const verified: Verified = { items: checked, classes: checked.map(classOf(set)) };
  const spreads = runMethods(pool, seeds);
  const choice = chooseMethod(spreads, verified);
  const rest = free.slice(VERIFIED);
  return {
    accuracy: accuracyOf(labelsOf(choice.spread), set, rest),
    best: Math.max(...METHOD_NAMES.map((name) => accuracyOf(labelsOf(spreads.get(name)!), set, rest))),
    choice,
    ...(k === GATE_LABELS ? gated(pool, set, seeds, verified, rest.length) : NOTHING_ACCEPTED),
  };
}

const NOTHING_ACCEPTED = { coverage: 0, precision: 1, accepted: 0 };

/** The whole act as the product does it: verified items teach and check at once. */
function gated(
  pool: PropagationPool,
  set: RowSet,
  seeds: Seeds,
  verified: Verified,
  candidates: number,
): Pick<Draw, 'coverage' | 'precision' | 'accepted'> {
  const { gate } = propagate(pool, seeds, verified, { target: TARGET });
  const accepted = gate.accepted.length;
  const right = [...gate.accepted].filter((i) => gate.labels[i] === set.labels[i]).length;
  return { coverage: accepted / candidates, precision: accepted > 0 ? right / accepted : 1, accepted };
}

const classOf =
  (set: RowSet) =>
  (i: number): number =>
    set.labels[i]!;

function accuracyOf(labels: Int32Array, set: RowSet, items: readonly number[]): number {
  return (100 * items.filter((i) => labels[i] === set.labels[i]).length) / items.length;
}

function spread(values: readonly number[]): { value: number; min: number; max: number } {
  return { value: mean(values), min: Math.min(...values), max: Math.max(...values) };
}

function tallyOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
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

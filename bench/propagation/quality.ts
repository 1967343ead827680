/** Accuracy and kept promises of one set over paired draws; a process per set, since draws are slow and cores are two. */
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { KernelHeap } from '../../src/kernels/index.ts';
import {
  type Choice,
  chooseMethod,
  labelsOf,
  METHOD_NAMES,
  type PropagationPool,
  preparePool,
  propagate,
  runMethods,
  type Seeds,
  type Verified,
} from '../../src/propagation/index.ts';
import { mean } from '../../src/sampling/simulation/index.ts';
import type { Figure } from '../harness.ts';
import { digits } from '../learning/sets.ts';
import { TEXT_SET_NAMES, textSet } from '../learning/texts.ts';
import { clothing, type RowSet } from './clothing.ts';
import { fsdd } from './sounds.ts';

/** As in the reference: at most this many items of a set, human-verified items, labels per class for the gate. */
const ITEMS_MAX = 4_000;
const VERIFIED = 200;
const GATE_LABELS = 10;
const TARGET = 0.95;
/** A promise counts as kept down to here. */
const KEPT = 0.94;

export interface SetRequest {
  readonly name: string;
  /** Labels per class that a figure is reported for; the last is the gate's. */
  readonly labels: readonly number[];
  readonly draws: number;
}

/** What the process prints, as one line of JSON; `kept` is null where the data are not on this machine. */
export interface SetOutcome {
  readonly figures: readonly Figure[];
  readonly kept: readonly boolean[] | null;
}

async function measureSet({ name, labels, draws }: SetRequest): Promise<SetOutcome> {
  const set = await loadSet(name);
  if (set === undefined) return { figures: [], kept: null };
  const figures: Figure[] = [];
  const kept = measure(set, labels, draws, (figure) => figures.push(figure));
  return { figures, kept };
}

async function loadSet(name: string): Promise<RowSet | undefined> {
  if (name === 'clothing') return clothing();
  if (name === 'fsdd') return fsdd();
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

process.stdout.write(JSON.stringify(await measureSet(JSON.parse(process.argv[2]!) as SetRequest)));

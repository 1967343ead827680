/** Spreading on a pool: labels by ordinal in, proposals by ordinal out; one question, or one per class. */
import { inTurns } from '../core/steps.ts';
import {
  CONTRIBUTORS,
  contributorSteps,
  METHOD_NAMES,
  type MethodName,
  NO,
  type Propagation,
  type PropagationPool,
  propagateSteps,
  type Seeds,
  type Verified,
  YES,
} from '../propagation/index.ts';
import type { LabeledOrdinal, Proposals, SpreadAnswer, SpreadRequest } from './neighbours.ts';

/** Beyond so many items only methods whose cost per item is small compete: a preview is to take minutes, not hours. */
const ALL_METHODS_ITEMS_MAX = 30_000;
const LEAN_METHODS: readonly MethodName[] = ['poisson', 'cluster_blend', 'smoothed_head', 'kmeans'];

type Progress = (stage: string, done: number) => Promise<void>;

export async function spreadOn(
  pool: PropagationPool,
  ordinals: Uint32Array,
  request: SpreadRequest,
  progress: Progress,
): Promise<SpreadAnswer[]> {
  const places = new Map([...ordinals].map((ordinal, i) => [ordinal, i]));
  const answered = [...request.seeds, ...request.verified];
  const methods = request.methods ?? (ordinals.length > ALL_METHODS_ITEMS_MAX ? LEAN_METHODS : METHOD_NAMES);
  const asked = request.multiple ? [...Array(request.classCount).keys()] : [null];
  const answers: SpreadAnswer[] = [];
  for (const [q, label] of asked.entries()) {
    await progress('spreading labels', q / asked.length);
    const classCount = label === null ? request.classCount : 2;
    const seeds = { classCount, ...placed(request.seeds, places, label) };
    const verified = placed(request.verified, places, label);
    const { target, level } = request;
    const inBulk = placed(
      request.seeds.filter((task) => task.inBulk),
      places,
      label,
    );
    const bulk = { items: inBulk.items, at: inBulk.at, verifiedAt: verified.at };
    const steps = propagateSteps(pool, seeds, verified, { target, level, methods, bulk });
    const outcome = await inTurns(steps, (done) => progress('spreading labels', (q + done) / asked.length));
    answers.push(await answerOf(pool, ordinals, label, outcome, { seeds, verified, places, answered }, progress));
  }
  return answers;
}

/** Answered tasks as items of the pool; those without a row are left out. */
function placed(
  tasks: readonly LabeledOrdinal[],
  places: ReadonlyMap<number, number>,
  label: number | null,
): { items: number[]; classes: number[]; at: number[] } {
  const there = tasks.filter((task) => places.has(task.ordinal) && (label !== null || task.classes.length > 0));
  return {
    items: there.map((task) => places.get(task.ordinal)!),
    classes: there.map(({ classes }) => (label === null ? classes[0]! : classes.includes(label) ? YES : NO)),
    at: there.map(({ at }) => at),
  };
}

interface Asked {
  readonly seeds: Seeds;
  readonly verified: Verified;
  readonly places: ReadonlyMap<number, number>;
  readonly answered: readonly LabeledOrdinal[];
}

async function answerOf(
  pool: PropagationPool,
  ordinals: Uint32Array,
  label: number | null,
  { choice, gate }: Propagation,
  asked: Asked,
  progress: Progress,
): Promise<SpreadAnswer> {
  const { coverage, evidence, withheld, ownFloor, more, checks } = gate;
  return {
    label,
    method: choice.method,
    corrected: choice.corrected,
    evidence: choice.evidence,
    gate: { coverage, evidence, withheld, ownFloor, more },
    proposals: await proposalsOf(pool, ordinals, { choice, gate }, asked, progress),
    checks: checks.map((check) => ({ label: check.label, confidence: check.confidence, right: check.right })),
  };
}

async function proposalsOf(
  pool: PropagationPool,
  ordinals: Uint32Array,
  { choice, gate }: Propagation,
  { seeds, verified, places, answered }: Asked,
  progress: Progress,
): Promise<Proposals> {
  const taught: Seeds = {
    classCount: seeds.classCount,
    items: [...Array.from(seeds.items), ...Array.from(verified.items)],
    classes: [...Array.from(seeds.classes), ...Array.from(verified.classes)],
  };
  const known = new Set(taught.items as number[]);
  const items = [...ordinals.keys()].filter((i) => !known.has(i) && gate.labels[i]! >= 0);
  const accepted = new Set(gate.accepted);
  const own = items.filter((i) => accepted.has(i));
  const ownLabels = own.map((i) => gate.labels[i]!);
  const table = await inTurns(contributorSteps(pool, taught, own, ownLabels), (done) =>
    progress('naming the labels behind', done),
  );
  const answeredAt = new Map(answered.map((task, at) => [places.get(task.ordinal), at]));
  const sources = new Int32Array(items.length * CONTRIBUTORS).fill(-1);
  const sourceSimilarities = new Float32Array(items.length * CONTRIBUTORS);
  let from = 0;
  for (const [line, item] of items.entries()) {
    if (!accepted.has(item)) continue;
    for (let rank = 0; rank < CONTRIBUTORS; rank++) {
      const place = table.places[from * CONTRIBUTORS + rank]!;
      if (place < 0) break;
      sources[line * CONTRIBUTORS + rank] = answeredAt.get(taught.items[place]!)!;
      sourceSimilarities[line * CONTRIBUTORS + rank] = table.similarities[from * CONTRIBUTORS + rank]!;
    }
    from++;
  }
  return {
    ordinals: Uint32Array.from(items, (i) => ordinals[i]!),
    labels: Int32Array.from(items, (i) => gate.labels[i]!),
    confidence: Float32Array.from(items, (i) => choice.spread.confidence[i]!),
    accepted: Uint8Array.from(items, (i) => (accepted.has(i) ? 1 : 0)),
    sources,
    sourceSimilarities,
  };
}

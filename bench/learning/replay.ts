/** Replays a labeled set through the learner: who is asked, what the head then knows. */
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { type Head, headMetrics, predict } from '../../src/heads/index.ts';
import { Learner, type QueryStrategy } from '../../src/sampling/index.ts';
import type { LearningSet } from './sets.ts';

/** The reference protocol: each seed draws its own part of the pool, so that deterministic policies vary too. */
const SUB_POOL_SHARE = 0.8;
const SUB_POOL_MAX = 3_000;

export interface Curve {
  readonly labels: readonly number[];
  /** 0..100, on the test part. */
  readonly accuracy: readonly number[];
  readonly macroF1: readonly number[];
}

/** A random part of the pool, the same for every strategy under one seed. */
export function subPool(set: LearningSet, seed: number): number[] {
  const size = Math.min(SUB_POOL_MAX, Math.round(SUB_POOL_SHARE * set.pool.length));
  return shuffle([...set.pool], seededRandom('sub-pool', set.name, seed)).slice(0, size);
}

export interface ReplayOptions {
  /** A full fit with penalty and temperature every so many labels; 0 = never. */
  readonly refitEvery?: number;
  readonly targetsMax?: number;
}

export function replay(
  set: LearningSet,
  strategy: string | QueryStrategy,
  seed: number,
  options: ReplayOptions = {},
): Curve {
  const { learner, pool } = begin(set, strategy, seed, options);
  const tests = testsOf(set);
  const curve = { labels: [] as number[], accuracy: [] as number[], macroF1: [] as number[] };
  const every = options.refitEvery ?? 0;
  while (learner.labeledCount < set.budget) {
    const before = learner.labeledCount;
    const wanted = before === 0 ? set.initial : set.batch;
    answer(learner, set, pool, Math.min(wanted, set.budget - before));
    const crossed = every > 0 && Math.floor(learner.labeledCount / every) > Math.floor(before / every);
    if (crossed) learner.install(learner.refit().head);
    const { accuracy, macroF1 } = measure(set, learner.liveHead(), tests);
    curve.labels.push(learner.labeledCount);
    curve.accuracy.push(100 * accuracy);
    curve.macroF1.push(100 * macroF1);
  }
  return curve;
}

/** Accuracy, 0..100, after the very first labels. */
export function coldStart(set: LearningSet, strategy: string | QueryStrategy, seed: number): number {
  const { learner, pool } = begin(set, strategy, seed, {});
  answer(learner, set, pool, set.coldStartAt);
  return 100 * measure(set, learner.liveHead(), testsOf(set)).accuracy;
}

function begin(set: LearningSet, strategy: string | QueryStrategy, seed: number, options: ReplayOptions) {
  const pool = subPool(set, seed);
  const { targetsMax } = options;
  const learner = new Learner({
    dim: set.dim,
    classes: set.classes,
    link: 'softmax',
    seed,
    strategy,
    expectedRows: pool.length,
    ...(targetsMax === undefined ? {} : { targetsMax }),
  });
  learner.addRows([...pool.keys()], gather(set, pool));
  return { learner, pool };
}

function answer(learner: Learner, set: LearningSet, pool: readonly number[], count: number): void {
  for (const { ordinal } of learner.order(count)) learner.label(ordinal, set.labels[pool[ordinal]!]!);
}

function testsOf(set: LearningSet): Tests {
  return { rows: gather(set, set.test), targets: oneHot(set, set.test) };
}

interface Tests {
  readonly rows: Float32Array;
  readonly targets: Float32Array;
}

/** Without a head the honest guess is one class for all. */
function measure(set: LearningSet, head: Head | null, tests: Tests): { accuracy: number; macroF1: number } {
  if (head === null) return { accuracy: 1 / set.classes.length, macroF1: 0 };
  return headMetrics('softmax', predict(head, tests.rows), tests.targets, set.classes.length);
}

export function gather(set: LearningSet, items: readonly number[]): Float32Array {
  const rows = new Float32Array(items.length * set.dim);
  for (const [k, i] of items.entries()) rows.set(set.rows.subarray(i * set.dim, (i + 1) * set.dim), k * set.dim);
  return rows;
}

export function oneHot(set: LearningSet, items: readonly number[]): Float32Array {
  const targets = new Float32Array(items.length * set.classes.length);
  for (const [k, i] of items.entries()) targets[k * set.classes.length + set.labels[i]!] = 1;
  return targets;
}

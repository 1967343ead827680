/** Replays a labeled set through the learner: who is asked, what the head then knows. */
import { seededRandom, shuffle } from '../../core/random.ts';
import { type Head, headMetrics, predict } from '../../heads/index.ts';
import { Learner } from '../learner.ts';
import type { QueryStrategy } from '../strategy.ts';
import { gather, oneHot, type SimulationSet } from './set.ts';

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
export function subPool(set: SimulationSet, seed: number): number[] {
  const size = Math.min(set.poolMax ?? SUB_POOL_MAX, Math.round(SUB_POOL_SHARE * set.pool.length));
  return shuffle([...set.pool], seededRandom('sub-pool', set.name, seed)).slice(0, size);
}

export interface ReplayOptions {
  /** A full fit with penalty and temperature every so many labels; 0 = never. */
  readonly refitEvery?: number;
  readonly targetsMax?: number;
}

/**
 * Labels `set.pool` from its own labels in the order that the strategy asks for, measuring after each batch on
 * `set.test`. Deterministic in (set, strategy, seed). Throws INPUT_BAD_FIELD for an unknown strategy.
 */
export function replay(
  set: SimulationSet,
  strategy: string | QueryStrategy,
  seed: number,
  options: ReplayOptions = {},
): Curve {
  const { learner, pool } = begin(set, strategy, seed, options);
  const tests = testsOf(set);
  const curve = { labels: [] as number[], accuracy: [] as number[], macroF1: [] as number[] };
  const every = options.refitEvery ?? 0;
  const budget = Math.min(set.budget, pool.length);
  let firstClass: number | undefined;
  while (learner.labeledCount < budget) {
    const before = learner.labeledCount;
    const wanted = before === 0 ? set.initial : set.batch;
    const first = answer(learner, set, pool, Math.min(wanted, budget - before));
    firstClass ??= set.labels[first]!;
    const crossed = every > 0 && Math.floor(learner.labeledCount / every) > Math.floor(before / every);
    if (crossed) learner.install(learner.refit().head);
    const { accuracy, macroF1 } = measure(set, learner.liveHead(), firstClass, tests);
    curve.labels.push(learner.labeledCount);
    curve.accuracy.push(100 * accuracy);
    curve.macroF1.push(100 * macroF1);
  }
  return curve;
}

function begin(set: SimulationSet, strategy: string | QueryStrategy, seed: number, options: ReplayOptions) {
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

/** Returns the item asked about first. */
function answer(learner: Learner, set: SimulationSet, pool: readonly number[], count: number): number {
  const asked = learner.order(count).map(({ ordinal }) => ordinal);
  for (const ordinal of asked) learner.label(ordinal, set.labels[pool[ordinal]!]!);
  return pool[asked[0]!]!;
}

function testsOf(set: SimulationSet): Tests {
  return { rows: gather(set, set.test), targets: oneHot(set, set.test) };
}

interface Tests {
  readonly rows: Float32Array;
  readonly targets: Float32Array;
}

/** Before a second class has a label there is no head: what is known of then is the first one's. */
function measure(
  set: SimulationSet,
  head: Head | null,
  only: number,
  tests: Tests,
): { accuracy: number; macroF1: number } {
  const classCount = set.classes.length;
  const said = head === null ? everything(only, set.test.length, classCount) : predict(head, tests.rows);
  return headMetrics('softmax', said, tests.targets, classCount);
}

function everything(only: number, n: number, classCount: number): Float32Array {
  return new Float32Array(n * classCount).map((_, i) => (i % classCount === only ? 1 : 0));
}

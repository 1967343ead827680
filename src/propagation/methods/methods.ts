/** Every method under its name, run over a prepared pool; what ensembles need is computed once. */
import { AppError } from '../../core/errors.ts';
import { drained } from '../../core/steps.ts';
import type { PropagationPool } from '../pool.ts';
import { checkSeeds, compactSeeds, type Seeds, seenIn } from '../seeds.ts';
import { geometricMean } from './ensemble.ts';
import { type FieldMethod, fieldSteps } from './field.ts';
import { headSteps } from './head.ts';
import { seededKMeans } from './kmeans.ts';
import { neighbourVote } from './knn.ts';
import { fromMass, fromScores, type Spread } from './spread.ts';

/**
 * - `poisson`: Poisson learning, first while nothing is verified; `spreading`, `harmonic`: label spreading, harmonic functions;
 * - `knn`: vote of the five nearest labels; `kmeans`: label-seeded soft spherical k-means;
 * - `head`, `smoothed_head`: logistic head on the rows, and on the rows smoothed over the graph;
 * - `head_blend` (both graphs' and head's view: smoothed_head, spreading, head), `cluster_blend` (smoothed_head, poisson,
 *   kmeans): geometric means.
 */
export const METHOD_NAMES = [
  'poisson',
  'cluster_blend',
  'smoothed_head',
  'spreading',
  'harmonic',
  'kmeans',
  'head_blend',
  'head',
  'knn',
] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

type Steps = Generator<unknown, Spread>;
type Runner = (pool: PropagationPool, seeds: Seeds, run: (name: MethodName) => Steps) => Steps;

const RUNNERS: Record<MethodName, Runner> = {
  poisson: (pool, seeds) => fieldSpread(pool, 'poisson', seeds),
  spreading: (pool, seeds) => fieldSpread(pool, 'spreading', seeds),
  harmonic: (pool, seeds) => fieldSpread(pool, 'harmonic', seeds),
  *knn(pool, seeds) {
    yield;
    return neighbourVote(pool, seeds);
  },
  kmeans: seededKMeans,
  *head(pool, seeds) {
    return (yield* headSteps(pool.heap, pool.rows, seeds)).spread;
  },
  *smoothed_head(pool, seeds) {
    return (yield* headSteps(pool.heap, pool.smoothed, seeds)).spread;
  },
  *head_blend(_pool, _seeds, run) {
    return geometricMean([yield* run('smoothed_head'), yield* run('spreading'), yield* run('head')]);
  },
  *cluster_blend(_pool, _seeds, run) {
    return geometricMean([yield* run('smoothed_head'), yield* run('poisson'), yield* run('kmeans')]);
  },
};

/**
 * What each named method (default: all) says about every item of the pool. Classes without a label are never proposed;
 * with fewer than two labeled classes there is nothing to tell apart and every method stays silent. Labels of items
 * without direction spread nowhere and are left out. Throws INPUT_BAD_FIELD for bad seeds or an unknown name.
 */
export function runMethods(
  pool: PropagationPool,
  seeds: Seeds,
  names: readonly MethodName[] = METHOD_NAMES,
): Map<MethodName, Spread> {
  return drained(methodSteps(pool, seeds, names));
}

/** The same in steps: a turn for others before each method and within the longest ones, with the heap left as it is. */
export function* methodSteps(
  pool: PropagationPool,
  seeds: Seeds,
  names: readonly MethodName[] = METHOD_NAMES,
): Generator<unknown, Map<MethodName, Spread>> {
  checkSeeds(seeds, pool.rows.rows);
  const placed = seedsWithDirection(pool, seeds);
  const seen = seenIn(placed);
  const compact = compactSeeds(placed, seen);
  const done = new Map<MethodName, Spread>();
  function* run(name: MethodName): Steps {
    const ready = done.get(name) ?? (yield* runnerOf(name)(pool, compact, run));
    done.set(name, ready);
    return ready;
  }
  const silent = silence(pool.rows.rows, seeds.classCount);
  const all = new Map<MethodName, Spread>();
  for (const name of names) {
    all.set(name, seen.length < 2 ? silent : widen(yield* run(name), seen, seeds.classCount));
  }
  return all;
}

function seedsWithDirection({ rows }: PropagationPool, { items, classes, classCount }: Seeds): Seeds {
  const kept = [...Array(items.length).keys()].filter((s) => rows.squares[items[s]!]! > 0);
  return { classCount, items: kept.map((s) => items[s]!), classes: kept.map((s) => classes[s]!) };
}

function runnerOf(name: MethodName): Runner {
  if (name in RUNNERS) return RUNNERS[name];
  throw new AppError('INPUT_BAD_FIELD', `No propagation method '${name}'; there are ${METHOD_NAMES.join(', ')}.`, {
    details: { field: 'method' },
  });
}

function silence(n: number, classCount: number): Spread {
  return { classCount, probabilities: new Float32Array(n * classCount), confidence: new Float32Array(n) };
}

/** Columns of the seen classes back at their own numbers. */
function widen(spread: Spread, seen: readonly number[], classCount: number): Spread {
  if (seen.length === classCount) return spread;
  const n = spread.confidence.length;
  const probabilities = new Float32Array(n * classCount);
  for (let i = 0; i < n; i++) {
    for (const [at, c] of seen.entries())
      probabilities[i * classCount + c] = spread.probabilities[i * seen.length + at]!;
  }
  return { classCount, probabilities, confidence: spread.confidence };
}

function* fieldSpread(pool: PropagationPool, method: FieldMethod, seeds: Seeds): Steps {
  const { values } = yield* fieldSteps(pool.affinity, method, seeds);
  return method === 'poisson' ? poissonSpread(values, seeds.classCount) : fromMass(values, seeds.classCount);
}

/** Poisson's values have no scale of their own: one typical value apart is one nat. */
function poissonSpread(values: Float32Array, classCount: number): Spread {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return fromScores(values, classCount, sum > 0 ? values.length / sum : 1);
}

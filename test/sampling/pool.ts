/** Small labeled pools and query contexts for the sampling tests. */
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { probabilitiesInto } from '../../src/heads/link.ts';
import { Coverage, type QueryContext, RowStore } from '../../src/sampling/index.ts';
import { poolPredictions } from '../../src/sampling/pool-predictions.ts';
import { clusters, flat } from '../heads/reference.ts';

export interface TestPool {
  readonly rows: Float32Array[];
  readonly classOf: number[];
  readonly dim: number;
  readonly classCount: number;
}

export function testPool(name: string, n = 60, dim = 12, classCount = 3, spread = 0.8): TestPool {
  return { ...clusters(seededRandom(name), n, dim, classCount, spread), dim, classCount };
}

/** A context with `labeled` rows, made-up but fixed predictions, and everything else as candidates. */
export function contextOf(
  pool: TestPool,
  labeled: readonly number[],
  options: Partial<QueryContext> = {},
): QueryContext {
  const rows = new RowStore({ dim: pool.dim, classCount: pool.classCount });
  rows.add([...pool.rows.keys()], flat(pool.rows));
  const random = seededRandom('predictions', pool.rows.length);
  const logits = Float32Array.from({ length: pool.rows.length * pool.classCount }, () => 1.5 * gaussian(random));
  rows.logits.set(logits);
  const out = new Set(labeled);
  const members = [0, 1, 2].map(() => logits.map((z) => z + gaussian(random)));
  const say = (from: Float32Array, ordinal: number, to: Float32Array, at: number): void =>
    probabilitiesInto('softmax', from, ordinal * pool.classCount, pool.classCount, 1, to, at);
  return {
    rows,
    candidates: Int32Array.from(pool.rows.keys()).filter((ordinal) => !out.has(ordinal)),
    labeled: Int32Array.from(labeled).sort(),
    labeledClass: Int32Array.from(labeled, (ordinal) => pool.classOf[ordinal]!),
    pending: new Int32Array(0),
    classCount: pool.classCount,
    predictions: poolPredictions(rows, 'softmax', 1),
    coverage: new Coverage(rows, rows.ordinals(), 1),
    committee: () => ({
      size: members.length,
      classCount: pool.classCount,
      probabilitiesInto: (ordinal, to) => {
        for (const [m, member] of members.entries()) say(member, ordinal, to, m * pool.classCount);
      },
    }),
    seed: 1,
    ...options,
  };
}

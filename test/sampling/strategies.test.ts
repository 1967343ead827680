/** What every registered strategy promises, and what each one is for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashUnit } from '../../src/core/random.ts';
import { interleave, Learner, QUERY_STRATEGIES, type QueryContext, queryStrategy } from '../../src/sampling/index.ts';
import { flat } from '../heads/reference.ts';
import { contextOf, testPool } from './pool.ts';

const pool = testPool('strategies', 60, 12, 3);
const ordinals = (picks: readonly { ordinal: number }[]): number[] => picks.map((pick) => pick.ordinal);
const pick = (name: string, context: QueryContext, k: number): number[] =>
  ordinals(queryStrategy(name).pick(context, k));

function probabilities(context: QueryContext, ordinal: number): number[] {
  const p = new Float32Array(context.classCount);
  context.predictions!.probabilitiesInto(ordinal, p, 0);
  return [...p];
}

describe('registry', () => {
  it('has distinct names, a summary and a source for each', () => {
    expect(new Set(QUERY_STRATEGIES.map((one) => one.name)).size).toBe(QUERY_STRATEGIES.length);
    for (const one of QUERY_STRATEGIES) expect(one.summary.length * one.source.length).toBeGreaterThan(0);
  });
});

describe('blends by weights', () => {
  const context = contextOf(pool, [0, 1, 2]);

  it('take items in turn as often as their weights say', () => {
    const margin = pick('margin', context, 60);
    const blend = pick('margin:2, random:1', context, 9);
    expect(blend.filter((ordinal) => margin.slice(0, 8).includes(ordinal)).length).toBeGreaterThanOrEqual(6);
    expect(new Set(blend).size).toBe(9);
    expect(pick(' margin : 1 ', context, 5)).toEqual(margin.slice(0, 5));
  });

  it('name what is wrong with them', () => {
    expect(() => queryStrategy('margin:2, best:1')).toThrow(/no query strategy 'best'/);
    expect(() => queryStrategy('margin:0, random:1')).toThrow(/above zero/);
    expect(() => queryStrategy('margin:, random')).toThrow(/no query strategy/);
  });
});

describe.each(QUERY_STRATEGIES)('$name', (strategy) => {
  it('picks distinct candidates, as many as there are up to k, scores not increasing, the same each time', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(59), { minLength: 3, maxLength: 60 }),
        fc.integer({ min: 1, max: 70 }),
        (labeled, k) => {
          const context = contextOf(pool, labeled);
          const picks = strategy.pick(context, k);
          expect(picks).toHaveLength(Math.min(k, context.candidates.length));
          expect(new Set(ordinals(picks)).size).toBe(picks.length);
          for (const ordinal of ordinals(picks)) expect(context.candidates).toContain(ordinal);
          for (let i = 1; i < picks.length; i++)
            expect(picks[i]!.score).toBeLessThanOrEqual(picks[i - 1]!.score + 1e-6);
          expect(strategy.pick(context, k)).toEqual(picks);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('copes with one row many times over', () => {
    const same = { ...pool, rows: pool.rows.map(() => pool.rows[0]!) };
    expect(strategy.pick(contextOf(same, [0, 1, 2]), 8)).toHaveLength(8);
  });

  it('drives a learner', () => {
    const classes = ['a', 'b', 'c'];
    const learner = new Learner({ dim: pool.dim, classes, link: 'softmax', seed: 3, strategy });
    learner.addRows([...pool.rows.keys()], flat(pool.rows));
    while (learner.labeledCount < 20) {
      for (const { ordinal } of learner.order(5)) learner.label(ordinal, pool.classOf[ordinal]!);
    }
    expect(learner.order(100)).toHaveLength(40);
  });

  it(strategy.singleChoiceOnly ? 'is refused in multi-label projects' : 'orders multi-label projects', () => {
    const make = (): Learner =>
      new Learner({ dim: pool.dim, classes: ['a', 'b', 'c'], link: 'sigmoid', seed: 3, strategy });
    if (strategy.singleChoiceOnly) {
      expect(make).toThrow(/single choice only/);
      return;
    }
    const learner = make();
    learner.addRows([...pool.rows.keys()], flat(pool.rows));
    for (let i = 0; i < 15; i++) learner.label(i, [pool.classOf[i] === 0 ? 1 : 0, pool.classOf[i] === 1 ? 1 : 0, 1]);
    expect(learner.order(9)).toHaveLength(9);
  });
});

describe('single strategies', () => {
  const context = contextOf(pool, [0, 1, 2]);

  it('margin, least-confidence and entropy equal a float64 sort', () => {
    const score = {
      margin: (p: number[]) => p[1]! - p[0]!,
      'least-confidence': (p: number[]) => -p[0]!,
      entropy: (p: number[]) => -p.reduce((sum, v) => sum + v * Math.log(v), 0),
    };
    for (const [name, by] of Object.entries(score)) {
      const value = (ordinal: number): number => by(probabilities(context, ordinal).sort((a, b) => b - a));
      const sorted = [...context.candidates].sort((a, b) => value(b) - value(a));
      expect(pick(name, context, 20)).toEqual(sorted.slice(0, 20));
    }
  });

  it('give the same order by a pass over the whole pool as one by one', () => {
    const large = contextOf(testPool('large', 2_400, 4, 3), [0, 1, 2]);
    for (const name of ['margin', 'leastConfidence', 'entropy'] as const) {
      const fast = ordinals(large.predictions!.top(name, large.candidates, 50));
      const scores = large.predictions!.scores(name, large.candidates);
      const exact = [...large.candidates.keys()]
        .sort((a, b) => scores[b]! - scores[a]!)
        .map((i) => large.candidates[i]!);
      expect(fast).toEqual(exact.slice(0, 50));
    }
  });

  it('random follows its seed only', () => {
    const other = contextOf(pool, [5, 6, 7], { candidates: context.candidates });
    expect(pick('random', other, 10)).toEqual(pick('random', context, 10));
    expect(pick('random', { ...context, seed: 2 }, 10)).not.toEqual(pick('random', context, 10));
  });

  it('k-center takes the farthest item each time', () => {
    const inside = [0, 1, 2];
    const square = (i: number, j: number): number =>
      pool.rows[i]!.reduce((sum, v, d) => sum + (v - pool.rows[j]![d]!) ** 2, 0);
    const expected: number[] = [];
    for (let step = 0; step < 10; step++) {
      const far = (i: number): number => Math.min(...inside.map((j) => square(i, j)));
      const left = [...context.candidates].filter((i) => !inside.includes(i));
      const next = left.reduce((a, b) => (far(b) > far(a) ? b : a));
      inside.push(next);
      expected.push(next);
    }
    expect(pick('k-center', context, 10)).toEqual(expected);
  });

  it('typicality visits clusters without labels before those with', () => {
    const clear = testPool('clear', 60, 12, 4, 0.15);
    const labeled = [0, 4, 1];
    const picks = pick('typicality', contextOf(clear, labeled), 5);
    expect(new Set(picks.slice(0, 2).map((i) => clear.classOf[i])).size).toBe(2);
    expect(
      picks
        .slice(0, 2)
        .map((i) => clear.classOf[i])
        .sort(),
    ).toEqual([2, 3]);
  });

  it('margin-cluster spreads over the regions of uncertain items', () => {
    const clear = testPool('spread', 80, 12, 4, 0.15);
    const picks = pick('margin-cluster', contextOf(clear, [0, 1]), 4);
    expect(new Set(picks.map((i) => clear.classOf[i])).size).toBeGreaterThanOrEqual(3);
  });

  it('density-margin prefers a crowd over a loner of the same margin', () => {
    const crowd = testPool('crowd', 59, 12, 2, 0.1);
    const loner = crowd.rows[0]!.map((v, j) => (j % 2 === 0 ? -v : v));
    const withLoner = { ...crowd, rows: [...crowd.rows, loner], classOf: [...crowd.classOf, 0] };
    const context2 = contextOf(withLoner, [0, 1]);
    context2.rows.logits.fill(0);
    expect(pick('density-margin', context2, 58).at(-1)).toBe(59);
  });

  it('class-balanced asks for the class with the fewest labels first', () => {
    const labeled = [0, 3, 6, 9, 12, 15, 1];
    const lopsided = contextOf(pool, labeled);
    const top = (ordinal: number): number => {
      const p = probabilities(lopsided, ordinal);
      return p.indexOf(Math.max(...p));
    };
    const picks = pick('class-balanced', lopsided, 3);
    expect(top(picks[0]!)).toBe(2);
    expect(picks.map(top)).not.toContain(0);
  });

  it('bald finds disagreement between sure members, vote-entropy disagreement of votes', () => {
    const sure = [0.98, 0.01, 0.01];
    const other = [0.01, 0.98, 0.01];
    const even = [0.5, 0.49, 0.01];
    const committee = {
      size: 2,
      classCount: 3,
      probabilitiesInto: (ordinal: number, out: Float32Array) => {
        const members = ordinal === 10 ? [sure, other] : ordinal === 11 ? [even, even] : [sure, sure];
        out.set(members.flat());
      },
    };
    const divided = contextOf(pool, [0, 1, 2], { committee: () => committee });
    expect(pick('bald', divided, 1)).toEqual([10]);
    expect(pick('vote-entropy', divided, 1)).toEqual([10]);
  });

  it('badge spreads where margin repeats itself', () => {
    const twins = {
      ...pool,
      rows: pool.rows.flatMap((row) => [row, row]),
      classOf: pool.classOf.flatMap((c) => [c, c]),
    };
    const context3 = contextOf(twins, [0, 1]);
    for (let i = 0; i < 120; i += 2) {
      context3.rows.logits.copyWithin((i + 1) * 3, i * 3, (i + 1) * 3);
    }
    const pairs = (picks: number[]): number => picks.length - new Set(picks.map((i) => i >> 1)).size;
    expect(pairs(pick('badge', context3, 20))).toBe(0);
    expect(pairs(pick('margin', context3, 20))).toBe(10);
  });
});

describe('interleave', () => {
  it('takes from its parts as their weights say', () => {
    const fixed = (name: string, salt: number) => ({
      ...queryStrategy('random'),
      name,
      pick: (context: QueryContext, k: number) =>
        [...context.candidates]
          .filter((ordinal) => ordinal % 2 === salt)
          .sort((a, b) => hashUnit(a) - hashUnit(b))
          .slice(0, k)
          .map((ordinal) => ({ ordinal, score: 0 })),
    });
    const shares = [
      { strategy: fixed('even', 0), weight: 3 },
      { strategy: fixed('odd', 1), weight: 1 },
    ];
    const picks = interleave('blend', 'three to one', 'test', shares).pick(contextOf(pool, [0, 1, 2]), 20);
    expect(picks.filter((one) => one.ordinal % 2 === 0)).toHaveLength(15);
  });
});

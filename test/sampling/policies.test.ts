/** Which policy a project gets, which it may choose, and the orders of spans, boxes and numbers behind them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import {
  checkPolicy,
  fittingPolicy,
  KeptOrder,
  NumberLearner,
  POLICIES,
  perCost,
  policyOf,
  QUERY_STRATEGIES,
  structuredOrder,
} from '../../src/sampling/index.ts';
import { flat, unitRow } from '../heads/reference.ts';

describe('policies', () => {
  it('have distinct names, and every query strategy is one', () => {
    const names = POLICIES.map((one) => one.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of QUERY_STRATEGIES) expect(names).toContain(name);
  });

  it('follow what is asked unless one is chosen that fits', () => {
    expect(fittingPolicy('uncertainty-herding', 'choices')).toBe('uncertainty-herding');
    expect(fittingPolicy('uncertainty-herding', 'tokens')).toBe('mnlp');
    expect(fittingPolicy('mnlp/cost', 'boxes')).toBe('box-margin-sum');
    expect(fittingPolicy('margin:2, random:1', 'numbers')).toBe('committee-variance');
    expect(fittingPolicy('margin:2, random:1', 'choices')).toBe('margin:2, random:1');
    for (const asked of ['choices', 'tokens', 'boxes', 'numbers'] as const) {
      expect(fittingPolicy('random/cost', asked)).toBe('random/cost');
      expect(() => checkPolicy(fittingPolicy('nothing', asked), asked === 'choices' ? null : asked)).not.toThrow(
        /orders/,
      );
    }
  });

  it('are refused by name where they do not fit or do not exist', () => {
    expect(() => checkPolicy('mnlp', 'choices')).toThrow(/'mnlp' orders spans, and this project asks for choices/);
    expect(() => checkPolicy('margin:2, random:1', 'boxes')).toThrow(/box-margin-sum/);
    expect(() => checkPolicy('margins', 'choices')).toThrow(/no query strategy 'margins'/);
    expect(() => checkPolicy('margin/cost', 'choices')).not.toThrow();
    expect(() => checkPolicy('margin', null)).not.toThrow();
    expect(policyOf('margin:2, random:1/cost')).toEqual({ name: 'margin:2, random:1', perCost: true });
  });
});

describe('an order by marks', () => {
  const marks = [[0.9], [0.4, 0.95], [], [0.4], [0.6, 0.6, 0.6]];
  const order = (name: string, k = 5, seed = 1): number[] =>
    structuredOrder(name, Int32Array.of(0, 1, 2, 3, 4), (i) => Float32Array.from(marks[i]!), k, seed).map(
      (pick) => pick.ordinal,
    );

  it('is that of the score, ties to the first, items without marks last', () => {
    expect(order('mnlp')).toEqual([3, 4, 1, 0, 2]);
    expect(order('lowest-token-probability')).toEqual([1, 3, 4, 0, 2]);
    expect(order('box-margin-sum')).toEqual([4, 1, 3, 0, 2]);
    expect(order('token-entropy', 2)).toEqual([3, 4]);
    expect(order('sequential', 3)).toEqual([0, 1, 2]);
  });

  it('kept while items come, change and go is the one made from scratch', () => {
    const scored = ['mnlp', 'lowest-token-probability', 'token-entropy', 'box-margin-sum', 'box-margin-mean'];
    const ordinal = fc.nat(40);
    const probabilities = fc.array(fc.constantFrom(0, 0.2, 0.5, 0.5000001, 0.9, 1), { maxLength: 5 });
    const change = fc.record({ ordinal, marks: fc.option(probabilities) });
    fc.assert(
      fc.property(
        fc.constantFrom(...scored, 'box-margin-max', 'random', 'sequential'),
        fc.array(change, { maxLength: 80 }),
        fc.uniqueArray(ordinal),
        fc.integer({ min: 0, max: 50 }),
        (name, changes, barred, k) => {
          const kept = new KeptOrder(name, 7);
          const items = new Map<number, Float32Array>();
          for (const { ordinal: at, marks: own } of changes) {
            if (own === null) {
              items.delete(at);
              kept.remove(at);
            } else {
              items.set(at, Float32Array.from(own));
              kept.set(at, items.get(at)!);
            }
          }
          const open = Int32Array.from(items.keys())
            .filter((at) => !barred.includes(at))
            .sort();
          const wanted = structuredOrder(name, open, (at) => items.get(at)!, k, 7);
          expect(kept.head(k, barred)).toEqual(wanted);
        },
      ),
    );
    expect(() => new KeptOrder('nothing', 1)).toThrow(/no score/);
  });

  it('that of import looks at what an item costs, when asked for gains per cost', () => {
    const kept = new KeptOrder('sequential', 1);
    for (let ordinal = 0; ordinal < 6; ordinal++) kept.set(ordinal, Float32Array.of(0.5));
    const cheapFirst = perCost(kept.head(6, []), (ordinal) => (ordinal === 1 ? 10 : 1), 6);
    expect(cheapFirst.map((pick) => pick.ordinal)).toEqual([0, 2, 3, 4, 5, 1]);
    expect(kept.head(2, [0]).map((pick) => pick.score)).toEqual([5, 4]);
  });

  it('at random depends on the seed alone', () => {
    expect(order('random')).toEqual(order('random'));
    expect(order('random', 5, 2).sort()).toEqual([0, 1, 2, 3, 4]);
  });
});

describe('the learner of numbers', () => {
  const random = seededRandom('numbers');
  const [dim, n] = [24, 200];
  // Half of the pool lies in a corner where answers are noisy.
  const rows = Array.from({ length: n }, (_, i) => {
    const row = unitRow(random, dim);
    row[0] = i % 2 ? 3 : -3;
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  });
  const learner = (strategy = 'committee-variance'): NumberLearner => {
    const own = new NumberLearner({ dim, seed: 1, strategy });
    own.addRows([...rows.keys()], flat(rows));
    return own;
  };

  it('starts without labels, then asks where its members differ', () => {
    const own = learner();
    expect(own.order(5).every(({ reason }) => reason.phase === 'seed')).toBe(true);
    for (let i = 0; i < 80; i++) own.label(i, [i % 2 ? 50 * gaussian(random) : 10]);
    const order = own.order(20, { exclude: [101], pending: [103] });
    expect(order.every(({ reason }) => reason.phase === 'uncertainty')).toBe(true);
    const ordinals = order.map((one) => one.ordinal);
    expect(ordinals.filter((ordinal) => ordinal % 2 === 1).length).toBeGreaterThan(12);
    expect(ordinals.some((ordinal) => ordinal < 80 || ordinal === 101 || ordinal === 103)).toBe(false);
    expect(own.order(20, { exclude: [101], pending: [103] })).toEqual(order);
    expect(order.map(({ score }) => score)).toEqual(order.map(({ score }) => score).sort((a, b) => b - a));
  });

  it('goes back to the seed when all numbers are equal or taken back, and forgets rows that go', () => {
    const own = learner();
    for (let i = 0; i < 20; i++) own.label(i, [7]);
    expect(own.contrasting).toBe(false);
    expect(own.order(3)[0]!.reason.phase).toBe('seed');
    own.label(0, [8]);
    expect(own.order(3)[0]!.reason.phase).toBe('uncertainty');
    for (let i = 0; i < 20; i++) own.label(i, null);
    expect(own.labeledCount).toBe(0);
    own.removeRows([...Array(195).keys()]);
    expect(
      own
        .order(10)
        .map((one) => one.ordinal)
        .sort(),
    ).toEqual([195, 196, 197, 198, 199]);
  });

  it('takes other orders by name', () => {
    expect(
      learner('sequential')
        .order(3)
        .map((one) => one.ordinal),
    ).toEqual([0, 1, 2]);
    expect(learner().order(3, { strategy: 'random' })).toHaveLength(3);
  });
});

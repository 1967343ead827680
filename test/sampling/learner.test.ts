/** The learner as the queue sees it: asks well, answers calibrated, forgets properly, comes back the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHead } from '../../src/heads/index.ts';
import { explain, Learner, type LearnerOptions, type QueryStrategy, queryStrategy } from '../../src/sampling/index.ts';
import { flat } from '../heads/reference.ts';
import { type TestPool, testPool } from './pool.ts';

function learnerOn(pool: TestPool, options: Partial<LearnerOptions> = {}): Learner {
  const classes = Array.from({ length: pool.classCount }, (_, c) => `class ${c}`);
  const learner = new Learner({ dim: pool.dim, classes, link: 'softmax', seed: 7, ...options });
  learner.addRows([...pool.rows.keys()], flat(pool.rows));
  return learner;
}

function labelFirst(learner: Learner, pool: TestPool, count: number): number[] {
  const asked: number[] = [];
  while (asked.length < count) {
    const [next] = learner.order(1);
    learner.label(next!.ordinal, pool.classOf[next!.ordinal]!);
    asked.push(next!.ordinal);
  }
  return asked;
}

const ordinalsOf = (ranked: readonly { ordinal: number }[]): number[] => ranked.map((one) => one.ordinal);

describe('order', () => {
  it('starts without labels, abstains, and finds every class within a few items', () => {
    const pool = testPool('cold', 90, 12, 3, 0.4);
    const learner = learnerOn(pool);
    const first = learner.order(10);
    expect(first.every((one) => one.reason.phase === 'seed' && one.reason.probabilities === null)).toBe(true);
    expect(new Set(first.slice(0, 4).map((one) => pool.classOf[one.ordinal])).size).toBe(3);
    expect(learner.suggest([0, 1])).toEqual([
      { ordinal: 0, probabilities: null },
      { ordinal: 1, probabilities: null },
    ]);
  });

  it('is a permutation of what is left, never what is excluded, pending or labeled', () => {
    const pool = testPool('permutation', 40);
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(39)), fc.uniqueArray(fc.nat(39)), fc.uniqueArray(fc.nat(39)), (a, b, c) => {
        const learner = learnerOn(pool);
        for (const ordinal of a) learner.label(ordinal, pool.classOf[ordinal]!);
        const order = learner.order(100, { exclude: b, pending: c });
        const barred = new Set([...a, ...b, ...c]);
        const left = [...pool.rows.keys()].filter((ordinal) => !barred.has(ordinal));
        expect(ordinalsOf(order).sort((x, y) => x - y)).toEqual(left);
        expect(order.map((one) => one.rank)).toEqual(left.map((_, i) => i + 1));
        for (let i = 1; i < order.length; i++) expect(order[i]!.score).toBeLessThanOrEqual(order[i - 1]!.score + 1e-6);
      }),
      { numRuns: 40 },
    );
  });

  it('moves on to what the head cannot tell apart once the seed is labeled', () => {
    const pool = testPool('phases', 120, 12, 3, 0.9);
    const learner = learnerOn(pool);
    labelFirst(learner, pool, 10);
    const next = learner.order(5);
    expect(next.every((one) => one.reason.phase === 'uncertainty')).toBe(true);
    const everything = learner.order(110).map((one) => one.reason.margin!);
    const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean(next.map((one) => one.reason.margin!))).toBeLessThan(mean(everything));
  });

  it('keeps its distance from items that are out with somebody else', () => {
    const pool = testPool('pending', 60, 6, 2, 0.3);
    const twin = {
      ...pool,
      rows: pool.rows.flatMap((row) => [row, row]),
      classOf: pool.classOf.flatMap((c) => [c, c]),
    };
    const learner = learnerOn(twin);
    const [first] = learner.order(1);
    const other = first!.ordinal ^ 1;
    expect(ordinalsOf(learner.order(8, { pending: [first!.ordinal] }))).not.toContain(other);
  });

  it('still orders one class only, fewer items than k, duplicates, and nothing at all', () => {
    const pool = testPool('corner', 12, 5, 2);
    const same = { ...pool, rows: pool.rows.map(() => pool.rows[0]!) };
    const learner = learnerOn(same);
    for (let ordinal = 0; ordinal < 11; ordinal++) learner.label(ordinal, 1);
    expect(ordinalsOf(learner.order(5))).toEqual([11]);
    expect(learner.order(5)[0]!.reason.phase).toBe('seed');
    learner.label(11, 0);
    expect(learner.order(5)).toEqual([]);
    expect(new Learner({ dim: 3, classes: ['a', 'b'], link: 'softmax', seed: 1 }).order(3)).toEqual([]);
  });

  it('takes every tie by the lowest ordinal', () => {
    const pool = testPool('ties', 20, 4, 2);
    const learner = learnerOn({ ...pool, rows: pool.rows.map(() => pool.rows[0]!) }, { strategy: 'margin' });
    for (let ordinal = 0; ordinal < 10; ordinal++) learner.label(ordinal, ordinal % 2);
    expect(ordinalsOf(learner.order(10))).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });
});

describe('suggestions', () => {
  it('are probabilities, right on easy data, and null for rows not embedded', () => {
    const pool = testPool('suggest', 90, 12, 3, 0.35);
    const learner = learnerOn(pool);
    labelFirst(learner, pool, 15);
    const said = learner.suggest([...pool.rows.keys(), 500]);
    expect(said.at(-1)).toEqual({ ordinal: 500, probabilities: null });
    const right = pool.classOf.filter(
      (c, i) => said[i]!.probabilities!.indexOf(Math.max(...said[i]!.probabilities!)) === c,
    );
    expect(right.length).toBeGreaterThan(85);
    for (const one of said.slice(0, 90)) expect(one.probabilities!.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  it('take the first labels as answers for what they were asked about', () => {
    const right = (strategy: QueryStrategy): number => {
      let sum = 0;
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        const pool = testPool(name, 200, 30, 3, 2);
        const learner = learnerOn(pool, { strategy });
        for (const { ordinal } of learner.order(6)) learner.label(ordinal, pool.classOf[ordinal]!);
        const said = learner.suggest([...pool.rows.keys()]).map(({ probabilities: p }) => p?.indexOf(Math.max(...p)));
        sum += said.filter((c, i) => c === pool.classOf[i]).length;
      }
      return sum / 1_200;
    };
    const asked = queryStrategy('uncertainty-herding');
    expect(right(asked)).toBeGreaterThan(right({ ...asked, unbiased: true }) + 0.03);
  });

  it('never name a class without a label', () => {
    const pool = testPool('absent', 30, 6, 2);
    const learner = learnerOn({ ...pool, classCount: 3 });
    for (let ordinal = 0; ordinal < 6; ordinal++) learner.label(ordinal, pool.classOf[ordinal]!);
    for (const { probabilities } of learner.suggest([10, 11])) expect(probabilities![2]).toBe(0);
  });

  it('abstain again when the labels of all classes but one are taken back', () => {
    const pool = testPool('undo', 30, 6, 2);
    const learner = learnerOn(pool);
    learner.label(0, 0);
    learner.label(1, 1);
    expect(learner.suggest([5])[0]!.probabilities).not.toBeNull();
    learner.label(1, null);
    expect(learner.suggest([5])[0]!.probabilities).toBeNull();
    expect(ordinalsOf(learner.order(30))).toContain(1);
  });

  it('judge each class for itself in multi-label projects', () => {
    const pool = testPool('multi', 60, 8, 3, 0.3);
    const learner = learnerOn(pool, { link: 'sigmoid' });
    for (let ordinal = 0; ordinal < 24; ordinal++) {
      const c = pool.classOf[ordinal]!;
      learner.label(ordinal, [c === 0 || c === 1 ? 1 : 0, c === 1 ? 1 : 0, c === 2 ? 1 : 0]);
    }
    const ordinal = pool.classOf.findIndex((c, i) => i >= 24 && c === 1);
    const p = learner.suggest([ordinal])[0]!.probabilities!;
    expect([...p].map((v) => v > 0.5)).toEqual([true, true, false]);
    expect(learner.order(3)).toHaveLength(3);
  });
});

describe('labels', () => {
  it('taken back or changed leave no trace', () => {
    const pool = testPool('trace', 50);
    const straight = learnerOn(pool);
    const detour = learnerOn(pool);
    for (let ordinal = 0; ordinal < 12; ordinal++) {
      straight.label(ordinal, pool.classOf[ordinal]!);
      detour.label(ordinal, (pool.classOf[ordinal]! + 1) % 3);
      detour.label(ordinal + 20, 1);
      detour.order(3);
    }
    for (let ordinal = 0; ordinal < 12; ordinal++) {
      detour.label(ordinal, pool.classOf[ordinal]!);
      detour.label(ordinal + 20, null);
    }
    expect(ordinalsOf(detour.order(20))).toEqual(ordinalsOf(straight.order(20)));
  });

  it('wait for rows that are not embedded yet', () => {
    const pool = testPool('early', 30);
    const learner = new Learner({ dim: pool.dim, classes: ['a', 'b', 'c'], link: 'softmax', seed: 1 });
    learner.label(0, 0);
    learner.label(1, 1);
    expect(learner.order(5)).toEqual([]);
    learner.addRows([...pool.rows.keys()], flat(pool.rows));
    expect(learner.suggest([2])[0]!.probabilities).not.toBeNull();
  });

  it.each([3, -1, 0.5, [0.5, 0.5], [0, 0, 0], [2, 0, 0], [Number.NaN, 0, 1]])(
    'that do not fit are refused: %j',
    (target) => {
      const learner = learnerOn(testPool('refused', 10));
      expect(() => learner.label(1, target)).toThrow(/does not fit 3 classes/);
      expect(learner.labeledCount).toBe(0);
    },
  );

  it('may be a distribution over the classes', () => {
    const pool = testPool('soft', 30, 6, 2);
    const learner = learnerOn(pool);
    learner.label(0, [0.9, 0.1]);
    learner.label(1, [0.2, 0.8]);
    const p = learner.suggest([0])[0]!.probabilities!;
    expect(p[0]!).toBeGreaterThan(p[1]!);
  });
});

describe('rows', () => {
  it('arriving in chunks end in the same order as all at once', () => {
    const pool = testPool('chunks', 70);
    const whole = learnerOn(pool);
    const chunked = new Learner({ dim: pool.dim, classes: whole.classes, link: 'softmax', seed: 7 });
    for (let from = 0; from < 70; from += 9) {
      const rows = pool.rows.slice(from, from + 9);
      chunked.addRows(
        rows.map((_, i) => from + i),
        flat(rows),
      );
      chunked.order(2);
    }
    chunked.settle();
    for (let ordinal = 0; ordinal < 12; ordinal++) {
      whole.label(ordinal, pool.classOf[ordinal]!);
      chunked.label(ordinal, pool.classOf[ordinal]!);
    }
    expect(chunked.order(20)).toEqual(whole.order(20));
  });

  it('removed take their labels along and are never asked for', () => {
    const pool = testPool('removed', 40);
    const learner = learnerOn(pool);
    for (let ordinal = 0; ordinal < 12; ordinal++) learner.label(ordinal, pool.classOf[ordinal]!);
    learner.removeRows([0, 3, 30]);
    expect(learner.labeledCount).toBe(10);
    expect(ordinalsOf(learner.order(50))).not.toContain(30);
    expect(learner.trainingSet().ordinals).not.toContain(3);
  });

  it('that are not finite or too short are refused as a whole', () => {
    const learner = learnerOn(testPool('bad rows', 10));
    expect(() => learner.addRows([20, 21], new Float32Array(24).fill(0.1, 0, 23).fill(Number.NaN, 23))).toThrow(
      /row 21/,
    );
    expect(() => learner.addRows([20], new Float32Array(5))).toThrow(/5 embedding values/);
    expect(learner.rowCount).toBe(10);
  });
});

describe('refit and install', () => {
  it('finds penalty and temperature, lists what flips, and duels on labels the champion has not seen', () => {
    const pool = testPool('refit', 150, 12, 3, 0.7);
    const learner = learnerOn(pool);
    for (let ordinal = 0; ordinal < 20; ordinal++) learner.label(ordinal, pool.classOf[ordinal]!);
    const first = learner.refit();
    expect(first.duel).toBeNull();
    learner.install(first.head);
    for (let ordinal = 20; ordinal < 60; ordinal++) learner.label(ordinal, pool.classOf[ordinal]!);
    const second = learner.refit();
    expect(second.outOfFold!.metrics!.n).toBe(60);
    expect(second.duel!.champion.n).toBe(40);
    const before = learner.suggest([...pool.rows.keys()]);
    learner.install(second.head);
    const after = learner.suggest([...pool.rows.keys()]);
    const top = (p: Float32Array | null): number => p!.indexOf(Math.max(...p!));
    const flipped = after.filter((one, i) => top(one.probabilities) !== top(before[i]!.probabilities));
    expect([...second.flipped]).toEqual(flipped.map((one) => one.ordinal));
  });

  it('comes back the same after a restart: rows, labels, head', () => {
    const pool = testPool('restart', 80);
    const before = learnerOn(pool);
    labelFirst(before, pool, 20);
    const { head } = before.refit();
    before.install(head);
    const more = labelFirst(before, pool, 5);
    const after = learnerOn(pool);
    for (const ordinal of [...head.trainedOn, ...more]) after.label(ordinal, pool.classOf[ordinal]!);
    after.install(head);
    expect(ordinalsOf(after.order(20))).toEqual(ordinalsOf(before.order(20)));
    expect(encodeHead(after.refit().head)).toEqual(encodeHead(before.refit().head));
  });

  it('notices a label that changed while the head was being fitted', () => {
    const pool = testPool('meanwhile', 60);
    const learner = learnerOn(pool);
    for (let ordinal = 0; ordinal < 15; ordinal++) learner.label(ordinal, ordinal === 4 ? 0 : pool.classOf[ordinal]!);
    const { head } = learner.refit();
    learner.label(4, pool.classOf[4]!);
    learner.label(5, null);
    learner.install(head);
    const straight = learnerOn(pool);
    for (let ordinal = 0; ordinal < 15; ordinal++) if (ordinal !== 5) straight.label(ordinal, pool.classOf[ordinal]!);
    straight.install({ ...head, trainedOn: [] });
    const [said] = learner.suggest([40]);
    const [expected] = straight.suggest([40]);
    for (let c = 0; c < 3; c++) expect(said!.probabilities![c]!).toBeCloseTo(expected!.probabilities![c]!, 4);
  });

  it('serves a pinned head as it is until another one is installed', () => {
    const pool = testPool('pinned', 60);
    const learner = learnerOn(pool);
    labelFirst(learner, pool, 12);
    const { head } = learner.refit();
    learner.install(head, { pinned: true });
    const served = learner.suggest([40])[0]!.probabilities;
    labelFirst(learner, pool, 8);
    expect(learner.suggest([40])[0]!.probabilities).toEqual(served);
    learner.install(head);
    expect(learner.suggest([40])[0]!.probabilities).not.toEqual(served);
  });
});

describe('classes', () => {
  it('added, re-ordered and removed carry their labels by name', () => {
    const pool = testPool('classes', 60, 8, 3, 0.3);
    const learner = learnerOn(pool);
    for (let ordinal = 0; ordinal < 15; ordinal++) learner.label(ordinal, pool.classOf[ordinal]!);
    const before = learner.suggest([30])[0]!.probabilities!;
    learner.setClasses(['new', 'class 2', 'class 1', 'class 0']);
    const moved = learner.suggest([30])[0]!.probabilities!;
    expect(moved[0]).toBe(0);
    for (let c = 0; c < 3; c++) expect(moved[3 - c]!).toBeCloseTo(before[c]!, 4);
    learner.setClasses(['class 0', 'class 1']);
    expect(learner.labeledCount).toBe(10);
    expect(learner.suggest([30])[0]!.probabilities).toHaveLength(2);
  });
});

describe('reasons', () => {
  it('are numbers in range and one sentence', () => {
    const pool = testPool('reason', 60);
    const learner = learnerOn(pool);
    const sentences = [explain(learner.order(1)[0]!.reason, learner.classes)];
    labelFirst(learner, pool, 12);
    for (const { reason } of learner.order(10)) {
      expect(reason.margin!).toBeGreaterThanOrEqual(0);
      expect(reason.nearestLabeled!).toBeGreaterThan(0);
      expect(reason.nearestLabeled!).toBeLessThanOrEqual(2);
      expect(reason.density).toBeGreaterThan(0);
      expect(reason.density).toBeLessThanOrEqual(1);
      sentences.push(explain(reason, learner.classes));
    }
    expect(sentences[0]).toMatch(/^Chosen before the model knows much: it .*\.$/);
    expect(sentences[1]).toMatch(/^The model wavers between class \d \d+ % and class \d \d+ %; the item .*\.$/);
  });

  it('say that the model wavers only where it does, and of labels that hold together which is least sure', () => {
    const says = (p: readonly number[], several?: boolean): string =>
      explain(
        { phase: 'uncertainty', probabilities: Float32Array.from(p), margin: 0.5, nearestLabeled: 1, density: 0.9 },
        ['a', 'b', 'c'],
        several,
      );
    expect(says([0.45, 0.5, 0.05])).toMatch(/^The model wavers between b 50 % and a 45 %;/);
    expect(says([0.98, 0.01, 0.01])).toMatch(/^The model says a 98 %;/);
    expect(says([0.97, 0.4, 0.02], true)).toMatch(/^The model is least sure of b 40 %;/);
  });
});

describe('strategies', () => {
  it('are chosen by name; an unknown one is refused with the list', () => {
    const learner = learnerOn(testPool('names', 10));
    learner.useStrategy('random');
    expect(learner.strategy.name).toBe('random');
    expect(() => learner.useStrategy('clairvoyance')).toThrow(/there are: uncertainty-herding/);
  });
});

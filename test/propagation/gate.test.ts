import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { KernelHeap } from '../../src/kernels/index.ts';
import { checksOf, gateWithRegion } from '../../src/propagation/gate.ts';
import {
  chooseMethod,
  correctShares,
  type Gate,
  labelsOf,
  lowerBound,
  type MethodName,
  NOTHING_VERIFIED,
  openGate,
  planSecondStage,
  preparePool,
  propagate,
  type Spread,
  testShares,
  upperBound,
  type Verified,
} from '../../src/propagation/index.ts';
import { planted } from './reference.ts';

interface Generated {
  readonly spread: Spread;
  readonly truth: Int32Array;
}

/** Two classes; P(right) of item i is `precision(rank)`, rank 1 = surest. */
function generate(n: number, precision: (rank: number) => number, seed: number): Generated {
  const random = seededRandom('gate', seed);
  const probabilities = new Float32Array(2 * n);
  const confidence = new Float32Array(n);
  const truth = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const rank = random.next();
    const label = random.int(2);
    confidence[i] = rank;
    probabilities[2 * i + label] = 1;
    truth[i] = random.next() < precision(rank) ? label : 1 - label;
  }
  return { spread: { classCount: 2, probabilities, confidence }, truth };
}

function verify({ truth }: Generated, items: readonly number[]): Verified {
  return { items, classes: items.map((i) => truth[i]!) };
}

const first = (count: number): number[] => [...Array(count).keys()];

function precisionOf(gate: Gate, truth: Int32Array): number {
  return gate.accepted.filter((i) => gate.labels[i] === truth[i]).length / gate.accepted.length;
}

describe('bounds of Clopper and Pearson', () => {
  it('meet the closed forms', () => {
    for (const n of [1, 13, 32, 400]) {
      expect(lowerBound(n, n, 0.8)).toBeCloseTo(0.2 ** (1 / n), 9);
      expect(upperBound(0, n, 0.8)).toBeCloseTo(1 - 0.2 ** (1 / n), 9);
      expect(lowerBound(1, n, 0.8)).toBeCloseTo(1 - 0.8 ** (1 / n), 9);
    }
    expect([lowerBound(0, 9, 0.8), upperBound(9, 9, 0.8), lowerBound(0, 0, 0.8), upperBound(0, 0, 0.8)]).toEqual([
      0, 1, 0, 1,
    ]);
  });

  it('leave the promised tail, counted out in full', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (n, share) => {
        const right = Math.max(1, Math.round(share * n));
        const p = lowerBound(right, n, 0.8);
        let tail = 0;
        for (let k = right; k <= n; k++) tail += choose(n, k) * p ** k * (1 - p) ** (n - k);
        expect(tail).toBeCloseTo(0.2, 6);
      }),
    );
  });

  it('32 right ones of 32 are the fewest that certify 95 %', () => {
    expect(lowerBound(31, 31, 0.8)).toBeLessThan(0.95);
    expect(lowerBound(32, 32, 0.8)).toBeGreaterThan(0.95);
  });
});

function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways *= (n - k + i) / i;
  return ways;
}

describe('gate', () => {
  it('keeps its promise on most draws and covers what it can', () => {
    const draws = first(60).map((seed) => {
      const one = generate(2_000, (rank) => (rank > 0.5 ? 0.99 : 0.7), seed);
      return { gate: openGate(one.spread, verify(one, first(200)), []), truth: one.truth };
    });
    const kept = draws.filter(({ gate, truth }) => gate.accepted.length === 0 || precisionOf(gate, truth) >= 0.94);
    expect(kept.length / draws.length).toBeGreaterThan(0.9);
    expect(draws.reduce((sum, { gate }) => sum + gate.coverage, 0) / draws.length).toBeGreaterThan(0.4);
  });

  it('abstains where surer predictions are no better', () => {
    for (const seed of first(10)) {
      const one = generate(1_000, () => 0.6, seed);
      const gate = openGate(one.spread, verify(one, first(200)), []);
      expect(gate.accepted).toHaveLength(0);
      expect(gate.coverage).toBe(0);
      expect(gate.evidence.bound).toBe(0);
    }
  });

  it('never accepts labeled or verified items, nor anything below its floor', () => {
    const one = generate(600, () => 1, 3);
    const gate = openGate(one.spread, verify(one, first(150)), [200, 201]);
    const taken = new Set([...first(150), 200, 201]);
    expect([...gate.accepted].some((i) => taken.has(i))).toBe(false);
    expect([...gate.accepted].every((i) => one.spread.confidence[i]! >= gate.floors[gate.labels[i]!]!)).toBe(true);
    expect(gate.coverage).toBeGreaterThan(0.95);
    expect(gate.evidence).toMatchObject({ rule: 'clopper-pearson', right: 150, total: 150 });
  });

  it('a stricter target or level accepts a part of what a milder one does', () => {
    fc.assert(
      fc.property(fc.nat(1_000), (seed) => {
        const one = generate(800, (rank) => 0.75 + 0.25 * rank, seed);
        const open = (target: number, level: number): Set<number> =>
          new Set(openGate(one.spread, verify(one, first(200)), [], { target, level }).accepted);
        const [mild, target, level] = [open(0.9, 0.8), open(0.95, 0.8), open(0.9, 0.95)];
        expect([...target, ...level].every((i) => mild.has(i))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('uses a fit below 100 verified items and nothing below 30, and says what would help', () => {
    const good = generate(1_000, () => 0.995, 8);
    const platt = openGate(good.spread, verify(good, first(60)), []);
    expect(platt.evidence.rule).toBe('platt');
    expect(platt.coverage).toBeGreaterThan(0.5);
    const few = openGate(good.spread, verify(good, first(20)), []);
    expect(few.evidence.rule).toBe('too-few');
    expect(few.accepted).toHaveLength(0);
    expect(few.more!.random).toBeGreaterThan(0);
    expect(few.more!.random).toBeLessThan(200);
    expect(openGate(good.spread, NOTHING_VERIFIED, []).more).toBeNull();
    const bad = generate(1_000, () => 0.5, 8);
    expect(openGate(bad.spread, verify(bad, first(60)), []).accepted).toHaveLength(0);
  });

  it('fixes the region of a second stage by what it says now, and draws from it at random', () => {
    const one = generate(2_000, (rank) => (rank > 0.6 ? 1 : 0.5), 5);
    const verified = verify(one, first(110));
    const gate = openGate(one.spread, verified, []);
    const plan = planSecondStage(one.spread, gate, verified.items, seededRandom('second'), 60)!;
    const region = new Set(plan.region);
    const { floor } = gate.more!;
    for (let i = 0; i < 2_000; i++) expect(region.has(i)).toBe(one.spread.confidence[i]! >= floor);
    expect([...plan.items].every((i) => region.has(i) && i >= 110)).toBe(true);
    expect(new Set(plan.items).size).toBe(60);
    const even = generate(300, () => 0.5, 5);
    const hopeless = openGate(even.spread, verify(even, first(200)), []);
    expect(planSecondStage(even.spread, { ...hopeless, more: null }, [], seededRandom('second'))).toBeNull();
  });

  it('counts a second sample inside its region only, where it may let more through and never less', () => {
    let gained = 0;
    for (const seed of first(20)) {
      const one = generate(2_000, (rank) => (rank > 0.6 ? 0.99 : 0.5), seed);
      const verified = verify(one, first(110));
      const gate = openGate(one.spread, verified, []);
      const plan = planSecondStage(one.spread, gate, verified.items, seededRandom('second', seed), 60);
      if (plan === null) continue;
      const region = new Set(plan.region);
      const candidates = Int32Array.from({ length: 2_000 }, (_, i) => i).filter(
        (i) => i >= 110 && !plan.items.includes(i),
      );
      const twice = (truth: Int32Array) => {
        const checks = checksOf(one.spread, verify({ ...one, truth }, [...plan.items]));
        return gateWithRegion(one.spread, gate.checks, { region, checks }, candidates);
      };
      const right = twice(one.truth);
      if (right.accepted.length > gate.accepted.length) {
        gained++;
        expect(right.accepted.every((i) => region.has(i))).toBe(true);
        expect(right.evidence.bound).toBeGreaterThanOrEqual(0.95);
        expect(precisionOf(right, one.truth)).toBeGreaterThanOrEqual(0.94);
      }
      const wrong = twice(one.truth.map((label, i) => (region.has(i) ? 1 - labelsOf(one.spread)[i]! : label)));
      expect(wrong.accepted.length).toBeLessThanOrEqual(gate.accepted.length);
    }
    expect(gained).toBeGreaterThan(2);
  });

  it('withholds a label that its own verified items speak against', () => {
    const n = 1_000;
    const one = generate(n, () => 1, 2);
    const truth = one.truth.map((label, i) => (label === 1 && i % 3 === 0 ? 0 : label));
    const gate = openGate(one.spread, verify({ ...one, truth }, first(140)), [], { target: 0.78 });
    expect(gate.withheld).toEqual([1]);
    expect([...gate.accepted].every((i) => gate.labels[i] === 0)).toBe(true);
  });

  it('refuses verified items that do not exist', () => {
    const one = generate(10, () => 1, 1);
    for (const stage of [
      { items: [10], classes: [0] },
      { items: [1], classes: [2] },
      { items: [1, 2], classes: [0] },
    ]) {
      expect(() => openGate(one.spread, stage, [])).toThrow(/verified items/);
    }
  });
});

describe('choice', () => {
  const [n, classCount] = [300, 3];
  const set = planted(n, 10, classCount, 0.8, 6);
  const truth = { items: first(90), classes: [...set.labels.subarray(0, 90)] };
  const say = (labels: ArrayLike<number>): Spread => {
    const probabilities = new Float32Array(n * classCount);
    for (let i = 0; i < n; i++) probabilities[i * classCount + labels[i]!] = 1;
    return { classCount, probabilities, confidence: new Float32Array(n).fill(1) };
  };
  const spreads = new Map<MethodName, Spread>([
    ['knn', say(set.labels.map((label, i) => (i % 4 === 0 ? (label + 1) % 3 : label)))],
    ['head', say(set.labels)],
    ['poisson', say(set.labels.map((label, i) => (i % 2 === 0 ? (label + 1) % 3 : label)))],
  ]);

  it('takes what is right most often on verified items and shows the evidence', () => {
    const choice = chooseMethod(spreads, truth);
    expect(choice.method).toBe('head');
    expect(choice.evidence[0]).toMatchObject({ method: 'head', corrected: false, right: 90, total: 90 });
    expect(choice.evidence.map((one) => one.method)).toContain('poisson');
    expect([...labelsOf(choice.spread)]).toEqual([...set.labels]);
  });

  it('takes Poisson while nothing is verified, and is less sure where views disagree', () => {
    expect(chooseMethod(spreads, { items: [], classes: [] }).method).toBe('poisson');
    const { confidence } = chooseMethod(spreads, truth).spread;
    expect(confidence[1]).toBeGreaterThan(confidence[0]!);
  });

  it('corrects class shares only where verified items reject them', () => {
    const even = say(set.labels);
    expect(testShares(even, truth).rejected).toBe(false);
    const soft = (i: number, c: number): number => (c === i % 3 ? 0.5 : 0.25);
    const spread = {
      ...even,
      probabilities: Float32Array.from({ length: n * 3 }, (_, at) => soft(Math.floor(at / 3), at % 3)),
    };
    const rare = { items: first(100), classes: first(100).map((i) => (i < 90 ? 0 : 1)) };
    expect(testShares(spread, rare).rejected).toBe(true);
    const mass = [0, 0, 0];
    correctShares(spread, rare).probabilities.forEach((p, at) => {
      mass[at % 3]! += p / n;
    });
    expect(mass[0]).toBeCloseTo(91 / 103, 2);
    expect(mass[1]).toBeCloseTo(11 / 103, 2);
  });

  it('the whole way: planted clusters are labeled, noise is not', () => {
    const pool = preparePool(new KernelHeap({ bytes: 8 << 20 }), set.rows, 10);
    const seeds = { classCount, items: [297, 298, 299], classes: [...set.labels.subarray(297)] };
    const verified = { items: first(120), classes: [...set.labels.subarray(0, 120)] };
    const { gate } = propagate(pool, seeds, verified);
    expect(gate.coverage).toBeGreaterThan(0.9);
    expect(precisionOf(gate, set.labels)).toBeGreaterThan(0.95);
    const random = seededRandom('no truth');
    const noise = { ...verified, classes: verified.items.map(() => random.int(3)) };
    expect(propagate(pool, seeds, noise).gate.accepted).toHaveLength(0);
    expect(propagate(pool, seeds).gate.accepted).toHaveLength(0);
  });
});

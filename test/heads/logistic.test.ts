/** The solver finds the optimum, and finds the same one in the span of the labels. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { buildDesign } from '../../src/heads/design.ts';
import { UNSEEN_LOGIT } from '../../src/heads/link.ts';
import { type LogisticSolution, logitsOf, solveLogistic } from '../../src/heads/logistic.ts';
import { SpanBasis } from '../../src/heads/span.ts';
import { clusters, oneHot, slowLogistic, slowSlope, softmax, unitRow } from './reference.ts';

function solve(rows: readonly Float32Array[], targets: Float32Array, classCount: number, l2: number) {
  const features = rows.map((row) => Float64Array.from(row));
  return solveLogistic({ features, width: rows[0]!.length, targets, classCount, link: 'softmax', l2 });
}

describe('logistic regression', () => {
  it('reaches the optimum that slow gradient descent reaches', () => {
    const { rows, classOf } = clusters(seededRandom('slow'), 24, 5, 3);
    const targets = oneHot(classOf, 3);
    const slow = slowLogistic(rows, targets, 3, 0.5);
    const fast = solve(rows, targets, 3, 0.5);
    for (let c = 0; c < 3; c++) {
      expect(fast.bias[c]!).toBeCloseTo(slow.bias[c]!, 3);
      for (let j = 0; j < 5; j++) expect(fast.weights[c * 5 + j]!).toBeCloseTo(slow.weights[c]![j]!, 3);
    }
  });

  it.each([2, 4])('gives the same head in the span of %i-class labels as on the rows', (classCount) => {
    const { rows, classOf } = clusters(seededRandom('span', classCount), 30, 64, classCount, 1);
    const targets = oneHot(classOf, classCount);
    const direct = solve(rows, targets, classCount, 0.1);
    const design = buildDesign(rows, 64);
    expect(design.width).toBe(30);
    const { features, width } = design;
    const inSpan = solveLogistic({ features, width, targets, classCount, link: 'softmax', l2: 0.1 });
    const weights = design.toWeights(inSpan.weights, classCount);
    for (let i = 0; i < weights.length; i++) expect(weights[i]!).toBeCloseTo(direct.weights[i]!, 3);
    for (let c = 0; c < classCount; c++) expect(inSpan.bias[c]!).toBeCloseTo(direct.bias[c]!, 3);
  });

  it('does not depend on where the search starts', () => {
    const { rows, classOf } = clusters(seededRandom('warm'), 40, 12, 3);
    const features = rows.map((row) => Float64Array.from(row));
    const problem = {
      features,
      width: 12,
      targets: oneHot(classOf, 3),
      classCount: 3,
      link: 'softmax',
      l2: 0.1,
    } as const;
    const cold = solveLogistic(problem);
    const elsewhere: LogisticSolution = { ...cold, weights: cold.weights.map((w, i) => w + Math.sin(i)) };
    const warm = solveLogistic({ ...problem, warm: elsewhere });
    for (let i = 0; i < cold.weights.length; i++) expect(warm.weights[i]!).toBeCloseTo(cold.weights[i]!, 3);
    const again = solveLogistic({ ...problem, warm: cold });
    expect(again.iterations).toBeLessThan(cold.iterations / 2);
  });

  it('gives a class without a single label no chance, at any temperature', () => {
    const { rows, classOf } = clusters(seededRandom('unseen'), 20, 6, 2);
    const solution = solve(rows, oneHot(classOf, 4), 4, 0.1);
    expect([...solution.bias.subarray(2)]).toEqual([UNSEEN_LOGIT, UNSEEN_LOGIT]);
    expect(solution.weights.subarray(12).every((w) => w === 0)).toBe(true);
  });

  it('answers one-class labels by that class', () => {
    const random = seededRandom('one');
    const solution = solve([unitRow(random, 4), unitRow(random, 4)], oneHot([1, 1], 2), 2, 0.1);
    expect([...solution.bias]).toEqual([UNSEEN_LOGIT, 0]);
  });

  it('learns multi-label classes one by one', () => {
    const random = seededRandom('multi');
    const rows = Array.from({ length: 60 }, () => unitRow(random, 8));
    const targets = Float32Array.from(rows.flatMap((row) => [row[0]! > 0 ? 1 : 0, row[1]! > 0 ? 1 : 0]));
    const features = rows.map((row) => Float64Array.from(row));
    const solution = solveLogistic({ features, width: 8, targets, classCount: 2, link: 'sigmoid', l2: 0.01 });
    expect(Math.max(...solution.weights.subarray(0, 8))).toBe(solution.weights[0]);
    expect(Math.max(...solution.weights.subarray(8))).toBe(solution.weights[9]);
  });
});

describe('many items', () => {
  const [dim, classCount, l2] = [24, 3, 0.02];
  // Directions that matter a thousandfold less than others: plain steps creep along them.
  const world = (n: number) => {
    const { rows, classOf } = clusters(seededRandom('many'), n, dim, classCount, 2);
    const uneven = rows.map((row) => row.map((value, j) => value * 10 ** (-j / 8)));
    return { rows: uneven, targets: oneHot(classOf, classCount) };
  };

  it('end where the slope of every weight is level, by a slow sum', () => {
    const { rows, targets } = world(2_400);
    const solution = solve(rows, targets, classCount, l2);
    const slope = slowSlope(rows, targets, solution, l2);
    expect(Math.max(...slope.map(Math.abs))).toBeLessThan(1e-6 * rows.length);
  });

  it('are told apart alike to the sixth digit, wherever the search starts', () => {
    const { rows, classOf } = clusters(seededRandom('many'), 2_000, dim, classCount, 2);
    const targets = oneHot(classOf, classCount);
    const features = rows.map((row) => Float64Array.from(row));
    const problem = { features, width: dim, targets, classCount, link: 'softmax', l2 } as const;
    const cold = solveLogistic(problem);
    const earlier = solveLogistic({ ...problem, features: features.slice(0, 400), targets: targets.slice(0, 1_200) });
    const warm = solveLogistic({ ...problem, warm: earlier });
    let most = 0;
    for (const row of features) {
      const [a, b] = [cold, warm].map((solution) => {
        const logits = new Float64Array(classCount);
        logitsOf(solution, row, logits);
        return softmax([...logits]);
      });
      for (const [c, p] of a!.entries()) most = Math.max(most, Math.abs(p - b![c]!));
    }
    expect(most).toBeLessThan(1e-6);
  });

  it('take a third of the steps', () => {
    const [some, many] = [world(1_999), world(2_000)].map(({ rows, targets }) => solve(rows, targets, classCount, l2));
    expect(many!.iterations).toBeLessThan(some!.iterations / 3);
    for (const [at, weight] of some!.weights.entries()) expect(many!.weights[at]! / weight).toBeCloseTo(1, 0);
  });
});

describe('span basis', () => {
  it('keeps inner products, and adds no axis for a row it already spans', () => {
    const random = seededRandom('basis');
    const rows = Array.from({ length: 6 }, () => unitRow(random, 16));
    const between = rows[0]!.map((v, j) => 0.6 * v - 0.3 * rows[3]![j]!);
    const basis = new SpanBasis(16);
    const all = [...rows, rows[2]!, between];
    const coordinates = all.map((row) => basis.add(row));
    expect(basis.rank).toBe(6);
    const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
      let sum = 0;
      for (let j = 0; j < Math.min(a.length, b.length); j++) sum += a[j]! * b[j]!;
      return sum;
    };
    for (const [i, a] of all.entries()) {
      for (const [j, b] of all.entries()) expect(inner(coordinates[i]!, coordinates[j]!)).toBeCloseTo(inner(a, b), 5);
    }
  });
});

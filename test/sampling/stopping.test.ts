/** Advice on stopping and the projection of the learning curve, held against planted histories. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { agreementOf, type CurvePoint, projectCurve, stopAdvice } from '../../src/sampling/index.ts';

const check = (labels: number, ...said: number[]) => ({ labels, said });

/** Checks whose answers on 200 items change by `flips[i]` items each time. */
function history(...flips: number[]) {
  const said = Array.from({ length: 200 }, (_, i) => i % 4);
  const checks = [{ labels: 50, said: [...said] }];
  for (const [i, count] of flips.entries()) {
    for (let k = 0; k < count; k++) said[k * 3] = (said[k * 3]! + 1) % 4;
    checks.push({ labels: 100 + 50 * i, said: [...said] });
  }
  return checks;
}

describe('agreement of two heads', () => {
  it('is what the formulas say', () => {
    // Five of six agree; by chance (3 x 2 + 3 x 4) / 36 do; the classes overlap by 4/5 and 6/7.
    const one = agreementOf(check(10, 0, 0, 0, 1, 1, 1), check(20, 0, 0, 1, 1, 1, 1));
    expect(one).toMatchObject({ fromLabels: 10, toLabels: 20, items: 6 });
    expect(one.changed).toBeCloseTo(1 / 6);
    expect(one.kappa).toBeCloseTo((5 / 6 - 0.5) / 0.5);
    expect(one.deltaF).toBeCloseTo(1 - (4 / 5 + 6 / 7) / 2);
  });

  it('lies within its bounds, is whole for equal answers and does not care for names of classes', () => {
    const answers = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(answers, (pairs) => {
        const before = check(1, ...pairs.map(([a]) => a));
        const after = check(2, ...pairs.map(([, b]) => b));
        const one = agreementOf(before, after);
        expect(one.kappa).toBeLessThanOrEqual(1 + 1e-12);
        expect(Math.min(one.changed, one.deltaF)).toBeGreaterThanOrEqual(-1e-12);
        expect(agreementOf(before, { ...before, labels: 2 })).toMatchObject({ kappa: 1, deltaF: 0, changed: 0 });
        const renamed = agreementOf(
          check(1, ...before.said.map((c) => 7 - c)),
          check(2, ...after.said.map((c) => 7 - c)),
        );
        expect(renamed.kappa).toBeCloseTo(one.kappa);
        expect(renamed.deltaF).toBeCloseTo(one.deltaF);
      }),
    );
  });
});

describe('stop advice', () => {
  it('waits for three windows', () => {
    expect(stopAdvice([])).toMatchObject({ state: 'early', agreements: [] });
    expect(stopAdvice(history(0, 0))).toMatchObject({ state: 'early' });
    expect(stopAdvice(history(0, 0)).sentence).toBe('Too early to say: 1 more training to compare.');
  });

  it('suggests stopping when answers have settled, and only then', () => {
    expect(stopAdvice(history(40, 20, 0, 1, 0))).toMatchObject({ state: 'stop' });
    expect(stopAdvice(history(40, 0, 0, 30))).toMatchObject({ state: 'continue' });
    expect(stopAdvice(history(0, 0, 0, 30, 0, 0)).state).toBe('continue');
    expect(stopAdvice(history(0, 0, 30)).sentence).toContain('changed at most 15 % of the labels proposed');
  });

  it('takes no items for no evidence', () => {
    const empty = [10, 20, 30, 40].map((labels) => check(labels));
    expect(stopAdvice(empty).state).toBe('early');
  });
});

const errorAt = (n: number): number => 0.02 + 0.48 * (1 + n / 10) ** -0.8;

function blindAnswers(random: Random, labels: number, error = errorAt): CurvePoint[] {
  return Array.from({ length: labels / 2 }, (_, i) => ({
    labels: 2 * i,
    hits: random.next() < error(2 * i) ? 0 : 1,
    n: 1,
  }));
}

describe('projection of the learning curve', () => {
  it('needs answers', () => {
    expect(projectCurve([], 0.95, 10)).toBeNull();
    expect(projectCurve([{ labels: 5, hits: 20, n: 29 }], 0.95, 30)).toBeNull();
  });

  it('holds planted truths within its 80 % interval most of the time', () => {
    const goal = 0.93;
    const truth = 10 * (((1 - goal - 0.02) / 0.48) ** (-1 / 0.8) - 1);
    let held = 0;
    let known = 0;
    for (let seed = 0; seed < 20; seed++) {
      const found = projectCurve(blindAnswers(seededRandom('curve', seed), 100), goal, 100)!;
      if (truth - 100 >= found.moreLabels.low && truth - 100 <= found.moreLabels.high) held++;
      if (1 - errorAt(100) >= found.accuracy.low && 1 - errorAt(100) <= found.accuracy.high) known++;
    }
    expect(held).toBeGreaterThanOrEqual(14);
    expect(known).toBeGreaterThanOrEqual(14);
  });

  it('grows surer with answers, and asks for more labels the higher the goal', () => {
    const few = projectCurve(blindAnswers(seededRandom('few'), 80), 0.9, 80)!;
    const many = projectCurve(blindAnswers(seededRandom('many'), 800), 0.9, 800)!;
    const width = ({ accuracy }: { accuracy: { low: number; high: number } }): number => accuracy.high - accuracy.low;
    expect(width(many)).toBeLessThan(width(few));
    const goals = [0.85, 0.9, 0.95].map((goal) => projectCurve(blindAnswers(seededRandom('few'), 80), goal, 80)!);
    for (const [i, one] of goals.entries()) {
      const { low, median, high } = one.moreLabels;
      expect(low <= median && median <= high).toBe(true);
      expect(median).toBeGreaterThanOrEqual(goals[i - 1]?.moreLabels.median ?? 0);
    }
  });

  it('says so in words: reached, on the way, out of reach', () => {
    const random = seededRandom('words');
    const say = (error: (n: number) => number, goal: number): string =>
      projectCurve(blindAnswers(random, 600, error), goal, 600)!.sentence;
    expect(say(() => 0.02, 0.9)).toMatch(/^Now about 0\.9\d; 0\.9 is likely reached\.$/);
    expect(say(() => 0.3, 0.99)).toMatch(/^Now about 0\.\d\d; 0\.99 (is not in sight|may be out of reach)/);
    expect(say((n) => 0.6 * (1 + n / 10) ** -0.6, 0.96)).toMatch(
      /^Now about 0\.\d\d; about \d+ more labels to 0\.96; 80 % interval \d+(-\d+| to without limit)\.$/,
    );
  });
});

/** A full fit: honest out-of-fold figures, a temperature only where it helps, the same result for the same labels. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { decodeHead, encodeHead, fitHead, predict, type TrainingSet } from '../../src/heads/index.ts';
import { fitTemperature } from '../../src/heads/temperature.ts';
import { clusters, flat, oneHot, unitRow } from './reference.ts';

function trainingSet(name: string, n: number, dim: number, classCount: number, spread: number): TrainingSet {
  const { rows, classOf } = clusters(seededRandom(name), n, dim, classCount, spread);
  const classes = Array.from({ length: classCount }, (_, c) => `class ${c}`);
  const ordinals = rows.map((_, i) => 3 * i);
  return { link: 'softmax', classes, dim, rows: flat(rows), targets: oneHot(classOf, classCount), ordinals };
}

function permuted(set: TrainingSet): TrainingSet {
  const n = set.ordinals.length;
  const order = [...set.ordinals.keys()].map((i) => (i * 7 + 3) % n);
  const take = (from: Float32Array, width: number): Float32Array =>
    flat(order.map((i) => from.slice(i * width, (i + 1) * width)));
  return {
    ...set,
    rows: take(set.rows, set.dim),
    targets: take(set.targets, set.classes.length),
    ordinals: order.map((i) => set.ordinals[i]!),
  };
}

describe('fitHead', () => {
  it('separates what can be separated and says how well out of fold', () => {
    const set = trainingSet('easy', 90, 24, 3, 0.3);
    const { head, outOfFold } = fitHead(set, 1);
    expect(outOfFold!.metrics!.accuracy).toBeGreaterThan(0.95);
    expect(outOfFold!.metrics!.n).toBe(90);
    const p = predict(head, set.rows);
    for (let i = 0; i < 90; i++) expect(p[i * 3]! + p[i * 3 + 1]! + p[i * 3 + 2]!).toBeCloseTo(1, 5);
  });

  it('does not claim skill on labels that mean nothing', () => {
    const random = seededRandom('noise');
    const rows = Array.from({ length: 120 }, () => unitRow(random, 16));
    const targets = oneHot(
      rows.map(() => random.int(2)),
      2,
    );
    const set = { link: 'softmax', classes: ['a', 'b'], dim: 16, rows: flat(rows), targets } as const;
    const { outOfFold } = fitHead({ ...set, ordinals: rows.map((_, i) => i) }, 1);
    expect(Math.abs(outOfFold!.metrics!.accuracy - 0.5)).toBeLessThan(0.15);
    expect(outOfFold!.metrics!.nll).toBeLessThan(0.8);
  });

  it('holds out a fair sample when there are very many labels', () => {
    const set = trainingSet('many', 1_700, 4, 2, 0.8);
    const { head, outOfFold } = fitHead(set, 1);
    expect(head.trainedOn).toHaveLength(1_700);
    expect(outOfFold!.metrics!.n).toBe(1_500);
    expect(new Set(outOfFold!.ordinals).size).toBe(1_500);
  });

  it('lets unproven labels teach, and counts them in no figure', () => {
    const set = trainingSet('unproven', 90, 24, 3, 0.3);
    const unproven = set.ordinals.slice(30);
    // Accepted in bulk, and every one of them wrong in the same way: figures over them would praise the mistake.
    const targets = set.targets.slice();
    for (let i = 30; i < 90; i++) targets.copyWithin(i * 3, 0, 3);
    const { head, outOfFold } = fitHead({ ...set, targets, unproven }, 1);
    expect(head.trainedOn).toHaveLength(90);
    expect(outOfFold!.ordinals).toHaveLength(90);
    expect(outOfFold!.metrics!.n).toBe(30);
    expect(outOfFold!.metrics!.accuracy).toBeLessThan(0.6);
    expect(fitHead({ ...set, targets }, 1).outOfFold!.metrics!.accuracy).toBeGreaterThan(0.7);
  });

  it('keeps the few proven labels among very many in the sample', () => {
    const set = trainingSet('unproven', 1_700, 4, 2, 0.8);
    const { outOfFold } = fitHead({ ...set, unproven: set.ordinals.slice(40) }, 1);
    expect(outOfFold!.ordinals).toHaveLength(1_500);
    expect(outOfFold!.metrics!.n).toBe(40);
  });

  it('gives no figures where hardly anybody has looked, and a head all the same', () => {
    const set = trainingSet('unproven', 90, 24, 3, 0.3);
    const { head, outOfFold } = fitHead({ ...set, unproven: set.ordinals.slice(9) }, 1);
    expect(outOfFold).toMatchObject({ metrics: null, metricsWithKnownClass: null });
    expect(head.trainedOn).toHaveLength(90);
  });

  it('gives the same head, byte for byte, whatever the order of the labels', () => {
    const set = trainingSet('order', 50, 10, 2, 0.9);
    expect(encodeHead(fitHead(permuted(set), 5).head)).toEqual(encodeHead(fitHead(set, 5).head));
  });

  it('leaves items of a class that their fold misses out of the temperature', () => {
    const set = trainingSet('rare', 41, 8, 2, 0.6);
    const targets = new Float32Array(41 * 3);
    for (let i = 0; i < 41; i++) targets[i * 3 + (i === 40 ? 2 : i % 2)] = 1;
    const { outOfFold } = fitHead({ ...set, classes: ['a', 'b', 'rare'], targets }, 1);
    expect(outOfFold!.excluded).toBe(1);
    expect(outOfFold!.metricsWithKnownClass!.n).toBe(40);
    expect(outOfFold!.metricsWithKnownClass!.nll).toBeLessThan(outOfFold!.metrics!.nll);
  });

  it.each([0, 1, 2, 9])('fits %i labels without held-out figures', (n) => {
    const set = trainingSet('few', n, 6, 2, 0.5);
    const { head, outOfFold } = fitHead({ ...set, dim: 6 }, 1);
    expect(outOfFold).toBeNull();
    expect(head.temperature).toBe(1);
    const p = predict(head, new Float32Array(6).fill(0.1));
    expect(p.every(Number.isFinite)).toBe(true);
  });

  it('fits labels of one class only: no figures, and that class as the answer', () => {
    const set = trainingSet('single', 30, 6, 2, 0.5);
    const targets = oneHot(new Array<number>(30).fill(1), 2);
    const { head, outOfFold } = fitHead({ ...set, targets }, 1);
    expect(outOfFold).toBeNull();
    expect([...predict(head, set.rows.subarray(0, 6))]).toEqual([0, 1]);
  });

  it('fits multi-label targets', () => {
    const random = seededRandom('multi fit');
    const rows = Array.from({ length: 80 }, () => unitRow(random, 6));
    const targets = Float32Array.from(rows.flatMap((row) => [row[0]! > 0 ? 1 : 0, row[1]! > 0.2 ? 1 : 0, 0]));
    const set = { link: 'sigmoid', classes: ['a', 'b', 'c'], dim: 6, rows: flat(rows), targets } as const;
    const { head, outOfFold } = fitHead({ ...set, ordinals: rows.map((_, i) => i) }, 1);
    expect(outOfFold!.metrics!.accuracy).toBeGreaterThan(0.85);
    expect(predict(head, set.rows)[2]).toBe(0);
  });
});

describe('temperature', () => {
  /** Labels drawn from softmax(logits): multiplying the logits is exactly miscalibration. */
  function drawn(n: number, factor: number) {
    const random = seededRandom('temperature', factor);
    const logits = new Float64Array(n * 2);
    const targets = new Float32Array(n * 2);
    for (let i = 0; i < n; i++) {
      const z = 6 * random.next() - 3;
      logits[i * 2] = factor * z;
      targets[i * 2 + (random.next() < 1 / (1 + Math.exp(-z)) ? 0 : 1)] = 1;
    }
    return { logits, targets, rows: Array.from({ length: n }, (_, i) => i) };
  }

  it.each([0.4, 3])('recovers a planted factor of %f', (factor) => {
    const { logits, targets, rows } = drawn(3_000, factor);
    const fit = fitTemperature('softmax', logits, targets, 2, rows);
    expect(fit.accepted).toBe(true);
    expect(fit.temperature / factor).toBeGreaterThan(0.85);
    expect(fit.temperature / factor).toBeLessThan(1.18);
    expect(fit.nllAfter).toBeLessThan(fit.nllBefore);
  });

  it('leaves a calibrated head alone when few items speak', () => {
    const { logits, targets, rows } = drawn(30, 1);
    expect(fitTemperature('softmax', logits, targets, 2, rows)).toMatchObject({ accepted: false, temperature: 1 });
  });
});

describe('stored heads', () => {
  it('come back as they were', () => {
    const { head } = fitHead(trainingSet('codec', 40, 7, 3, 0.5), 2);
    expect(decodeHead(encodeHead(head))).toEqual(head);
  });

  it('are refused with a clear error when damaged', () => {
    const bytes = encodeHead(fitHead(trainingSet('codec', 40, 7, 3, 0.5), 2).head);
    expect(() => decodeHead(bytes.subarray(0, bytes.length - 4))).toThrow(/bytes of weights/);
    expect(() => decodeHead(new Uint8Array([1, 2, 3]))).toThrow(/no readable header/);
  });
});

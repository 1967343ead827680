/** Figures over all answers, decided once per item, against the plain figures of each draw. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { headMetrics, type Link, wholeFigures } from '../../src/heads/index.ts';

it.each<[Link, number]>([
  ['softmax', 700],
  ['softmax', 40],
  ['sigmoid', 700],
])('equals what every draw measures by itself (%s, %i answers)', (link, n) => {
  const k = 6;
  const random = seededRandom('answers', n);
  const targets = Float32Array.from({ length: n * k }, () => Number(link === 'sigmoid' && random.next() < 0.3));
  const probabilities = Float32Array.from({ length: n * k }, () => random.next());
  for (let i = 0; link === 'softmax' && i < n; i++) {
    targets[i * k + random.int(k)] = 1;
    const row = probabilities.subarray(i * k, (i + 1) * k);
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((p, c) => {
      row[c] = p / sum;
    });
  }
  const figures = wholeFigures({ link, probabilities, targets, classCount: k });

  const drawn = Math.min(n, 500);
  const draws = seededRandom('whole figures', n);
  const rounds = Array.from({ length: 100 }, () => {
    const rows = Array.from({ length: drawn }, () => draws.int(n));
    return headMetrics(link, probabilities, targets, k, rows);
  });
  const whole = headMetrics(link, probabilities, targets, k);
  for (const [figure, of] of [
    [figures.macroF1, 'macroF1'],
    [figures.calibrationError, 'ece'],
  ] as const) {
    const mean = rounds.reduce((sum, one) => sum + one[of], 0) / rounds.length;
    const variance = rounds.reduce((sum, one) => sum + (one[of] - mean) ** 2, 0) / (rounds.length - 1);
    expect(figure.value).toBeCloseTo(whole[of], 5);
    expect(figure.high - figure.value).toBeCloseTo(1.96 * Math.sqrt((variance * drawn) / n), 5);
  }
});

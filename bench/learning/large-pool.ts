/** Does the policy hold in large pools? Digits many times over, each copy a little different. */
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { Learner } from '../../src/sampling/index.ts';
import type { LearningSet } from './sets.ts';

/** Length of the noise on unit rows: copies stay nearer to their own class than classes are to each other. */
const NOISE = 0.25;
const CHUNK = 50_000;
const TIMED_DIM = 384;
const TIMED_CLASSES = 10;
const TIMED_LABELS = 100;
const TIMED_ROUNDS = 3;

/** A pool of `size` noisy copies of the pool of `set`; the test part stays as it is. */
export function enlarged(set: LearningSet, size: number): LearningSet {
  const { dim, pool, test } = set;
  const random = seededRandom('enlarged', size);
  const noise = Float32Array.from({ length: 1 << 16 }, () => (NOISE / Math.sqrt(dim)) * gaussian(random));
  const rows = new Float32Array(new SharedArrayBuffer(4 * dim * (size + test.length)));
  const labels = new Int32Array(size + test.length);
  for (let i = 0; i < size; i++) {
    const from = pool[i % pool.length]!;
    labels[i] = set.labels[from]!;
    const at = random.int(noise.length - dim);
    let square = 0;
    for (let j = 0; j < dim; j++) {
      const value = set.rows[from * dim + j]! + noise[at + j]!;
      rows[i * dim + j] = value;
      square += value * value;
    }
    for (let j = 0; j < dim; j++) rows[i * dim + j]! /= Math.sqrt(square);
  }
  for (const [k, i] of test.entries()) {
    rows.set(set.rows.subarray(i * dim, (i + 1) * dim), (size + k) * dim);
    labels[size + k] = set.labels[i]!;
  }
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, k) => from + k);
  return { ...set, rows, labels, pool: range(0, size), test: range(size, test.length) };
}

/** Seconds of an order of 20 over `size` rows of 384 with ten classes and 100 labels, after one more label each; the least. */
export function policySeconds(size: number): { seconds: number; first: number } {
  const learner = new Learner({
    dim: TIMED_DIM,
    classes: Array.from({ length: TIMED_CLASSES }, (_, c) => String(c)),
    link: 'softmax',
    seed: 1,
    expectedRows: size,
  });
  const random = seededRandom('policy', size);
  const noise = Float32Array.from({ length: 1 << 18 }, () => gaussian(random));
  for (let from = 0; from < size; from += CHUNK) {
    const count = Math.min(CHUNK, size - from);
    const rows = new Float32Array(count * TIMED_DIM);
    for (let i = 0; i < count; i++) {
      const at = random.int(noise.length - TIMED_DIM);
      rows.set(noise.subarray(at, at + TIMED_DIM), i * TIMED_DIM);
      rows[i * TIMED_DIM + ((from + i) % TIMED_CLASSES)]! += 15;
    }
    learner.addRows(
      Array.from({ length: count }, (_, i) => from + i),
      rows,
    );
  }
  for (let i = 0; i < TIMED_LABELS; i++) learner.label(i, i % TIMED_CLASSES);
  const timed = (): number => {
    const since = performance.now();
    learner.order(20);
    return (performance.now() - since) / 1_000;
  };
  const first = timed();
  const later = Array.from({ length: TIMED_ROUNDS }, (_, round) => {
    learner.label(TIMED_LABELS + round, round);
    return timed();
  });
  return { seconds: Math.min(...later), first };
}

/** Slow, obvious float64 versions of the kernels, and helpers to make data and to see that the module ran. */
import { quantise } from '../../src/core/order.ts';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { KernelHeap, type ScoreName } from '../../src/kernels/index.ts';

export type Rows = readonly (readonly number[])[];

export function chunk(values: ArrayLike<number>, width: number): number[][] {
  const rows: number[][] = [];
  for (let i = 0; i < values.length; i += width) rows.push(Array.from({ length: width }, (_, j) => values[i + j]!));
  return rows;
}

/** (n x d) standard normal, float32. */
export function gaussianRows(seed: number, n: number, d: number): Float32Array {
  const random = seededRandom('rows', seed);
  return Float32Array.from({ length: n * d }, () => gaussian(random));
}

/** (n x c) probabilities of random logits; `spread` decides how sure they are. */
export function randomProbabilities(seed: number, n: number, c: number, spread = 2): Float32Array {
  const logits = chunk(gaussianRows(seed, n, c), c).map((row) => row.map((value) => value * spread));
  return Float32Array.from(logits.flatMap(softmax));
}

export function dotOf(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

export function squareBetween(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

export function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const powers = logits.map((value) => Math.exp(value - top));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

export function scoreOf(name: ScoreName, probabilities: readonly number[]): number {
  if (name === 'entropy') return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  const [best = 0, next = 0] = [...probabilities].sort((a, b) => b - a);
  return name === 'margin' ? 1 - (best - next) : 1 - best;
}

/** Full sort: quantised score descending, then id ascending. */
export function topOf(scores: readonly number[], k: number, ids?: ArrayLike<number>): number[] {
  const id = (row: number): number => (ids ? ids[row]! : row);
  const rows = scores.map((_, row) => row).filter((row) => scores[row]! > Number.NEGATIVE_INFINITY);
  return rows.sort((a, b) => quantise(scores[b]!) - quantise(scores[a]!) || id(a) - id(b)).slice(0, k);
}

export function kCenterOf(x: Rows, count: number, centers: readonly number[], first: number): number[] {
  const least = x.map(() => Number.POSITIVE_INFINITY);
  const out = new Set<number>();
  const picks: number[] = [];
  const take = (pick: number): void => {
    out.add(pick);
    x.forEach((row, i) => {
      least[i] = Math.min(least[i]!, squareBetween(row, x[pick]!));
    });
  };
  centers.forEach(take);
  while (picks.length < count && out.size < x.length) {
    const pick = out.size === 0 ? first : highest(least.map((d, i) => (out.has(i) ? -1 : quantise(d))));
    picks.push(pick);
    take(pick);
  }
  return picks;
}

/** Index of the largest value, the first of equal ones. */
export function highest(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** The gradient embedding (p - onehot(argmax p)) (x) x written out, c x d long. */
export function gradientEmbedding(x: readonly number[], p: readonly number[]): number[] {
  const best = highest(p);
  return p.flatMap((value, j) => x.map((entry) => entry * (value - (j === best ? 1 : 0))));
}

/** A heap whose kernels are counted by name, so that a test can see that the module did the work. */
export function countedHeap(bytes = 32 << 20): { heap: KernelHeap; calls: Map<string, number> } {
  const heap = new KernelHeap({ bytes });
  const calls = new Map<string, number>();
  const kernels = new Proxy(heap.kernels, {
    get: (target, name) => {
      calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
      return Reflect.get({ ...target }, name);
    },
  });
  Object.defineProperty(heap, 'kernels', { value: kernels });
  return { heap, calls };
}

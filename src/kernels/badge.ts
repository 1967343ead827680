/** BADGE: diverse and uncertain batches by k-means++ sampling on gradient embeddings that are never formed. */
import { assert } from '../core/errors.ts';
import { hash32 } from '../core/random.ts';
import type { KernelHeap } from './heap.ts';
import { type Matrix, rowOf } from './matrix.ts';
import {
  type BatchPicks,
  type BatchRequest,
  decide,
  dotError,
  exactLeast,
  largest,
  OUT,
  type Pick,
  pickAll,
  startingDistances,
} from './picking.ts';

/**
 * BADGE (Ash et al., 2020): the embedding of row i is (p_i - onehot(argmax p_i)) (x) x_i, the loss gradient of the last
 * layer; two of them have the inner product (g.g')(x.x'). The first pick has the longest embedding; each further one is
 * drawn in proportion to the squared distance to the nearest pick, by an exponential race keyed by (seed, step, row),
 * so the draw does not depend on how rows are sharded. probabilities (n x c). The picks are those of a float64 run.
 */
export function badgeSample(
  heap: KernelHeap,
  x: Matrix,
  probabilities: Float32Array,
  classes: number,
  request: BatchRequest & { readonly seed: number },
): BatchPicks {
  assert(probabilities.length >= x.rows * classes, 'badgeSample: probabilities (n x c)');
  return heap.scoped(() => {
    const state = prepare(heap, x, probabilities, classes);
    const { least, upper } = { least: startingDistances(heap, x.rows, request), upper: heap.f32(x.rows) };
    const anchors: number[] = [];
    const exact = exactLeast(anchors, (row, anchor) => embeddingSquare(x, probabilities, classes, row, anchor));
    const take = (row: number): void => {
      anchors.push(row);
      least[row] = OUT;
      step(heap, x, state, row, least);
    };
    for (const center of Array.from(request.centers ?? [])) take(center);
    let drawn = 0;
    const choose = (): Pick => {
      if (anchors.length === 0) return longest(heap, x, probabilities, classes, state, least, upper);
      const seed = hash32(String(drawn++), request.seed) | 0;
      const sure = heap.kernels.race(heap.address(least), x.rows, seed, state.error, heap.address(upper));
      return decide(heap, upper, Math.max(0, sure), (row) => exact(row) / -Math.log(raceUniform(seed, row)));
    };
    return pickAll(request.count, choose, take);
  });
}

interface Embeddings {
  /** (n x width) g = p - onehot(argmax p), zero padded. */
  readonly g: Float32Array;
  /** classes rounded up to a multiple of 4. */
  readonly width: number;
  /** (n) |g|^2 |x|^2 */
  readonly squares: Float32Array;
  /** Largest float32 error of a squared distance. */
  readonly error: number;
}

function prepare(heap: KernelHeap, x: Matrix, p: Float32Array, classes: number): Embeddings {
  const width = Math.ceil(classes / 4) * 4;
  const g = heap.f32(x.rows * width);
  const squares = heap.f32(x.rows);
  for (let i = 0; i < x.rows; i++) {
    const best = argmax(p, classes, i);
    let square = 0;
    for (let j = 0; j < classes; j++) {
      const value = p[i * classes + j]! - (j === best ? 1 : 0);
      g[i * width + j] = value;
      square += value * value;
    }
    squares[i] = square * x.squares[i]!;
  }
  // Rounding of x.x', of g.g' (width / 4 chained sums), of g itself, and of the squares and their sum.
  const error = (2 * (dotError(x.stride) + (width / 4 + 6) * 2 ** -24) + 14 * 2 ** -24) * largest(squares);
  return { g, width, squares, error };
}

function step(heap: KernelHeap, x: Matrix, state: Embeddings, pick: number, least: Float32Array): void {
  const [data, g, squares] = [heap.address(x.data), heap.address(state.g), heap.address(state.squares)];
  heap.kernels.badgeStep(data, x.rows, x.stride, g, state.width, squares, pick, heap.address(least));
}

function longest(
  heap: KernelHeap,
  x: Matrix,
  p: Float32Array,
  classes: number,
  state: Embeddings,
  least: Float32Array,
  inGame: Float32Array,
): Pick {
  for (let i = 0; i < x.rows; i++) inGame[i] = least[i]! < 0 ? OUT : state.squares[i]!;
  const best = inGame.reduce((most, value) => Math.max(most, value), OUT);
  const lengthSquare = (row: number): number => innerProduct(x, p, classes, row, row);
  return best < 0
    ? { row: -1, refined: false }
    : decide(heap, inGame, Math.max(0, best - 2 * state.error), lengthSquare);
}

/** Uniform in (0, 1) of a row at one step: the same bits as the module's `race`. */
export function raceUniform(seed: number, row: number): number {
  let h = Math.imul(row, 0x9e3779b1) ^ seed;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h ^= h >>> 16;
  return ((h >>> 9) + 0.5) / 8_388_608;
}

function embeddingSquare(x: Matrix, p: Float32Array, classes: number, a: number, b: number): number {
  const between = innerProduct(x, p, classes, a, b);
  return Math.max(0, innerProduct(x, p, classes, a, a) + innerProduct(x, p, classes, b, b) - 2 * between);
}

/** (x_a . x_b)(g_a . g_b) in float64. */
function innerProduct(x: Matrix, p: Float32Array, classes: number, a: number, b: number): number {
  const [u, v] = [rowOf(x, a), rowOf(x, b)];
  let product = 0;
  for (let j = 0; j < x.dims; j++) product += u[j]! * v[j]!;
  const [bestA, bestB] = [argmax(p, classes, a), argmax(p, classes, b)];
  let gradients = 0;
  for (let j = 0; j < classes; j++) {
    const ga = p[a * classes + j]! - (j === bestA ? 1 : 0);
    const gb = p[b * classes + j]! - (j === bestB ? 1 : 0);
    gradients += ga * gb;
  }
  return product * gradients;
}

function argmax(p: Float32Array, classes: number, row: number): number {
  let best = 0;
  for (let j = 1; j < classes; j++) if (p[row * classes + j]! > p[row * classes + best]!) best = j;
  return best;
}

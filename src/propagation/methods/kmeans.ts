/** Label-seeded soft spherical k-means: one centre per class, pulled by its labels and by what lies near it. */
import { allocMatrix, gemm, type KernelHeap, type Matrix, softmaxRows } from '../../kernels/index.ts';
import type { PropagationPool } from '../pool.ts';
import type { Seeds } from '../seeds.ts';
import { fromMass, type Spread } from './spread.ts';

/** Sharpness of the shares: exp(20 cosine). Banerjee et al., JMLR 2005 (mixtures of von Mises-Fisher, one kappa). */
const SHARPNESS = 20;
const ROUNDS = 12;
const BLOCK_ROWS = 512;

/**
 * Labeled items keep their class in every round (Basu et al., "Semi-supervised Clustering by Seeding", ICML 2002). Each
 * round is a step; the heap is the caller's own until the last.
 */
export function* seededKMeans({ heap, rows }: PropagationPool, seeds: Seeds): Generator<void, Spread> {
  const { classCount } = seeds;
  const mark = heap.mark();
  const shares = heap.f32(rows.rows * classCount);
  pin(shares, seeds);
  const centres = allocMatrix(heap, classCount, rows.dims);
  for (let round = 0; round < ROUNDS; round++) {
    yield;
    moveCentres(heap, rows, shares, centres);
    gemm(heap, rows, centres, null, shares);
    softmaxRows(heap, shares, classCount, shares, SHARPNESS);
    silence(rows, shares, classCount);
    pin(shares, seeds);
  }
  const spread = fromMass(shares, classCount);
  heap.release(mark);
  return spread;
}

function pin(shares: Float32Array, { items, classes, classCount }: Seeds): void {
  for (let s = 0; s < items.length; s++) {
    const at = items[s]! * classCount;
    shares.fill(0, at, at + classCount);
    shares[at + classes[s]!] = 1;
  }
}

/** Items without direction belong nowhere. */
function silence(rows: Matrix, shares: Float32Array, width: number): void {
  for (let i = 0; i < rows.rows; i++) if (!(rows.squares[i]! > 0)) shares.fill(0, i * width, (i + 1) * width);
}

/** Each centre is the direction of the rows by share: a product of both, transposed by blocks to run along the items. */
function moveCentres(heap: KernelHeap, rows: Matrix, shares: Float32Array, centres: Matrix): void {
  const { dims, stride } = rows;
  const width = centres.rows;
  const sums = new Float64Array(dims * width);
  heap.scoped(() => {
    const [values, pulls] = [allocMatrix(heap, dims, BLOCK_ROWS), allocMatrix(heap, width, BLOCK_ROWS)];
    const products = heap.f32(dims * width);
    for (let first = 0; first < rows.rows; first += BLOCK_ROWS) {
      const last = Math.min(rows.rows, first + BLOCK_ROWS);
      transpose(rows.data.subarray(first * stride, last * stride), stride, values);
      transpose(shares.subarray(first * width, last * width), width, pulls);
      gemm(heap, values, pulls, null, products);
      for (let at = 0; at < sums.length; at++) sums[at]! += products[at]!;
    }
  });
  for (let c = 0; c < width; c++) {
    let square = 0;
    for (let d = 0; d < dims; d++) square += sums[d * width + c]! ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let d = 0; d < dims; d++) centres.data[c * stride + d] = scale * sums[d * width + c]!;
  }
}

/** The first columns of `from` (rows of `stride`) as the rows of `to`; what `from` lacks is zero. */
function transpose(from: Float32Array, stride: number, to: Matrix): void {
  if (from.length < BLOCK_ROWS * stride) to.data.fill(0);
  for (let i = 0, at = 0; at < from.length; i++, at += stride) {
    for (let d = 0; d < to.rows; d++) to.data[d * to.stride + i] = from[at + d]!;
  }
}

/** Label-seeded soft spherical k-means: one centre per class, pulled by its labels and by what lies near it. */
import { allocMatrix, gemm, type Matrix, rowOf, softmaxRows } from '../../kernels/index.ts';
import type { PropagationPool } from '../pool.ts';
import type { Seeds } from '../seeds.ts';
import { fromMass, type Spread } from './spread.ts';

/** Sharpness of the shares: exp(20 cosine). Banerjee et al., JMLR 2005 (mixtures of von Mises-Fisher, one kappa). */
const SHARPNESS = 20;
const ROUNDS = 12;

/** Labeled items keep their class in every round (Basu et al., "Semi-supervised Clustering by Seeding", ICML 2002). */
export function seededKMeans({ heap, rows }: PropagationPool, seeds: Seeds): Spread {
  const { classCount } = seeds;
  return heap.scoped(() => {
    const shares = heap.f32(rows.rows * classCount);
    pin(shares, seeds);
    const centres = allocMatrix(heap, classCount, rows.dims);
    for (let round = 0; round < ROUNDS; round++) {
      moveCentres(rows, shares, centres);
      gemm(heap, rows, centres, null, shares);
      softmaxRows(heap, shares, classCount, shares, SHARPNESS);
      silence(rows, shares, classCount);
      pin(shares, seeds);
    }
    return fromMass(shares, classCount);
  });
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

function moveCentres(rows: Matrix, shares: Float32Array, centres: Matrix): void {
  const { stride } = rows;
  const width = centres.rows;
  const sums = new Float64Array(width * stride);
  for (let i = 0; i < rows.rows; i++) {
    const row = rowOf(rows, i);
    for (let c = 0; c < width; c++) {
      const share = shares[i * width + c]!;
      if (share < 1e-6) continue;
      const at = c * stride;
      for (let d = 0; d < stride; d++) sums[at + d]! += share * row[d]!;
    }
  }
  for (let c = 0; c < width; c++) {
    let square = 0;
    for (let d = 0; d < stride; d++) square += sums[c * stride + d]! ** 2;
    const scale = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let d = 0; d < stride; d++) centres.data[c * stride + d] = scale * sums[c * stride + d]!;
  }
}

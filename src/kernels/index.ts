/** Dense numeric loops: one WebAssembly SIMD module behind typed functions. `docs/decisions/0002-kernels.md` says why. */
export { badgeSample, raceUniform } from './badge.ts';
export {
  coverageGains,
  coverWith,
  kernelFromSquares,
  squaredDistances,
} from './coverage.ts';
export { addOuter, dot, firstNonFinite, gemm, matvec, softmaxRows } from './dense.ts';
export { addWeighted64, gemm64 } from './double.ts';
export { HEAP_BYTES_MAX, type HeapMark, KernelHeap, ROW_PADDING } from './heap.ts';
export { kCenterGreedy } from './kcenter.ts';
export {
  allocMatrix,
  gatherRows,
  loadMatrix,
  type Matrix,
  matrixBytes,
  type RowFaults,
  rowOf,
  strideOf,
  writeRows,
} from './matrix.ts';
export {
  allocNeighbours,
  type BlockPlace,
  type BlockProducts,
  mergeTopK,
  type NeighbourLists,
  nearestByDot,
} from './neighbours.ts';
export type { BatchPicks, BatchRequest } from './picking.ts';
export { type Ranked, type RankRequest, rankTop } from './rank.ts';
export {
  exactLogitScore,
  exactProbabilityScore,
  type RankOneUpdate,
  rankLogits,
  rankProbabilities,
  type ScoreName,
  scoreError,
  scoreLogits,
  scoreProbabilities,
} from './scores.ts';

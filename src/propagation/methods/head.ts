/** A logistic head on rows, plain or smoothed over the graph, solved exactly on the labeled ones. */
import { drained } from '../../core/steps.ts';
import { buildDesign } from '../../heads/design.ts';
import { startingL2 } from '../../heads/fit.ts';
import { type LogisticSolution, logisticSteps } from '../../heads/logistic.ts';
import { allocMatrix, gemm, type KernelHeap, type Matrix, rowOf, softmaxRows } from '../../kernels/index.ts';
import type { Seeds } from '../seeds.ts';
import { fromMass, type Spread } from './spread.ts';

export interface HeadSpread {
  readonly spread: Spread;
  /** Start of the next fit, after labels were appended. */
  readonly solution: LogisticSolution;
}

/**
 * Multinomial logistic regression with the penalty that heads start with; `warm` is the solution for the first of these
 * labels. On `pool.smoothed` this is Wu et al., "Simplifying Graph Convolutional Networks" (ICML 2019).
 */
export function headSpread(heap: KernelHeap, rows: Matrix, seeds: Seeds, warm?: LogisticSolution): HeadSpread {
  return drained(headSteps(heap, rows, seeds, warm));
}

/** The same in steps, as of a fit: with many labels it takes seconds. */
export function* headSteps(
  heap: KernelHeap,
  rows: Matrix,
  seeds: Seeds,
  warm?: LogisticSolution,
): Generator<void, HeadSpread> {
  const { items, classes, classCount } = seeds;
  const labeled = Array.from(items, (item) => rowOf(rows, item).slice(0, rows.dims));
  const design = buildDesign(labeled, rows.dims);
  const targets = new Float32Array(items.length * classCount);
  for (let s = 0; s < items.length; s++) targets[s * classCount + classes[s]!] = 1;
  const solution = yield* logisticSteps({
    features: design.features,
    width: design.width,
    targets,
    classCount,
    link: 'softmax',
    l2: startingL2('softmax', classCount),
    warm,
  });
  const weights = design.toWeights(solution.weights, classCount);
  return { spread: predictRows(heap, rows, weights, solution.bias), solution };
}

function predictRows(heap: KernelHeap, rows: Matrix, weights: Float64Array, bias: Float64Array): Spread {
  const classCount = bias.length;
  return heap.scoped(() => {
    const w = allocMatrix(heap, classCount, rows.dims);
    for (let c = 0; c < classCount; c++) {
      w.data.set(weights.subarray(c * rows.dims, (c + 1) * rows.dims), c * w.stride);
    }
    const out = heap.f32(rows.rows * classCount);
    gemm(heap, rows, w, heap.copy(bias), out);
    softmaxRows(heap, out, classCount, out);
    for (let i = 0; i < rows.rows; i++) {
      if (!(rows.squares[i]! > 0)) out.fill(0, i * classCount, (i + 1) * classCount);
    }
    return fromMass(out, classCount);
  });
}

/** L2-regularised logistic regression, multinomial or one-vs-rest, on whatever features it is given. */
import { drained } from '../core/steps.ts';
import { curvatureOf, curvatureWork } from './curvature.ts';
import { minimise } from './lbfgs.ts';
import { crossEntropy, type Link, probabilitiesInto, UNSEEN_LOGIT } from './link.ts';
import { dotAt, kernelSweep, plainSweep } from './sweep.ts';

export interface LogisticProblem {
  /** One feature row per item, each of length <= `width`; what is missing at the end counts as zero. */
  readonly features: readonly Float64Array[];
  readonly width: number;
  /** (n x classCount), 0..1: a distribution per item (softmax) or a truth value per class (sigmoid). */
  readonly targets: Float32Array;
  /** (n) how much each item counts, > 0; left out: 1 each. */
  readonly weights?: ArrayLike<number> | undefined;
  readonly classCount: number;
  readonly link: Link;
  /** Weight penalty: minimises sum of cross-entropies + l2 / 2 |W|^2, so l2 = 1 / C of scikit-learn. */
  readonly l2: number;
  /** Start of the search: an earlier solution, of any width <= `width`. */
  readonly warm?: LogisticSolution | undefined;
  /**
   * Largest gradient component to stop at; default: so small that the start does not show in the sixth digit. Where items
   * are many every component is a sum over them, and the default grows with their number.
   */
  readonly tolerance?: number;
}

export interface LogisticSolution {
  readonly classCount: number;
  readonly width: number;
  /** (classCount x width); zero for classes without a single positive target. */
  readonly weights: Float64Array;
  /** (classCount); UNSEEN_LOGIT for classes without a single positive target. */
  readonly bias: Float64Array;
  readonly iterations: number;
}

/** Tight enough that the start point does not show in the sixth digit of a probability. */
const GRADIENT_TOLERANCE = 1e-5;
const ITERATIONS_MAX = 300;
/**
 * From so many items on the search is told how the features go together: 20,000 x 384 of ten classes were not at their
 * optimum after 300 steps, at 0.1 s each, and are now after some 50. Fewer items take a second in any case.
 */
const MANY_ITEMS = 2_000;
/** Below this width a pass over many items is short, and copying them would be most of it. */
const KERNEL_WIDTH_MIN = 16;
/** Steps that it must at least be worth: wide rows of two classes are quicker without. */
const STEPS_SAVED = 100;
/** Gradient of the mean loss, where the curvature grows with the items: at ten times this the start shows. */
const MEAN_GRADIENT_TOLERANCE = 1e-8;
/** Softmax biases are free but for their common shift; a one-vs-rest bias needs a hold when a class has no negatives. */
const BIAS_L2 = { softmax: 1e-6, sigmoid: 1e-2 } as const;

/**
 * Solves the problem to its unique minimum (L-BFGS, float64). Classes without a positive target are left out of
 * the fit and come back with UNSEEN_LOGIT; with fewer than two classes left a softmax answers by its bias alone.
 */
export function solveLogistic(problem: LogisticProblem): LogisticSolution {
  return drained(logisticSteps(problem));
}

/** The same in steps, each a pass or two over the items: tens of milliseconds for 20,000 x 384 of ten classes. */
export function* logisticSteps(problem: LogisticProblem): Generator<void, LogisticSolution> {
  const { classCount, width, link } = problem;
  const seen = seenClasses(problem.targets, classCount);
  const weights = new Float64Array(classCount * width);
  const bias = new Float64Array(classCount).fill(UNSEEN_LOGIT);
  if (seen.length === 0 || (link === 'softmax' && seen.length === 1)) {
    for (const c of seen) bias[c] = 0;
    return { classCount, width, weights, bias, iterations: 0 };
  }
  const many = problem.features.length >= MANY_ITEMS;
  const evaluate = lossOf(problem, seen, many && width >= KERNEL_WIDTH_MIN);
  const evaluation = 2 * problem.features.length * width * seen.length;
  const pays = many && curvatureWork(problem.features.length, width) < STEPS_SAVED * evaluation;
  const tolerance = many ? MEAN_GRADIENT_TOLERANCE * problem.features.length : GRADIENT_TOLERANCE;
  const found = yield* minimise(evaluate, startPoint(problem, seen), {
    tolerance: problem.tolerance ?? tolerance,
    iterationsMax: ITERATIONS_MAX,
    precondition: pays ? curvatureOf(problem.features, curvatureOptions(problem, seen)).undo : undefined,
  });
  for (let s = 0; s < seen.length; s++) {
    weights.set(found.point.subarray(s * width, (s + 1) * width), seen[s]! * width);
    bias[seen[s]!] = found.point[seen.length * width + s]!;
  }
  return { classCount, width, weights, bias, iterations: found.iterations };
}

function curvatureOptions({ width, link, l2 }: LogisticProblem, { length: classCount }: readonly number[]) {
  // Half of p (1 - p) where nothing is known yet: surer items are flatter, and the search finds the scale itself.
  const perItem = link === 'softmax' ? (1 - 1 / classCount) / (2 * classCount) : 1 / 8;
  return { width, classCount, perItem, weightL2: l2, biasL2: BIAS_L2[link] };
}

/** Logits of one feature row, written to `out[outAt ...]`. */
export function logitsOf(
  solution: LogisticSolution,
  row: Float64Array | Float32Array,
  out: Float64Array,
  outAt = 0,
): void {
  for (let c = 0; c < solution.classCount; c++) {
    out[outAt + c] = solution.bias[c]! + dotAt(row, solution.weights, c * solution.width);
  }
}

/** Classes with at least one positive target, ascending. */
export function seenClasses(targets: Float32Array, classCount: number): number[] {
  const seen = new Uint8Array(classCount);
  for (let i = 0; i < targets.length; i++) if (targets[i]! > 0) seen[i % classCount] = 1;
  return [...seen.keys()].filter((c) => seen[c] === 1);
}

/** The search variable is [weights of the seen classes | their biases]. */
function startPoint(problem: LogisticProblem, seen: readonly number[]): Float64Array {
  const { width, warm } = problem;
  const point = new Float64Array(seen.length * (width + 1));
  if (warm === undefined || warm.classCount !== problem.classCount || warm.width > width) return point;
  for (let s = 0; s < seen.length; s++) {
    const c = seen[s]!;
    point.set(warm.weights.subarray(c * warm.width, (c + 1) * warm.width), s * width);
    const bias = warm.bias[c]!;
    point[seen.length * width + s] = bias === UNSEEN_LOGIT ? 0 : bias;
  }
  return point;
}

/** The loss at a point, and its gradient, which is overwritten. */
function lossOf(problem: LogisticProblem, seen: readonly number[], byKernels: boolean) {
  const { features, width, link, l2, weights } = problem;
  const count = seen.length;
  const targets = new Float32Array(features.length * count);
  for (let i = 0; i < features.length; i++) {
    for (let s = 0; s < count; s++) targets[i * count + s] = problem.targets[i * problem.classCount + seen[s]!]!;
  }
  const biasAt = count * width;
  const sweep = (byKernels ? kernelSweep : plainSweep)({ features, width, classCount: count });
  const logits = new Float64Array(count);
  const p = new Float64Array(count);

  return (point: Float64Array, gradient: Float64Array): number => {
    let loss = penalise(point, gradient, biasAt, l2, BIAS_L2[link]);
    sweep(point, gradient, (first, rows, table, pitch) => {
      for (let r = 0; r < rows; r++) {
        const i = first + r;
        const at = i * count;
        for (let s = 0; s < count; s++) logits[s] = point[biasAt + s]! + table[r * pitch + s]!;
        const weight = weights?.[i] ?? 1;
        loss += weight * crossEntropy(link, logits, targets, 0, count, 1, at);
        probabilitiesInto(link, logits, 0, count, 1, p);
        const mass = link === 'softmax' ? sumAt(targets, at, count) : 1;
        for (let s = 0; s < count; s++) {
          const error = weight * (mass * p[s]! - targets[at + s]!);
          gradient[biasAt + s]! += error;
          table[r * pitch + s] = error;
        }
      }
    });
    return loss;
  };
}

function penalise(
  point: Float64Array,
  gradient: Float64Array,
  biasAt: number,
  weightL2: number,
  biasL2: number,
): number {
  let loss = 0;
  for (let i = 0; i < point.length; i++) {
    const v = point[i]!;
    const l2 = i < biasAt ? weightL2 : biasL2;
    gradient[i] = l2 * v;
    loss += 0.5 * l2 * v * v;
  }
  return loss;
}

function sumAt(values: Float32Array, at: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[at + i]!;
  return sum;
}

/** Limited-memory BFGS for smooth convex functions of a few thousand variables. */

export interface Minimum {
  /** The minimiser; the start point array, overwritten. */
  readonly point: Float64Array;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface LbfgsOptions {
  /** Stop when the largest absolute gradient component is at most this. */
  readonly tolerance: number;
  readonly iterationsMax: number;
  /** Multiplies a step by an estimate of the inverse Hessian, in place; left out: a multiple of one. */
  readonly precondition?: ((step: Float64Array) => void) | undefined;
}

/** Pairs kept: more than ten rarely pay for their inner products. */
const MEMORY = 10;
/** A step is accepted when it wins this share of what the slope promises (Nocedal and Wright's c1). */
const ARMIJO = 1e-4;
/** Halvings before the line search gives up: the value is then flat to rounding. */
const HALVINGS_MAX = 30;

/**
 * Minimises `evaluate` from `point` (overwritten), in steps. `evaluate` writes the gradient and returns the value.
 * Nocedal, "Updating quasi-Newton matrices with limited storage" (1980).
 */
export function* minimise(
  evaluate: (point: Float64Array, gradient: Float64Array) => number,
  point: Float64Array,
  options: LbfgsOptions,
): Generator<void, Minimum> {
  const { precondition } = options;
  const size = point.length;
  let gradient: Float64Array = new Float64Array(size);
  let value = evaluate(point, gradient);
  let trial: Float64Array = new Float64Array(size);
  let trialGradient: Float64Array = new Float64Array(size);
  let current: Float64Array = point;
  const pairs: Pair[] = [];
  let iterations = 0;
  let converged = largest(gradient) <= options.tolerance;

  while (!converged && iterations < options.iterationsMax) {
    yield;
    iterations++;
    let direction = quasiNewtonDirection(gradient, pairs, precondition);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      pairs.length = 0;
      direction = quasiNewtonDirection(gradient, pairs, precondition);
      slope = dot(direction, gradient);
    }
    let step = pairs.length === 0 && !precondition ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    let trialValue = Number.POSITIVE_INFINITY;
    let halvings = 0;
    for (; halvings < HALVINGS_MAX; halvings++, step /= 2) {
      for (let i = 0; i < size; i++) trial[i] = current[i]! + step * direction[i]!;
      trialValue = evaluate(trial, trialGradient);
      if (trialValue <= value + ARMIJO * step * slope) break;
    }
    if (halvings === HALVINGS_MAX) break;
    rememberPair(pairs, current, trial, gradient, trialGradient);
    [current, trial] = [trial, current];
    [gradient, trialGradient] = [trialGradient, gradient];
    value = trialValue;
    converged = largest(gradient) <= options.tolerance;
  }
  if (current !== point) point.set(current);
  return { point, value, iterations, converged };
}

interface Pair {
  /** Change of the point, change of the gradient, and 1 / their inner product. */
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The two-loop recursion: -H g with H built from the kept pairs. */
function quasiNewtonDirection(
  gradient: Float64Array,
  pairs: readonly Pair[],
  precondition: LbfgsOptions['precondition'],
): Float64Array {
  const q = Float64Array.from(gradient, (g) => -g);
  const alpha = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    const pair = pairs[k]!;
    alpha[k] = pair.rho * dot(pair.s, q);
    addScaled(q, -alpha[k]!, pair.y);
  }
  precondition?.(q);
  const last = pairs[pairs.length - 1];
  if (last !== undefined) {
    const y = precondition ? last.y.slice() : last.y;
    precondition?.(y);
    const scale = 1 / (last.rho * dot(last.y, y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (let k = 0; k < pairs.length; k++) {
    const pair = pairs[k]!;
    addScaled(q, alpha[k]! - pair.rho * dot(pair.y, q), pair.s);
  }
  return q;
}

function rememberPair(
  pairs: Pair[],
  from: Float64Array,
  to: Float64Array,
  gradientFrom: Float64Array,
  gradientTo: Float64Array,
): void {
  const s = to.map((v, i) => v - from[i]!);
  const y = gradientTo.map((v, i) => v - gradientFrom[i]!);
  const curvature = dot(s, y);
  if (curvature <= 1e-14) return;
  if (pairs.length === MEMORY) pairs.shift();
  pairs.push({ s, y, rho: 1 / curvature });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, scale: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * source[i]!;
}

function largest(values: Float64Array): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
}

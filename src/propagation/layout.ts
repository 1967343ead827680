/**
 * A plane to look at: items placed so that neighbours in the kNN graph lie together and others apart.
 * McInnes, Healy and Melville, "UMAP" (2018), with the Cauchy similarity of van der Maaten and Hinton, "t-SNE" (2008).
 */
import { seededRandom } from '../core/random.ts';
import type { NeighbourGraph } from './graph.ts';

export interface LayoutOptions {
  /** (n x 2) where items start. */
  readonly start: Float32Array;
  /** (n) 1 = may move, 0 = stays where it starts; left out: all move. */
  readonly moving?: Uint8Array;
  readonly seed: number;
  /** After each pass, with the share done; whoever returns a promise decides when it goes on, or by throwing that it ends. */
  readonly onStep?: (done: number) => Promise<void> | void;
}

/** Passes over the edges: few hundred settle any size, large pools have more edges to settle by. */
const PASSES = 400;
const PASSES_LARGE = 150;
const LARGE = 20_000;
/** Items that each pulled item is pushed from; 5 as in UMAP. */
const PUSHES = 5;
/** A step goes no further, whatever the force, in units of the plane. */
const STEP_MAX = 4;
/** Keeps the push between two items in one place finite. */
const NEAR = 1e-3;

/** Positions (n x 2) in units in which neighbours lie about one apart. Deterministic in graph, start and seed. */
export async function layoutGraph(graph: NeighbourGraph, options: LayoutOptions): Promise<Float32Array> {
  const { start, moving, seed, onStep } = options;
  const xy = start.slice();
  const passes = graph.itemCount > LARGE ? PASSES_LARGE : PASSES;
  const periods = edgePeriods(graph);
  const due = periods.slice();
  const random = seededRandom('layout', seed);
  let state = 1 + random.int(0x7fff_fffe);
  for (let pass = 1; pass <= passes; pass++) {
    state = pullAndPush({ graph, xy, periods, due, moving }, pass, 1 - (pass - 1) / passes, state);
    await onStep?.(pass / passes);
  }
  return xy;
}

interface Plane {
  readonly graph: NeighbourGraph;
  readonly xy: Float32Array;
  /** (edges) passes between two pulls of an edge, and the pass of its next one. */
  readonly periods: Float32Array;
  readonly due: Float32Array;
  readonly moving: Uint8Array | undefined;
}

/** One pass: each edge that is due pulls its ends together and pushes the first of them from random items. */
function pullAndPush({ graph, xy, periods, due, moving }: Plane, pass: number, rate: number, seed: number): number {
  const { itemCount, starts, neighbours } = graph;
  let state = seed;
  for (let i = 0; i < itemCount; i++) {
    const free = moving === undefined || moving[i] === 1;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      if (due[e]! > pass) continue;
      due[e]! += periods[e]!;
      const j = neighbours[e]!;
      const otherFree = moving === undefined || moving[j] === 1;
      if (!free && !otherFree) continue;
      const dx = xy[2 * i]! - xy[2 * j]!;
      const dy = xy[2 * i + 1]! - xy[2 * j + 1]!;
      const pull = (-2 * rate) / (1 + dx * dx + dy * dy);
      const [px, py] = [bounded(pull * dx), bounded(pull * dy)];
      if (otherFree) {
        xy[2 * j]! -= px;
        xy[2 * j + 1]! -= py;
      }
      if (!free) continue;
      xy[2 * i]! += px;
      xy[2 * i + 1]! += py;
      for (let push = 0; push < PUSHES; push++) {
        state = xorshift(state);
        const k = (state >>> 0) % itemCount;
        if (k === i) continue;
        const ax = xy[2 * i]! - xy[2 * k]!;
        const ay = xy[2 * i + 1]! - xy[2 * k + 1]!;
        const square = ax * ax + ay * ay;
        const force = (2 * rate) / ((NEAR + square) * (1 + square));
        xy[2 * i]! += bounded(force * ax);
        xy[2 * i + 1]! += bounded(force * ay);
      }
    }
  }
  return state;
}

function bounded(step: number): number {
  return step > STEP_MAX ? STEP_MAX : step < -STEP_MAX ? -STEP_MAX : step;
}

/** Marsaglia, "Xorshift RNGs" (2003): the inner loop has no time for more. */
function xorshift(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  return x ^ (x << 5);
}

/** Rounds of halving: a scale to three digits is more than an eye can see. */
const SCALE_ROUNDS = 12;
/** Weaker edges never pull within the passes there are. */
const WEIGHT_MIN = 1e-3;

/**
 * (edges) How many passes lie between two pulls: the inverse of UMAP's membership, exp(-(d - nearest) / scale), whose scale
 * gives every item log2(k) neighbours in sum, however dense its place is.
 */
function edgePeriods({ itemCount, starts, similarities }: NeighbourGraph): Float32Array {
  const distances = Float32Array.from(similarities, (s) => Math.sqrt(Math.max(0, 2 - 2 * s)));
  const periods = new Float32Array(distances.length);
  for (let i = 0; i < itemCount; i++) {
    const own = distances.subarray(starts[i]!, starts[i + 1]!);
    if (own.length === 0) continue;
    const scale = scaleOf(own);
    for (let e = 0; e < own.length; e++) {
      const weight = Math.exp(-(own[e]! - own[0]!) / scale);
      periods[starts[i]! + e] = 1 / Math.max(WEIGHT_MIN, weight);
    }
  }
  return periods;
}

/** `own`: ascending. */
function scaleOf(own: Float32Array): number {
  const wanted = Math.log2(Math.max(2, own.length));
  let [low, high] = [1e-6, 4];
  for (let round = 0; round < SCALE_ROUNDS; round++) {
    const scale = Math.sqrt(low * high);
    let sum = 0;
    for (const d of own) sum += Math.exp(-(d - own[0]!) / scale);
    if (sum > wanted) high = scale;
    else low = scale;
  }
  return Math.sqrt(low * high);
}

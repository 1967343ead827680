/** What the greedy batch selections share: the round of picks, and float64 deciding where float32 cannot. */
import type { KernelHeap } from './heap.ts';

export interface BatchRequest {
  readonly count: number;
  /** Rows already covered (labeled): distances start from them, and they are not picked. */
  readonly centers?: ArrayLike<number>;
  /** Other rows that may not be picked. */
  readonly exclude?: ArrayLike<number>;
}

export interface BatchPicks {
  /** In the order of picking; fewer than asked for when rows run out. */
  readonly rows: Int32Array;
  /** Steps in which float32 could not decide and float64 did. */
  readonly refinedSteps: number;
}

export interface Pick {
  /** -1: no row is left. */
  readonly row: number;
  readonly refined: boolean;
}

/** A row out of the game; squared distances are never negative. */
export const OUT = -1;

/** Near-ties examined in float64 per step; a flood of more is decided among the first of them in row order. */
const NEAR_TIES_MAX = 256;

export function pickAll(count: number, choose: () => Pick, take: (row: number) => void): BatchPicks {
  const rows: number[] = [];
  let refinedSteps = 0;
  while (rows.length < count) {
    const { row, refined } = choose();
    if (row < 0) break;
    rows.push(row);
    if (refined) refinedSteps++;
    take(row);
  }
  return { rows: Int32Array.from(rows), refinedSteps };
}

/** (rows) squared distances to the nearest anchor before there is one. */
export function startingDistances(heap: KernelHeap, rows: number, request: BatchRequest): Float32Array {
  const { centers = [], exclude = [] } = request;
  const least = heap.f32(rows).fill(3.4e38);
  for (let i = 0; i < centers.length; i++) least[centers[i]!] = OUT;
  for (let i = 0; i < exclude.length; i++) least[exclude[i]!] = OUT;
  return least;
}

/** The row of the highest exact value among those whose fast value is at least `floor`; the first of equal ones. */
export function decide(heap: KernelHeap, fast: Float32Array, floor: number, exact: (row: number) => number): Pick {
  const ties = nearTies(heap, fast, floor);
  if (ties.length < 2) return { row: ties[0] ?? -1, refined: false };
  let row = -1;
  let best = Number.NEGATIVE_INFINITY;
  for (const tie of ties) {
    const value = exact(tie);
    if (value <= best) continue;
    row = tie;
    best = value;
  }
  return { row, refined: true };
}

function nearTies(heap: KernelHeap, values: Float32Array, floor: number): Int32Array {
  return heap.scoped(() => {
    const rows = heap.i32(NEAR_TIES_MAX);
    const [from, to] = [heap.address(values), heap.address(rows)];
    const found = heap.kernels.collectAtLeast(from, values.length, floor, to, NEAR_TIES_MAX);
    return rows.slice(0, Math.min(found, NEAR_TIES_MAX));
  });
}

/** min over anchors of an exact squared distance, remembered per row so that each pair is computed once. */
export function exactLeast(
  anchors: readonly number[],
  square: (row: number, anchor: number) => number,
): (row: number) => number {
  const known = new Map<number, { value: number; seen: number }>();
  return (row) => {
    const entry = known.get(row) ?? { value: Number.POSITIVE_INFINITY, seen: 0 };
    known.set(row, entry);
    for (; entry.seen < anchors.length; entry.seen++) {
      entry.value = Math.min(entry.value, square(row, anchors[entry.seen]!));
    }
    return entry.value;
  };
}

/**
 * Worst relative float32 error of an inner product of padded rows: stride / 16 chained additions in each of 16 lanes,
 * five levels to join them, one rounding per product.
 */
export function dotError(stride: number): number {
  return (stride / 16 + 6) * 2 ** -24;
}

export function largest(values: Float32Array): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! > most) most = values[i]!;
  return most;
}

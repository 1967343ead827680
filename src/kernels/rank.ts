/** The exact top of a long score list: select by threshold, refine in float64, quantise, break ties by id. */
import { quantise, SCORE_QUANTUM } from '../core/order.ts';
import type { KernelHeap } from './heap.ts';

export interface RankRequest {
  readonly k: number;
  /** Largest distance between scores[row] and exact(row), float32 rounding included. Default 0. */
  readonly error?: number;
  /** The float64 score of a row. Default: scores[row] itself. */
  readonly exact?: (row: number) => number;
  /** Id of each row, for ties. Default: the row number. */
  readonly ids?: ArrayLike<number>;
  /** Rows that must not appear (labeled, leased, deleted). */
  readonly exclude?: ArrayLike<number>;
}

export interface Ranked {
  /** Best first: quantised score descending, then id ascending. At most k, fewer when there are fewer rows. */
  readonly rows: Int32Array;
  /** Exact scores beside them. */
  readonly scores: Float64Array;
  /** How it was found: threshold selection, or the scan that handles floods of ties and of rows without a score. */
  readonly path: 'select' | 'flood';
}

/** Rows a selection may hold before it counts as a flood: room for a slack full of near-ties. */
const CANDIDATES_MIN = 8_192;

/** float32 rounding of (score - slack), scores up to 10. */
const ROUNDING = 1e-6;

/**
 * Top k of `scores` (n floats in the heap). Rows of NaN or -Infinity never appear; excluded rows are set to -Infinity
 * in `scores`. Cost: one vector pass plus about k float64 refinements; a tie flood costs one pass of plain JavaScript.
 */
export function rankTop(heap: KernelHeap, scores: Float32Array, request: RankRequest): Ranked {
  const { error = 0, exact = (row: number): number => scores[row]!, ids, exclude = [] } = request;
  for (let i = 0; i < exclude.length; i++) scores[exclude[i]!] = Number.NEGATIVE_INFINITY;
  const k = Math.min(request.k, scores.length);
  if (k <= 0) return { rows: new Int32Array(0), scores: new Float64Array(0), path: 'select' };
  let best = new BestRows(k, ids);
  const slack = 2 * error + SCORE_QUANTUM + ROUNDING;
  const path = heap.scoped(() => {
    const capacity = Math.max(CANDIDATES_MIN, 4 * k);
    const rows = heap.i32(capacity);
    const found = selectInto(heap, scores, k, slack, rows);
    if (found < 0) return 'flood';
    for (let i = 0; i < found; i++) {
      const score = exact(rows[i]!);
      // A row without a score took the place of another one.
      if (Number.isNaN(score)) return 'flood';
      best.offer(rows[i]!, score);
    }
    return 'select';
  });
  if (path === 'flood') {
    best = new BestRows(k, ids);
    flood(scores, error, exact, best);
  }
  return { ...best.sorted(), path };
}

function selectInto(heap: KernelHeap, scores: Float32Array, k: number, slack: number, rows: Int32Array): number {
  const capacity = rows.length;
  const values = heap.address(heap.f32(capacity));
  const scratch = heap.address(heap.f32(capacity));
  const at = heap.address(rows);
  return heap.kernels.select(heap.address(scores), scores.length, k, slack, at, values, scratch, capacity);
}

/** All rows in turn; only those that may still enter the list are scored exactly, so equal scores stay cheap. */
function flood(scores: Float32Array, error: number, exact: (row: number) => number, best: BestRows): void {
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row]!;
    if (score > Number.NEGATIVE_INFINITY && best.mayEnter(row, score + error)) best.offer(row, exact(row));
  }
}

/** The k best rows seen so far: a binary heap with the worst at the root. */
class BestRows {
  readonly #k: number;
  readonly #ids: ArrayLike<number> | undefined;
  readonly #rows: number[] = [];
  readonly #scores: number[] = [];
  readonly #quanta: number[] = [];

  constructor(k: number, ids: ArrayLike<number> | undefined) {
    this.#k = k;
    this.#ids = ids;
  }

  mayEnter(row: number, scoreAtMost: number): boolean {
    return this.#rows.length < this.#k || this.#compare(quantise(scoreAtMost), row, 0) < 0;
  }

  offer(row: number, score: number): void {
    if (Number.isNaN(score)) return;
    const quanta = quantise(score);
    const full = this.#rows.length === this.#k;
    if (full && this.#compare(quanta, row, 0) >= 0) return;
    const slot = full ? this.#sinkHole() : this.#rows.length;
    this.#lift(slot, row, score, quanta);
  }

  sorted(): { rows: Int32Array; scores: Float64Array } {
    const order = this.#rows.map((_, slot) => slot);
    order.sort((a, b) => this.#compare(this.#quanta[a]!, this.#rows[a]!, b));
    return {
      rows: Int32Array.from(order, (slot) => this.#rows[slot]!),
      scores: Float64Array.from(order, (slot) => this.#scores[slot]!),
    };
  }

  /** Negative when (quanta, row) ranks before the entry in `slot`. */
  #compare(quanta: number, row: number, slot: number): number {
    return this.#quanta[slot]! - quanta || this.#id(row) - this.#id(this.#rows[slot]!);
  }

  #id(row: number): number {
    return this.#ids === undefined ? row : this.#ids[row]!;
  }

  /** Moves the hole left by the root down to a leaf, along the worse child; returns the leaf. */
  #sinkHole(): number {
    const count = this.#rows.length;
    let hole = 0;
    for (let child = 1; child < count; child = 2 * hole + 1) {
      const right = child + 1;
      if (right < count && this.#compare(this.#quanta[right]!, this.#rows[right]!, child) > 0) child = right;
      this.#move(child, hole);
      hole = child;
    }
    return hole;
  }

  /** Puts the entry where it belongs between `slot` and the root: parents rank after their children. */
  #lift(slot: number, row: number, score: number, quanta: number): void {
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (this.#compare(quanta, row, parent) <= 0) break;
      this.#move(parent, slot);
      slot = parent;
    }
    this.#rows[slot] = row;
    this.#scores[slot] = score;
    this.#quanta[slot] = quanta;
  }

  #move(from: number, to: number): void {
    this.#rows[to] = this.#rows[from]!;
    this.#scores[to] = this.#scores[from]!;
    this.#quanta[to] = this.#quanta[from]!;
  }
}

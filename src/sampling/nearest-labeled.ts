/** How far rows are from the nearest labeled one, kept from order to order: labels mostly come, and most picks return. */
import type { Rows } from './rows.ts';

export class NearestLabeled {
  #rows: Rows | undefined;
  #labeled: Int32Array = new Int32Array(0);
  /** Labels that have come since the order before. */
  #fresh: Int32Array = new Int32Array(0);
  /** Largest cosine to a labeled row, by ordinal: of the order before, and of this one. */
  #before = new Map<number, number>();
  #now = new Map<number, number>();

  /** A new order over these rows and labels (ordinals). */
  begin(rows: Rows, labeled: Int32Array): void {
    const known = new Set(this.#labeled);
    const fresh = labeled.filter((ordinal) => !known.has(ordinal));
    // A label that has gone leaves distances that nothing can mend.
    const gone = known.size + fresh.length !== labeled.length;
    this.#before = gone || rows !== this.#rows ? new Map() : this.#now;
    this.#now = new Map();
    this.#fresh = fresh;
    this.#labeled = labeled;
    this.#rows = rows;
  }

  /** Rows have other values now. */
  forget(): void {
    this.#now = new Map();
  }

  /** Euclidean distance of unit rows, 0..2; null when nothing is labeled. */
  distance(ordinal: number): number | null {
    if (this.#rows === undefined || this.#labeled.length === 0) return null;
    const kept = this.#before.get(ordinal);
    const row = this.#rows.row(ordinal);
    let nearest = kept ?? -1;
    for (const other of kept === undefined ? this.#labeled : this.#fresh) {
      nearest = Math.max(nearest, dot(row, this.#rows.row(other)));
    }
    this.#now.set(ordinal, nearest);
    return Math.sqrt(Math.max(0, 2 - 2 * nearest));
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

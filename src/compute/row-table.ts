/** Rows by ordinal in one growing block of memory; places of removed rows are used again. */

export class RowTable {
  readonly dims: number;
  #data: Float32Array;
  readonly #places = new Map<number, number>();
  readonly #free: number[] = [];
  #used = 0;

  constructor(dims: number) {
    this.dims = dims;
    this.#data = new Float32Array(0);
  }

  get size(): number {
    return this.#places.size;
  }

  has(ordinal: number): boolean {
    return this.#places.has(ordinal);
  }

  ordinals(): Iterable<number> {
    return this.#places.keys();
  }

  set(ordinal: number, row: Float32Array): void {
    const place = this.#places.get(ordinal) ?? this.#free.pop() ?? this.#used++;
    this.#places.set(ordinal, place);
    this.#makeRoom(place + 1);
    this.#data.set(row, place * this.dims);
  }

  remove(ordinal: number): void {
    const place = this.#places.get(ordinal);
    if (place === undefined) return;
    this.#places.delete(ordinal);
    this.#free.push(place);
  }

  /** A view; zeros for what is not there. */
  row(ordinal: number): Float32Array {
    const place = this.#places.get(ordinal);
    if (place === undefined) return new Float32Array(this.dims);
    return this.#data.subarray(place * this.dims, (place + 1) * this.dims);
  }

  #makeRoom(rows: number): void {
    if (rows * this.dims <= this.#data.length) return;
    const larger = new Float32Array(Math.ceil(rows * 1.5) * this.dims);
    larger.set(this.#data);
    this.#data = larger;
  }
}

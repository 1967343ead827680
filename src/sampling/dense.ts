/** The few dense loops of this room over row-major float32 matrices. */

/** `out[i]` = rows[i] . vector for the first `n` rows of `matrix` (n x dim). */
export function matVec(matrix: Float32Array, n: number, dim: number, vector: Float32Array, out: Float32Array): void {
  const whole = dim & ~3;
  for (let i = 0; i < n; i++) {
    const at = i * dim;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let j = 0; j < whole; j += 4) {
      a += matrix[at + j]! * vector[j]!;
      b += matrix[at + j + 1]! * vector[j + 1]!;
      c += matrix[at + j + 2]! * vector[j + 2]!;
      d += matrix[at + j + 3]! * vector[j + 3]!;
    }
    for (let j = whole; j < dim; j++) a += matrix[at + j]! * vector[j]!;
    out[i] = a + b + (c + d);
  }
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

/** The k-th largest value (k >= 1) of `values`, which is left as it was; the smallest when there are fewer. */
export function kthLargest(values: Float32Array, k: number): number {
  const heap = new Float32Array(Math.min(k, values.length));
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (size < heap.length) {
      heap[size] = value;
      siftUp(heap, size++);
    } else if (value > heap[0]!) {
      heap[0] = value;
      siftDown(heap, size);
    }
  }
  return heap[0] ?? Number.NaN;
}

function siftUp(heap: Float32Array, from: number): void {
  let i = from;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (heap[parent]! <= heap[i]!) return;
    const held = heap[parent]!;
    heap[parent] = heap[i]!;
    heap[i] = held;
    i = parent;
  }
}

function siftDown(heap: Float32Array, size: number): void {
  let i = 0;
  for (;;) {
    let least = 2 * i + 1;
    if (least >= size) return;
    if (least + 1 < size && heap[least + 1]! < heap[least]!) least++;
    if (heap[i]! <= heap[least]!) return;
    const held = heap[least]!;
    heap[least] = heap[i]!;
    heap[i] = held;
    i = least;
  }
}

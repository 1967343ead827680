/** Row-wise linear algebra. Rows are `stride` floats apart, stride a multiple of 16, the padding zero. */
import { storeLanes, sumInLane0, sums4 } from './math';

/** Lane 0 = dot product of two padded rows: four accumulators, 64 bytes of each per step, one sequential stream. */
// @ts-ignore: decorator
@inline
export function dotRow(a: usize, b: usize, bytes: usize): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let o: usize = 0; o < bytes; o += 64) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a + o), v128.load(b + o)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a + o, 16), v128.load(b + o, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a + o, 32), v128.load(b + o, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a + o, 48), v128.load(b + o, 48)));
  }
  return sumInLane0(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** out[i] = x[i] . v */
export function matvec(x: usize, n: i32, stride: i32, v: usize, out: usize): void {
  const bytes = (stride as usize) << 2;
  for (let i = 0; i < n; i++) {
    v128.store32_lane(out, dotRow(x, v, bytes), 0);
    x += bytes;
    out += 4;
  }
}

/** Columns per panel: 64 rows of 384 floats are 98 kB and stay in the second-level cache. */
const PANEL: i32 = 64;

/** out[i * c + j] = x[i] . w[j] + bias[j]; bias may be 0 (none). Tiles of 2 rows x 4 columns. */
export function gemm(x: usize, n: i32, stride: i32, w: usize, c: i32, bias: usize, out: usize): void {
  const bytes = (stride as usize) << 2;
  for (let panel = 0; panel < c; panel += PANEL) {
    const end = min(panel + PANEL, c);
    for (let i = 0; i < n; i += 2) {
      const x0 = x + (i as usize) * bytes;
      // An odd last row is computed twice and written twice with the same numbers.
      const x1 = i + 1 < n ? x0 + bytes : x0;
      const out0 = out + (((i as usize) * (c as usize)) << 2);
      const out1 = i + 1 < n ? out0 + ((c as usize) << 2) : out0;
      if (c <= 4 && i + 3 < n) touch(x0 + (bytes << 1), bytes << 1);
      let j = panel;
      for (; j + 2 < end; j += 4) tile(x0, x1, w, bytes, j, c, bias, out0, out1);
      if (j < end) narrowTile(x0, x1, w, bytes, j, c, bias, out0, out1);
    }
  }
}

/**
 * Reads one float per cache line in address order: rows taken in pairs defeat the prefetcher, this feeds it. With few
 * columns the pass waits for memory and becomes up to 2.8 times faster; with more it waits for arithmetic anyway.
 */
function touch(address: usize, bytes: usize): void {
  let seen: v128 = f32x4.splat(0);
  for (let o: usize = 0; o < bytes; o += 64) seen = v128.or(seen, v128.load(address + o));
  touched = v128.any_true(seen);
}

/** Keeps the reads of `touch` from being removed. */
let touched: bool = false;

function tile(x0: usize, x1: usize, w: usize, bytes: usize, j: i32, c: i32, bias: usize, out0: usize, out1: usize): void {
  const w0 = w + (j as usize) * bytes;
  const w1 = w + (min(j + 1, c - 1) as usize) * bytes;
  const w2 = w + (min(j + 2, c - 1) as usize) * bytes;
  const w3 = w + (min(j + 3, c - 1) as usize) * bytes;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let o: usize = 0; o < bytes; o += 16) {
    const p = v128.load(x0 + o);
    const q = v128.load(x1 + o);
    let y = v128.load(w0 + o);
    a0 = f32x4.add(a0, f32x4.mul(p, y));
    b0 = f32x4.add(b0, f32x4.mul(q, y));
    y = v128.load(w1 + o);
    a1 = f32x4.add(a1, f32x4.mul(p, y));
    b1 = f32x4.add(b1, f32x4.mul(q, y));
    y = v128.load(w2 + o);
    a2 = f32x4.add(a2, f32x4.mul(p, y));
    b2 = f32x4.add(b2, f32x4.mul(q, y));
    y = v128.load(w3 + o);
    a3 = f32x4.add(a3, f32x4.mul(p, y));
    b3 = f32x4.add(b3, f32x4.mul(q, y));
  }
  const column = (j as usize) << 2;
  const add = bias == 0 ? f32x4.splat(0) : v128.load(bias + column);
  storeLanes(out0 + column, f32x4.add(sums4(a0, a1, a2, a3), add), c - j);
  storeLanes(out1 + column, f32x4.add(sums4(b0, b1, b2, b3), add), c - j);
}

/** One or two last columns: heads with two classes are common, and four would be computed for them. */
function narrowTile(
  x0: usize, x1: usize, w: usize, bytes: usize, j: i32, c: i32, bias: usize, out0: usize, out1: usize,
): void {
  const w0 = w + (j as usize) * bytes;
  const w1 = w + (min(j + 1, c - 1) as usize) * bytes;
  const zero = f32x4.splat(0);
  let a0 = zero;
  let a1 = zero;
  let b0 = zero;
  let b1 = zero;
  let a2 = zero;
  let a3 = zero;
  let b2 = zero;
  let b3 = zero;
  for (let o: usize = 0; o < bytes; o += 32) {
    let p = v128.load(x0 + o);
    let q = v128.load(x1 + o);
    let y = v128.load(w0 + o);
    let z = v128.load(w1 + o);
    a0 = f32x4.add(a0, f32x4.mul(p, y));
    b0 = f32x4.add(b0, f32x4.mul(q, y));
    a1 = f32x4.add(a1, f32x4.mul(p, z));
    b1 = f32x4.add(b1, f32x4.mul(q, z));
    p = v128.load(x0 + o, 16);
    q = v128.load(x1 + o, 16);
    y = v128.load(w0 + o, 16);
    z = v128.load(w1 + o, 16);
    a2 = f32x4.add(a2, f32x4.mul(p, y));
    b2 = f32x4.add(b2, f32x4.mul(q, y));
    a3 = f32x4.add(a3, f32x4.mul(p, z));
    b3 = f32x4.add(b3, f32x4.mul(q, z));
  }
  const column = (j as usize) << 2;
  const sums = sums4(f32x4.add(a0, a2), f32x4.add(a1, a3), f32x4.add(b0, b2), f32x4.add(b1, b3));
  const add = bias == 0 ? zero : v128.load(bias + column);
  storeLanes(out0 + column, f32x4.add(sums, add), c - j);
  storeLanes(out1 + column, f32x4.add(v128.shuffle<i64>(sums, sums, 1, 1), add), c - j);
}

/** Sum of squares in float64: cannot overflow, so it is finite exactly when every entry is. */
function squareOf(x: usize, bytes: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  for (let o: usize = 0; o < bytes; o += 16) {
    const v = v128.load(x + o);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1));
    s0 = f64x2.add(s0, f64x2.mul(low, low));
    s1 = f64x2.add(s1, f64x2.mul(high, high));
  }
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

/**
 * Writes each row's length to lengths[i] and, with `scale`, divides the row by it. A row that holds NaN or an
 * infinity becomes zeros and its length NaN; a zero row keeps its length 0.
 */
export function measureRows(x: usize, n: i32, stride: i32, lengths: usize, scale: i32): void {
  const bytes = (stride as usize) << 2;
  for (let i = 0; i < n; i++) {
    const length = sqrt(squareOf(x, bytes));
    if (!isFinite(length)) {
      memory.fill(x, 0, bytes);
      store<f32>(lengths, NaN);
    } else {
      store<f32>(lengths, length as f32);
      if (scale && length > 0) divideRow(x, bytes, length);
    }
    lengths += 4;
    x += bytes;
  }
}

/** out[i] = |x[i]|^2, summed in float64. */
export function squaredLengths(x: usize, n: i32, stride: i32, out: usize): void {
  const bytes = (stride as usize) << 2;
  for (let i = 0; i < n; i++) {
    store<f32>(out, squareOf(x, bytes) as f32);
    out += 4;
    x += bytes;
  }
}

function divideRow(x: usize, bytes: usize, norm: f64): void {
  const by = f64x2.splat(norm);
  for (let o: usize = 0; o < bytes; o += 16) {
    const v = v128.load(x + o);
    const low = f32x4.demote_f64x2_zero(f64x2.div(f64x2.promote_low_f32x4(v), by));
    const high = f32x4.demote_f64x2_zero(f64x2.div(f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 1)), by));
    v128.store(x + o, v128.shuffle<i64>(low, high, 0, 2));
  }
}

/** Index of the first NaN or infinity among n floats, or -1. */
export function firstNonFinite(x: usize, n: i32): i32 {
  let i = 0;
  const zero = f32x4.splat(0);
  // x - x is 0 for every finite number and NaN for the others.
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x + ((i as usize) << 2));
    if (!i32x4.all_true(f32x4.eq(f32x4.sub(v, v), zero))) break;
  }
  for (; i < n; i++) if (!isFinite(load<f32>(x + ((i as usize) << 2)))) return i;
  return -1;
}

/** out[i * c + j] += (u[i] + shift) * e[j]; e and the sum in float64, so that many changes add up as one. */
export function addOuter(out: usize, n: i32, c: i32, u: usize, shift: f64, e: usize): void {
  const end = e + ((c as usize) << 3);
  for (let i = 0; i < n; i++) {
    const amount = (load<f32>(u) as f64) + shift;
    for (let o = e; o < end; o += 8) {
      store<f32>(out, ((load<f32>(out) as f64) + amount * load<f64>(o)) as f32);
      out += 4;
    }
    u += 4;
  }
}

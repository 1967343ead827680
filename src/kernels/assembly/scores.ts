/** Acquisition scores of (n x c) tables, higher = label sooner, and softmax. Tables are dense: no padding in rows. */
import { column0, column1, column2, column3, exp4, log4, maxLanes, storeLanes, sumLanes } from './math';

/** From here on a row is long enough to be reduced along itself; shorter ones go four rows at a time. */
const LONG_ROW: i32 = 24;

/** Columns whose exponentials are summed on their own. */
const SUM_BLOCK: i32 = 32;

// Kinds of scoreLogits; the wrapper passes them by number.
const LEAST_CONFIDENCE: i32 = 1;
const ENTROPY: i32 = 2;

// @ts-ignore: decorator
@inline
function second(best: v128, next: v128, x: v128): v128 {
  return f32x4.pmax(next, f32x4.pmin(x, best));
}

/** 1 - (best - second best) of probabilities. */
export function margin(p: usize, n: i32, c: i32, out: usize): void {
  if (c >= LONG_ROW) {
    marginLong(p, n, c, out);
    return;
  }
  const bytes = (c as usize) << 2;
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const p1 = i + 1 < n ? p + bytes : p;
    const p2 = i + 2 < n ? p1 + bytes : p1;
    const p3 = i + 3 < n ? p2 + bytes : p2;
    let best = zero;
    let next = zero;
    for (let j = 0; j < c; j += 4) {
      const o = (j as usize) << 2;
      const a = v128.load(p + o);
      const b = v128.load(p1 + o);
      const d = v128.load(p2 + o);
      const e = v128.load(p3 + o);
      let x = column0(a, b, d, e);
      next = second(best, next, x);
      best = f32x4.pmax(best, x);
      if (j + 1 >= c) break;
      x = column1(a, b, d, e);
      next = second(best, next, x);
      best = f32x4.pmax(best, x);
      if (j + 2 >= c) break;
      x = column2(a, b, d, e);
      next = second(best, next, x);
      best = f32x4.pmax(best, x);
      if (j + 3 >= c) break;
      x = column3(a, b, d, e);
      next = second(best, next, x);
      best = f32x4.pmax(best, x);
    }
    storeLanes(out, f32x4.sub(one, f32x4.sub(best, next)), n - i);
    out += 16;
    p += bytes << 2;
  }
}

function marginLong(p: usize, n: i32, c: i32, out: usize): void {
  const zero = f32x4.splat(0);
  const whole = c & ~7;
  for (let i = 0; i < n; i++) {
    let best = zero;
    let next = zero;
    let best2 = zero;
    let next2 = zero;
    for (let j = 0; j < whole; j += 8) {
      const o = (j as usize) << 2;
      const x = v128.load(p + o);
      const y = v128.load(p + o, 16);
      next = second(best, next, x);
      best = f32x4.pmax(best, x);
      next2 = second(best2, next2, y);
      best2 = f32x4.pmax(best2, y);
    }
    next = f32x4.pmax(f32x4.pmax(next, next2), f32x4.pmin(best, best2));
    best = f32x4.pmax(best, best2);
    // Fold the four lanes: halves against halves, then the two left.
    let bestHalf = v128.shuffle<f32>(best, best, 2, 3, 2, 3);
    next = f32x4.pmax(f32x4.pmax(next, v128.shuffle<f32>(next, next, 2, 3, 2, 3)), f32x4.pmin(best, bestHalf));
    best = f32x4.pmax(best, bestHalf);
    bestHalf = v128.shuffle<f32>(best, best, 1, 1, 1, 1);
    next = f32x4.pmax(f32x4.pmax(next, v128.shuffle<f32>(next, next, 1, 1, 1, 1)), f32x4.pmin(best, bestHalf));
    best = f32x4.pmax(best, bestHalf);
    let top = f32x4.extract_lane(best, 0);
    let runnerUp = f32x4.extract_lane(next, 0);
    for (let j = whole; j < c; j++) {
      const x = load<f32>(p + ((j as usize) << 2));
      runnerUp = max(runnerUp, min(top, x));
      top = max(top, x);
    }
    store<f32>(out, 1 - (top - runnerUp));
    out += 4;
    p += (c as usize) << 2;
  }
}

/** 1 - best of probabilities. */
export function leastConfidence(p: usize, n: i32, c: i32, out: usize): void {
  if (c >= LONG_ROW) {
    leastConfidenceLong(p, n, c, out);
    return;
  }
  const bytes = (c as usize) << 2;
  const one = f32x4.splat(1);
  for (let i = 0; i < n; i += 4) {
    const p1 = i + 1 < n ? p + bytes : p;
    const p2 = i + 2 < n ? p1 + bytes : p1;
    const p3 = i + 3 < n ? p2 + bytes : p2;
    let best = f32x4.splat(0);
    for (let j = 0; j < c; j += 4) {
      const o = (j as usize) << 2;
      const a = v128.load(p + o);
      const b = v128.load(p1 + o);
      const d = v128.load(p2 + o);
      const e = v128.load(p3 + o);
      best = f32x4.pmax(best, column0(a, b, d, e));
      if (j + 1 >= c) break;
      best = f32x4.pmax(best, column1(a, b, d, e));
      if (j + 2 >= c) break;
      best = f32x4.pmax(best, column2(a, b, d, e));
      if (j + 3 >= c) break;
      best = f32x4.pmax(best, column3(a, b, d, e));
    }
    storeLanes(out, f32x4.sub(one, best), n - i);
    out += 16;
    p += bytes << 2;
  }
}

function leastConfidenceLong(p: usize, n: i32, c: i32, out: usize): void {
  const whole = c & ~15;
  for (let i = 0; i < n; i++) {
    let a = f32x4.splat(0);
    let b = a;
    let d = a;
    let e = a;
    for (let j = 0; j < whole; j += 16) {
      const o = (j as usize) << 2;
      a = f32x4.pmax(a, v128.load(p + o));
      b = f32x4.pmax(b, v128.load(p + o, 16));
      d = f32x4.pmax(d, v128.load(p + o, 32));
      e = f32x4.pmax(e, v128.load(p + o, 48));
    }
    let top = maxLanes(f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(d, e)));
    for (let j = whole; j < c; j++) top = max(top, load<f32>(p + ((j as usize) << 2)));
    store<f32>(out, 1 - top);
    out += 4;
    p += (c as usize) << 2;
  }
}

// @ts-ignore: decorator
@inline
function line(x: v128, slope: f32, intercept: f32): v128 {
  return f32x4.add(f32x4.mul(x, f32x4.splat(slope)), f32x4.splat(intercept));
}

/**
 * 2^23 p log2(p), lane by lane. The bit pattern read as an integer is exponent + mantissa, linear between powers of two;
 * the polynomial is the minimax correction log2(m) - (m - 1) of degree 5 on [1, 2), error 1.3e-5 (Remez exchange).
 */
// @ts-ignore: decorator
@inline
function plog2(p: v128): v128 {
  const m = v128.or(v128.and(p, i32x4.splat(0x007fffff)), i32x4.splat(0x3f800000));
  // In pairs rather than one long chain: the loop waits for latency, not for throughput.
  const square = f32x4.mul(m, m);
  const low = line(m, 4.091710813497488 * 8388608, -1.8003640354045536 * 8388608);
  const middle = line(m, 1.6311487659369837 * 8388608, -3.5507929282884496 * 8388608);
  const high = line(m, 0.04487361029765784 * 8388608, -0.4165636872945613 * 8388608);
  const q = f32x4.add(low, f32x4.mul(square, f32x4.add(middle, f32x4.mul(square, high))));
  const linear = f32x4.convert_i32x4_s(i32x4.sub(p, i32x4.splat(0x3f800000)));
  return f32x4.mul(p, f32x4.add(linear, q));
}

/** - ln 2 / 2^23: from the scale of plog2 to nats. */
const TO_NATS: f32 = -0.6931471805599453 / 8388608;

/** Shannon entropy of probabilities in nats, fast: see scoreError of the wrapper. */
export function entropy(p: usize, n: i32, c: i32, out: usize): void {
  if (c >= LONG_ROW) {
    entropyLong(p, n, c, out);
    return;
  }
  const bytes = (c as usize) << 2;
  for (let i = 0; i < n; i += 4) {
    const p1 = i + 1 < n ? p + bytes : p;
    const p2 = i + 2 < n ? p1 + bytes : p1;
    const p3 = i + 3 < n ? p2 + bytes : p2;
    let sum = f32x4.splat(0);
    for (let j = 0; j < c; j += 4) {
      const o = (j as usize) << 2;
      const a = v128.load(p + o);
      const b = v128.load(p1 + o);
      const d = v128.load(p2 + o);
      const e = v128.load(p3 + o);
      sum = f32x4.add(sum, plog2(column0(a, b, d, e)));
      if (j + 1 >= c) break;
      sum = f32x4.add(sum, plog2(column1(a, b, d, e)));
      if (j + 2 >= c) break;
      sum = f32x4.add(sum, plog2(column2(a, b, d, e)));
      if (j + 3 >= c) break;
      sum = f32x4.add(sum, plog2(column3(a, b, d, e)));
    }
    storeLanes(out, f32x4.max(f32x4.splat(0), f32x4.mul(sum, f32x4.splat(TO_NATS))), n - i);
    out += 16;
    p += bytes << 2;
  }
}

function entropyLong(p: usize, n: i32, c: i32, out: usize): void {
  const whole = c & ~7;
  for (let i = 0; i < n; i++) {
    let a = f32x4.splat(0);
    let b = a;
    for (let j = 0; j < whole; j += 8) {
      const o = (j as usize) << 2;
      a = f32x4.add(a, plog2(v128.load(p + o)));
      b = f32x4.add(b, plog2(v128.load(p + o, 16)));
    }
    let sum = sumLanes(f32x4.add(a, b));
    for (let j = whole; j < c; j++) sum += f32x4.extract_lane(plog2(v128.load32_zero(p + ((j as usize) << 2))), 0);
    store<f32>(out, max<f32>(0, sum * TO_NATS));
    out += 4;
    p += (c as usize) << 2;
  }
}

/** probabilities = softmax(scale * logits), row by row; out may be the input. */
export function softmaxRows(x: usize, n: i32, c: i32, scale: f32, out: usize): void {
  const s = f32x4.splat(scale);
  for (let i = 0; i < n; i++) {
    let top = load<f32>(x);
    for (let j = 1; j < c; j++) top = max(top, load<f32>(x + ((j as usize) << 2)));
    const shift = f32x4.splat(top);
    let total: f32 = 0;
    let j = 0;
    let sums = f32x4.splat(0);
    for (; j + 4 <= c; j += 4) {
      const o = (j as usize) << 2;
      const e = exp4(f32x4.mul(f32x4.sub(v128.load(x + o), shift), s));
      sums = f32x4.add(sums, e);
      v128.store(out + o, e);
    }
    for (; j < c; j++) {
      const o = (j as usize) << 2;
      const e = f32x4.extract_lane(exp4(f32x4.mul(f32x4.sub(v128.load32_zero(x + o), shift), s)), 0);
      total += e;
      store<f32>(out + o, e);
    }
    total += sumLanes(sums);
    const inverse: f32 = 1 / total;
    for (j = 0; j + 4 <= c; j += 4) {
      const o = out + ((j as usize) << 2);
      v128.store(o, f32x4.mul(v128.load(o), f32x4.splat(inverse)));
    }
    for (; j < c; j++) {
      const o = out + ((j as usize) << 2);
      store<f32>(o, load<f32>(o) * inverse);
    }
    x += (c as usize) << 2;
    out += (c as usize) << 2;
  }
}

/**
 * Scores softmax(scale * logits) without writing probabilities. When u is not 0 the logits first become
 * logits + u e^T (a rank-one change of the head), in the same pass. Four rows at a time; a last group of fewer
 * repeats its last row, which is harmless because a block is loaded whole before it is stored.
 */
export function scoreLogits(x: usize, n: i32, c: i32, u: usize, e: usize, scale: f32, kind: i32, out: usize): void {
  const bytes = (c as usize) << 2;
  const s = f32x4.splat(scale);
  for (let i = 0; i < n; i += 4) {
    const x1 = i + 1 < n ? x + bytes : x;
    const x2 = i + 2 < n ? x1 + bytes : x1;
    const x3 = i + 3 < n ? x2 + bytes : x2;
    if (u != 0) {
      rankOne(x, x1, x2, x3, c, u, e, n - i);
      u += 16;
    }
    let best = f32x4.splat(-Infinity);
    let next = best;
    for (let j = 0; j < c; j += 4) {
      const o = (j as usize) << 2;
      const a = v128.load(x + o);
      const b = v128.load(x1 + o);
      const d = v128.load(x2 + o);
      const f = v128.load(x3 + o);
      let v = column0(a, b, d, f);
      next = second(best, next, v);
      best = f32x4.pmax(best, v);
      if (j + 1 >= c) break;
      v = column1(a, b, d, f);
      next = second(best, next, v);
      best = f32x4.pmax(best, v);
      if (j + 2 >= c) break;
      v = column2(a, b, d, f);
      next = second(best, next, v);
      best = f32x4.pmax(best, v);
      if (j + 3 >= c) break;
      v = column3(a, b, d, f);
      next = second(best, next, v);
      best = f32x4.pmax(best, v);
    }
    let total = f32x4.splat(0);
    let weighted = total;
    let totalBefore = total;
    let weightedBefore = total;
    for (let j = 0; j < c; j += 4) {
      // Sums of sums: rounding grows with the longest chain of additions (see scoreError of the wrapper).
      if ((j & (SUM_BLOCK - 1)) == 0) {
        totalBefore = f32x4.add(totalBefore, total);
        weightedBefore = f32x4.add(weightedBefore, weighted);
        total = f32x4.splat(0);
        weighted = total;
      }
      const o = (j as usize) << 2;
      const a = v128.load(x + o);
      const b = v128.load(x1 + o);
      const d = v128.load(x2 + o);
      const f = v128.load(x3 + o);
      let z = f32x4.mul(f32x4.sub(column0(a, b, d, f), best), s);
      let p = exp4(z);
      total = f32x4.add(total, p);
      weighted = f32x4.add(weighted, f32x4.mul(p, z));
      if (j + 1 >= c) break;
      z = f32x4.mul(f32x4.sub(column1(a, b, d, f), best), s);
      p = exp4(z);
      total = f32x4.add(total, p);
      weighted = f32x4.add(weighted, f32x4.mul(p, z));
      if (j + 2 >= c) break;
      z = f32x4.mul(f32x4.sub(column2(a, b, d, f), best), s);
      p = exp4(z);
      total = f32x4.add(total, p);
      weighted = f32x4.add(weighted, f32x4.mul(p, z));
      if (j + 3 >= c) break;
      z = f32x4.mul(f32x4.sub(column3(a, b, d, f), best), s);
      p = exp4(z);
      total = f32x4.add(total, p);
      weighted = f32x4.add(weighted, f32x4.mul(p, z));
    }
    total = f32x4.add(total, totalBefore);
    weighted = f32x4.add(weighted, weightedBefore);
    const one = f32x4.splat(1);
    let score: v128;
    if (kind == ENTROPY) score = f32x4.sub(log4(total), f32x4.div(weighted, total));
    else if (kind == LEAST_CONFIDENCE) score = f32x4.sub(one, f32x4.div(one, total));
    else {
      const runnerUp = exp4(f32x4.mul(f32x4.sub(next, best), s));
      score = f32x4.sub(one, f32x4.div(f32x4.sub(one, runnerUp), total));
    }
    storeLanes(out, score, n - i);
    out += 16;
    x += bytes << 2;
  }
}

// @ts-ignore: decorator
@inline
function rankOne(x: usize, x1: usize, x2: usize, x3: usize, c: i32, u: usize, e: usize, rows: i32): void {
  const u0 = v128.load32_splat(u);
  const u1 = rows > 1 ? v128.load32_splat(u, 4) : u0;
  const u2 = rows > 2 ? v128.load32_splat(u, 8) : u1;
  const u3 = rows > 3 ? v128.load32_splat(u, 12) : u2;
  for (let j = 0; j < c; j += 4) {
    const o = (j as usize) << 2;
    const change = v128.load(e + o);
    const a = f32x4.add(v128.load(x + o), f32x4.mul(u0, change));
    const b = f32x4.add(v128.load(x1 + o), f32x4.mul(u1, change));
    const d = f32x4.add(v128.load(x2 + o), f32x4.mul(u2, change));
    const f = f32x4.add(v128.load(x3 + o), f32x4.mul(u3, change));
    const count = c - j;
    storeLanes(x + o, a, count);
    storeLanes(x1 + o, b, count);
    storeLanes(x2 + o, d, count);
    storeLanes(x3 + o, f, count);
  }
}

/** Steps of batch selection: distances to the last pick, kernel coverage, sampling without sorting. */
import { dotRow } from './dense';
import { exp4, log4, storeLanes, sumInLane0, sumLanes } from './math';

// @ts-ignore: decorator
@inline
function at(base: usize, i: i32): usize {
  return base + ((i as usize) << 2);
}

/** Lane 0 = |a|^2 + |b|^2 - 2 inner, not below 0; `square` is the address of |a|^2, `own` and `inner` hold lane 0. */
// @ts-ignore: decorator
@inline
function squareAt(square: usize, own: v128, inner: v128): v128 {
  const sum = f32x4.add(v128.load32_zero(square), own);
  return f32x4.pmax(f32x4.splat(0), f32x4.sub(sum, f32x4.add(inner, inner)));
}

/**
 * least[i] = min(least[i], |x[i] - x[pick]|^2) from squared lengths; returns the largest value. A negative entry marks
 * a row out of the game and stays as it is; the largest is negative when none is left.
 */
export function kCenterStep(x: usize, n: i32, stride: i32, squares: usize, pick: i32, least: usize): f32 {
  const bytes = (stride as usize) << 2;
  const centre = x + (pick as usize) * bytes;
  const own = v128.load32_zero(at(squares, pick));
  let most = f32x4.splat(-1);
  for (let i = 0; i < n; i++) {
    const square = squareAt(at(squares, i), own, dotRow(x, centre, bytes));
    const value = f32x4.pmin(v128.load32_zero(at(least, i)), square);
    v128.store32_lane(at(least, i), value, 0);
    most = f32x4.pmax(most, value);
    x += bytes;
  }
  return f32x4.extract_lane(most, 0);
}

/**
 * The same minimum for BADGE's gradient embeddings g[i] (x) x[i], never formed: their inner product is
 * (x.x')(g.g'). squares[i] = |g[i]|^2 |x[i]|^2; g has `width` floats per row, a multiple of 4, zero padded.
 */
export function badgeStep(
  x: usize, n: i32, stride: i32, g: usize, width: i32, squares: usize, pick: i32, least: usize,
): void {
  const bytes = (stride as usize) << 2;
  const gBytes = (width as usize) << 2;
  const centre = x + (pick as usize) * bytes;
  const gCentre = g + (pick as usize) * gBytes;
  const own = v128.load32_zero(at(squares, pick));
  for (let i = 0; i < n; i++) {
    let s = f32x4.splat(0);
    for (let o: usize = 0; o < gBytes; o += 16) s = f32x4.add(s, f32x4.mul(v128.load(g + o), v128.load(gCentre + o)));
    const inner = f32x4.mul(sumInLane0(s), dotRow(x, centre, bytes));
    const value = f32x4.pmin(v128.load32_zero(at(least, i)), squareAt(at(squares, i), own, inner));
    v128.store32_lane(at(least, i), value, 0);
    x += bytes;
    g += gBytes;
  }
}

/** Murmur3's finaliser on four counters at once: the same bits as `raceUniform` of the wrapper. */
// @ts-ignore: decorator
@inline
function mix(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/**
 * Exponential race: the row with the largest weight[i] / E[i], E[i] = -ln(uniform(seed, i)), is a draw in proportion
 * to the weights. weights[i] is known within `error`; upper[i] receives the largest ratio it may have, the return
 * value is the largest ratio that some row surely has. Negative weights are out of the race (upper -Infinity).
 */
export function race(weights: usize, n: i32, seed: i32, error: f32, upper: usize): f32 {
  const zero = f32x4.splat(0);
  const slack = f32x4.splat(error);
  let sure = f32x4.splat(-1);
  let row = v128(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
  for (let i = 0; i < n; i += 4) {
    const h = mix(v128.xor(i32x4.mul(row, i32x4.splat(0x9e3779b1)), i32x4.splat(seed)));
    const uniform = f32x4.mul(
      f32x4.add(f32x4.convert_i32x4_s(i32x4.shr_u(h, 9)), f32x4.splat(0.5)),
      f32x4.splat(1.0 / 8388608),
    );
    const rate = f32x4.neg(log4(uniform));
    const w = v128.load(at(weights, i));
    const inGame = f32x4.ge(w, zero);
    // 1e-6 covers the relative errors of the log and of the divisions.
    const low = f32x4.mul(f32x4.div(f32x4.max(zero, f32x4.sub(w, slack)), rate), f32x4.splat(1 - 1e-6));
    const high = f32x4.mul(f32x4.div(f32x4.add(w, slack), rate), f32x4.splat(1 + 1e-6));
    storeLanes(at(upper, i), v128.bitselect(high, f32x4.splat(-Infinity), inGame), n - i);
    const inside = i32x4.lt_s(row, i32x4.splat(n));
    sure = f32x4.pmax(sure, v128.bitselect(low, f32x4.splat(-1), v128.and(inGame, inside)));
    row = i32x4.add(row, i32x4.splat(4));
  }
  const pair = f32x4.pmax(sure, v128.shuffle<f32>(sure, sure, 2, 3, 2, 3));
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

/** out[i] = |x[i] - v|^2, never negative, from inner products with v; `own` = |v|^2, out may be the input. */
export function squaresFromDots(dots: usize, n: i32, squares: usize, own: f32, out: usize): void {
  const zero = f32x4.splat(0);
  const mine = f32x4.splat(own);
  for (let i = 0; i < n; i += 4) {
    const inner = v128.load(at(dots, i));
    const square = f32x4.sub(f32x4.add(v128.load(at(squares, i)), mine), f32x4.add(inner, inner));
    storeLanes(at(out, i), f32x4.pmax(zero, square), n - i);
  }
}

/** kernel[j] = exp(-scale * scales[j] * squares[j]) of squared distances; scales may be 0 (ones), out may be the input. */
export function rbf(squares: usize, n: i32, scale: f32, scales: usize, out: usize): void {
  for (let j = 0; j < n; j += 4) {
    let z = f32x4.mul(v128.load(at(squares, j)), f32x4.splat(-scale));
    if (scales != 0) z = f32x4.mul(z, v128.load(at(scales, j)));
    storeLanes(at(out, j), exp4(z), n - j);
  }
}

/** out[r] = sum over j of weights[j] * max(0, kernel[r][j] - coverage[j]); float32 inside blocks of 256, float64 between. */
export function gains(kernel: usize, rows: i32, n: i32, coverage: usize, weights: usize, out: usize): void {
  const zero = f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    let total: f64 = 0;
    for (let block = 0; block < n; block += 256) {
      const end = min(block + 256, n);
      let s = zero;
      let j = block;
      for (; j + 4 <= end; j += 4) {
        const more = f32x4.max(zero, f32x4.sub(v128.load(at(kernel, j)), v128.load(at(coverage, j))));
        s = f32x4.add(s, f32x4.mul(v128.load(at(weights, j)), more));
      }
      let rest: f32 = 0;
      for (; j < end; j++) {
        rest += load<f32>(at(weights, j)) * max<f32>(0, load<f32>(at(kernel, j)) - load<f32>(at(coverage, j)));
      }
      total += (sumLanes(s) as f64) + (rest as f64);
    }
    store<f64>(out + ((r as usize) << 3), total);
    kernel += (n as usize) << 2;
  }
}

/** coverage[j] = max(coverage[j], kernel[j]) */
export function coverWith(coverage: usize, kernel: usize, n: i32): void {
  for (let j = 0; j < n; j += 4) {
    storeLanes(at(coverage, j), f32x4.max(v128.load(at(coverage, j)), v128.load(at(kernel, j))), n - j);
  }
}

/** Vector pieces shared by the kernels: sums across lanes, 4 x 4 transposition, exp and log. */

/** Lane 0 = sum of all lanes. Staying in vectors avoids scalar min and max, which wasm makes slow by their NaN rules. */
// @ts-ignore: decorator
@inline
export function sumInLane0(v: v128): v128 {
  const pair = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 2, 3));
  return f32x4.add(pair, v128.shuffle<f32>(pair, pair, 1, 1, 1, 1));
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(sumInLane0(v), 0);
}

// @ts-ignore: decorator
@inline
export function maxLanes(v: v128): f32 {
  const pair = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 2, 3));
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

// Column j of four rows. The unpacking steps shared by two columns are merged by the optimiser.

// @ts-ignore: decorator
@inline
export function column0(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 0, 4, 1, 5), 0, 2);
}

// @ts-ignore: decorator
@inline
export function column1(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 0, 4, 1, 5), 1, 3);
}

// @ts-ignore: decorator
@inline
export function column2(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<f32>(a, b, 2, 6, 3, 7), v128.shuffle<f32>(c, d, 2, 6, 3, 7), 0, 2);
}

// @ts-ignore: decorator
@inline
export function column3(a: v128, b: v128, c: v128, d: v128): v128 {
  return v128.shuffle<i64>(v128.shuffle<f32>(a, b, 2, 6, 3, 7), v128.shuffle<f32>(c, d, 2, 6, 3, 7), 1, 3);
}

/** Lane l = sum of the lanes of argument l. */
// @ts-ignore: decorator
@inline
export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(
    f32x4.add(column0(a, b, c, d), column1(a, b, c, d)),
    f32x4.add(column2(a, b, c, d), column3(a, b, c, d)),
  );
}

/** Writes the first `count` lanes (1..4). */
// @ts-ignore: decorator
@inline
export function storeLanes(address: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(address, v);
    return;
  }
  v128.store32_lane(address, v, 0);
  if (count > 1) v128.store32_lane(address, v, 1, 4);
  if (count > 2) v128.store32_lane(address, v, 2, 8);
}

/** exp, relative error below 3e-7; 0 stands for arguments below -87. 2^f by its series on |f| <= 1/2. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const y = f32x4.mul(f32x4.max(x, f32x4.splat(-87.3)), f32x4.splat(1.4426950408889634));
  const whole = f32x4.nearest(y);
  const z = f32x4.mul(f32x4.sub(y, whole), f32x4.splat(0.6931471805599453));
  let p = f32x4.splat(1.0 / 720.0);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 120.0));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 24.0));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.0 / 6.0));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(0.5));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1));
  const scaled = i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(whole), 23));
  return v128.and(scaled, f32x4.ge(x, f32x4.splat(-87)));
}

/** Natural log of positive normal numbers, relative error below 3e-7 also near 1: 2 atanh((m - 1) / (m + 1)). */
// @ts-ignore: decorator
@inline
export function log4(x: v128): v128 {
  // Adding the distance from sqrt(1/2) to 1 makes the exponent field change at sqrt(1/2), so m lies in [0.707, 1.414).
  const shifted = i32x4.add(x, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_u(shifted, 23), i32x4.splat(127));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const t = f32x4.sub(m, f32x4.splat(1));
  const s = f32x4.div(t, f32x4.add(t, f32x4.splat(2)));
  const s2 = f32x4.mul(s, s);
  let p = f32x4.splat(2.0 / 9.0);
  p = f32x4.add(f32x4.mul(p, s2), f32x4.splat(2.0 / 7.0));
  p = f32x4.add(f32x4.mul(p, s2), f32x4.splat(2.0 / 5.0));
  p = f32x4.add(f32x4.mul(p, s2), f32x4.splat(2.0 / 3.0));
  p = f32x4.add(f32x4.mul(p, s2), f32x4.splat(2));
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(exponent), f32x4.splat(0.6931471805599453)), f32x4.mul(p, s));
}

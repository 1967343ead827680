/** Products of float64 rows, for sums that have to come to rest beyond float32. Rows are `stride` values apart, the padding zero. */

/** out[i * c + j] = x[i] . w[j]. Tiles of 4 rows x 2 columns: n a multiple of 4, c and stride of 2. */
export function gemm64(x: usize, n: i32, stride: i32, w: usize, c: i32, out: usize): void {
  const bytes = (stride as usize) << 3;
  const next = (c as usize) << 3;
  for (let i = 0; i < n; i += 4) {
    for (let j = 0; j < c; j += 2) tile(x, w + (j as usize) * bytes, bytes, out + ((j as usize) << 3), next);
    x += bytes << 2;
    out += next << 2;
  }
}

function tile(x: usize, w: usize, bytes: usize, out: usize, next: usize): void {
  let a0 = f64x2.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  const x1 = x + bytes;
  const x2 = x1 + bytes;
  const x3 = x2 + bytes;
  const w1 = w + bytes;
  for (let o: usize = 0; o < bytes; o += 16) {
    const p = v128.load(w + o);
    const q = v128.load(w1 + o);
    let y = v128.load(x + o);
    a0 = f64x2.add(a0, f64x2.mul(p, y));
    b0 = f64x2.add(b0, f64x2.mul(q, y));
    y = v128.load(x1 + o);
    a1 = f64x2.add(a1, f64x2.mul(p, y));
    b1 = f64x2.add(b1, f64x2.mul(q, y));
    y = v128.load(x2 + o);
    a2 = f64x2.add(a2, f64x2.mul(p, y));
    b2 = f64x2.add(b2, f64x2.mul(q, y));
    y = v128.load(x3 + o);
    a3 = f64x2.add(a3, f64x2.mul(p, y));
    b3 = f64x2.add(b3, f64x2.mul(q, y));
  }
  storeSums(out, a0, b0);
  storeSums(out + next, a1, b1);
  storeSums(out + (next << 1), a2, b2);
  storeSums(out + 3 * next, a3, b3);
}

/** Both lanes of `a` added up, then both of `b`. */
// @ts-ignore: decorator
@inline
function storeSums(at: usize, a: v128, b: v128): void {
  v128.store(at, f64x2.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3)));
}

/** out[j] += sum over i of r[i * c + j] x[i]; out (c x stride). The same tiles. */
export function addWeighted64(x: usize, n: i32, stride: i32, r: usize, c: i32, out: usize): void {
  const bytes = (stride as usize) << 3;
  const next = (c as usize) << 3;
  for (let i = 0; i < n; i += 4) {
    for (let j = 0; j < c; j += 2) addTile(x, r + ((j as usize) << 3), bytes, next, out + (j as usize) * bytes);
    x += bytes << 2;
    r += next << 2;
  }
}

function addTile(x: usize, r: usize, bytes: usize, next: usize, out: usize): void {
  const a0 = v128.load64_splat(r);
  const a1 = v128.load64_splat(r + next);
  const a2 = v128.load64_splat(r + (next << 1));
  const a3 = v128.load64_splat(r + 3 * next);
  const b0 = v128.load64_splat(r, 8);
  const b1 = v128.load64_splat(r + next, 8);
  const b2 = v128.load64_splat(r + (next << 1), 8);
  const b3 = v128.load64_splat(r + 3 * next, 8);
  const x1 = x + bytes;
  const x2 = x1 + bytes;
  const x3 = x2 + bytes;
  const out1 = out + bytes;
  for (let o: usize = 0; o < bytes; o += 16) {
    const p0 = v128.load(x + o);
    const p1 = v128.load(x1 + o);
    const p2 = v128.load(x2 + o);
    const p3 = v128.load(x3 + o);
    const a = f64x2.add(
      f64x2.add(f64x2.mul(a0, p0), f64x2.mul(a1, p1)),
      f64x2.add(f64x2.mul(a2, p2), f64x2.mul(a3, p3)),
    );
    v128.store(out + o, f64x2.add(v128.load(out + o), a));
    const b = f64x2.add(
      f64x2.add(f64x2.mul(b0, p0), f64x2.mul(b1, p1)),
      f64x2.add(f64x2.mul(b2, p2), f64x2.mul(b3, p3)),
    );
    v128.store(out1 + o, f64x2.add(v128.load(out1 + o), b));
  }
}

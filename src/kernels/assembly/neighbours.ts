/** Blocks of a similarity matrix folded into the k best neighbours of every row. */

/**
 * similarity: rows x columns block, `pitch` floats per row; block row r is item rowBase + r, column c is item
 * columnBase + c. values[r * k ..] descend, ids beside them; equal values keep the lower id first. Self is skipped.
 */
export function mergeTopK(
  similarity: usize, rows: i32, columns: i32, pitch: i32, rowBase: i32, columnBase: i32, k: i32, values: usize, ids: usize,
): void {
  const kBytes = (k as usize) << 2;
  for (let r = 0; r < rows; r++) {
    let worst = load<f32>(values + kBytes - 4);
    const self = rowBase + r - columnBase;
    for (let c = 0; c < columns; c += 16) {
      const p = similarity + ((c as usize) << 2);
      if (c + 16 <= columns) {
        const t = f32x4.splat(worst);
        const hit = v128.or(
          v128.or(f32x4.ge(v128.load(p), t), f32x4.ge(v128.load(p, 16), t)),
          v128.or(f32x4.ge(v128.load(p, 32), t), f32x4.ge(v128.load(p, 48), t)),
        );
        if (!v128.any_true(hit)) continue;
      }
      const end = min(c + 16, columns);
      for (let j = c; j < end; j++) {
        const value = load<f32>(similarity + ((j as usize) << 2));
        if (value >= worst && j != self) worst = insert(values, ids, k, value, columnBase + j);
      }
    }
    similarity += (pitch as usize) << 2;
    values += kBytes;
    ids += kBytes;
  }
}

/** Returns the new worst value of the row. */
function insert(values: usize, ids: usize, k: i32, value: f32, id: i32): f32 {
  let slot = k;
  for (; slot > 0; slot--) {
    const above = ((slot - 1) as usize) << 2;
    const other = load<f32>(values + above);
    const otherId = load<i32>(ids + above);
    if (other > value || (other == value && otherId <= id)) break;
    if (slot == k) continue;
    store<f32>(values + above, other, 4);
    store<i32>(ids + above, otherId, 4);
  }
  if (slot < k) {
    store<f32>(values + ((slot as usize) << 2), value);
    store<i32>(ids + ((slot as usize) << 2), id);
  }
  return load<f32>(values + (((k - 1) as usize) << 2));
}

/** Selection by threshold: every row that may belong to the top k, in one pass and without sorting. */

// @ts-ignore: decorator
@inline
function at(base: usize, i: i32): usize {
  return base + ((i as usize) << 2);
}

/**
 * Rows whose score is at least (k-th highest score) - slack, ascending, into rows[]; their scores into values[].
 * Both buffers and scratch hold `capacity` entries, capacity >= 2 k. NaN and -Infinity are never selected.
 * Returns the count, or -1 when too many rows lie within the slack (a tie flood).
 */
export function select(
  scores: usize, n: i32, k: i32, slack: f32, rows: usize, values: usize, scratch: usize, capacity: i32,
): i32 {
  let threshold: f32 = -f32.MAX_VALUE;
  let count = 0;
  let i = 0;
  const room = capacity - 16;
  for (; i < n; i += 16) {
    const p = at(scores, i);
    if (i + 16 <= n) {
      const t = f32x4.splat(threshold);
      const hit = v128.or(
        v128.or(f32x4.ge(v128.load(p), t), f32x4.ge(v128.load(p, 16), t)),
        v128.or(f32x4.ge(v128.load(p, 32), t), f32x4.ge(v128.load(p, 48), t)),
      );
      if (!v128.any_true(hit)) continue;
    }
    const end = min(i + 16, n);
    for (let j = i; j < end; j++) {
      const score = load<f32>(at(scores, j));
      if (!(score >= threshold)) continue;
      store<f32>(at(values, count), score);
      store<i32>(at(rows, count), j);
      count++;
    }
    if (count > room) {
      threshold = raise(threshold, values, count, k, slack, scratch);
      count = compact(rows, values, count, threshold);
      if (count > capacity - (capacity >> 2)) return -1;
    }
  }
  threshold = raise(threshold, values, count, k, slack, scratch);
  return compact(rows, values, count, threshold);
}

function raise(threshold: f32, values: usize, count: i32, k: i32, slack: f32, scratch: usize): f32 {
  if (count < k) return threshold;
  memory.copy(scratch, values, (count as usize) << 2);
  return max(threshold, quickselect(scratch, count, k - 1) - slack);
}

function compact(rows: usize, values: usize, count: i32, threshold: f32): i32 {
  let kept = 0;
  for (let j = 0; j < count; j++) {
    const score = load<f32>(at(values, j));
    if (score < threshold) continue;
    store<f32>(at(values, kept), score);
    store<i32>(at(rows, kept), load<i32>(at(rows, j)));
    kept++;
  }
  return kept;
}

/** The value with `rank` others before it in descending order (Hoare's partition: equal values do no harm). */
function quickselect(a: usize, count: i32, rank: i32): f32 {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = median(load<f32>(at(a, low)), load<f32>(at(a, (low + high) >> 1)), load<f32>(at(a, high)));
    let i = low;
    let j = high;
    while (i <= j) {
      while (load<f32>(at(a, i)) > pivot) i++;
      while (load<f32>(at(a, j)) < pivot) j--;
      if (i > j) break;
      const held = load<f32>(at(a, i));
      store<f32>(at(a, i), load<f32>(at(a, j)));
      store<f32>(at(a, j), held);
      i++;
      j--;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return load<f32>(at(a, rank));
}

function median(a: f32, b: f32, c: f32): f32 {
  return max(min(a, b), min(max(a, b), c));
}

/** Rows with values[i] >= least, ascending, at most `capacity` of them into rows[]; returns how many there are. */
export function collectAtLeast(values: usize, n: i32, least: f32, rows: usize, capacity: i32): i32 {
  let count = 0;
  const t = f32x4.splat(least);
  for (let i = 0; i < n; i += 4) {
    if (i + 4 <= n && !v128.any_true(f32x4.ge(v128.load(at(values, i)), t))) continue;
    const end = min(i + 4, n);
    for (let j = i; j < end; j++) {
      if (!(load<f32>(at(values, j)) >= least)) continue;
      if (count < capacity) store<i32>(at(rows, count), j);
      count++;
    }
  }
  return count;
}

/** Sets of ordinals as sorted typed arrays. */

export function ascending(ordinals: Iterable<number>): Int32Array {
  return Int32Array.from(ordinals).sort();
}

/** Ordinals below `height` that are not among the ascending `ordinals`. */
export function complement(ordinals: Int32Array, height: number): Int32Array {
  const out = new Int32Array(height - ordinals.length);
  let n = 0;
  let next = 0;
  for (let i = 0; i < height; i++) {
    if (ordinals[next] === i) next++;
    else out[n++] = i;
  }
  return out;
}

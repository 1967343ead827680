/** Sets of ordinals as sorted typed arrays. */

export function ascending(ordinals: Iterable<number>): Int32Array {
  return Int32Array.from(ordinals).sort();
}

/** A 32-bit check word per row: tells whether the bytes of a row are the ones that were written. */

const A = 0x9e3779b1;
const B = 0x85ebca77;
const C = 0xc2b2ae3d;
const D = 0x27d4eb2f;

/**
 * Hash of `count` words from `start`; never 0, which stands for "no row". Four independent lanes keep the multiplier
 * busy (about 4 GB/s); the constants are xxHash's primes, the finish is Murmur3's.
 */
export function rowHash(words: Int32Array, start: number, count: number): number {
  let a = A | 0;
  let b = B | 0;
  let c = C | 0;
  let d = D | 0;
  let i = start;
  const end = start + count;
  for (; i + 4 <= end; i += 4) {
    a = Math.imul(a ^ words[i]!, A);
    b = Math.imul(b ^ words[i + 1]!, B);
    c = Math.imul(c ^ words[i + 2]!, C);
    d = Math.imul(d ^ words[i + 3]!, D);
    a ^= a >>> 15;
    b ^= b >>> 13;
    c ^= c >>> 15;
    d ^= d >>> 13;
  }
  for (; i < end; i++) a = Math.imul((a ^ words[i]!) + (a >>> 15), A);
  let hash = a ^ Math.imul(b, C) ^ ((c << 16) | (c >>> 16)) ^ Math.imul(d, A);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}

/** Pictures as 64 bits that survive scaling and re-encoding: is each cell brighter than its neighbour? */
import type { CopyPair } from './duplicates.ts';

/** Two 32-bit halves. */
export type ImageHash = readonly [number, number];

const [COLUMNS, ROWS] = [9, 8];
const BITS = 64;
/** Differing bits that copies may have: what re-encoding and scaling change. */
export const IMAGE_BITS = 3;

/**
 * Difference hash of a picture's luminance (height x width, 0..255, row by row): means over 9 x 8 cells, one bit per
 * horizontal step. null for pictures smaller than the grid and for flat ones, which would match all other flat ones.
 */
export function imageHash(luminance: Uint8Array, width: number, height: number): ImageHash | null {
  if (width < COLUMNS || height < ROWS || luminance.length !== width * height) return null;
  const cells = cellMeans(luminance, width, height);
  const halves: [number, number] = [0, 0];
  let flat = true;
  for (let bit = 0; bit < BITS; bit++) {
    const at = Math.floor(bit / 8) * COLUMNS + (bit % 8);
    flat &&= cells[at] === cells[at + 1];
    if (cells[at]! > cells[at + 1]!) halves[bit >> 5]! |= 1 << (bit & 31);
  }
  return flat ? null : halves;
}

function cellMeans(luminance: Uint8Array, width: number, height: number): Float64Array {
  const sums = new Float64Array(COLUMNS * ROWS);
  const counts = new Float64Array(COLUMNS * ROWS);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * ROWS) / height) * COLUMNS;
    for (let x = 0; x < width; x++) {
      const cell = row + Math.floor((x * COLUMNS) / width);
      sums[cell]! += luminance[y * width + x]!;
      counts[cell]!++;
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

/**
 * Pairs of pictures whose hashes differ in at most `bits` (up to 3) places: of four 16-bit parts one must be equal, so
 * only those that share a part are compared. similarity = share of equal bits.
 */
export function similarImages(hashes: readonly (ImageHash | null)[], bits: number = IMAGE_BITS): CopyPair[] {
  const pairs = new Map<string, CopyPair>();
  for (let part = 0; part < 4; part++) {
    const buckets = new Map<number, number[]>();
    for (const [b, hash] of hashes.entries()) {
      if (hash === null) continue;
      const key = (hash[part >> 1]! >>> (16 * (part & 1))) & 0xffff;
      const bucket = buckets.get(key) ?? [];
      for (const a of bucket) {
        const differing = distance(hashes[a]!, hash);
        if (differing <= bits) pairs.set(`${a},${b}`, { a, b, similarity: 1 - differing / BITS });
      }
      bucket.push(b);
      buckets.set(key, bucket);
    }
  }
  return [...pairs.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}

function distance(a: ImageHash, b: ImageHash): number {
  return ones(a[0] ^ b[0]) + ones(a[1] ^ b[1]);
}

function ones(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

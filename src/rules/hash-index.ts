/** A fixed map from 32-bit hashes to lists of numbers, in flat arrays: one probe per word of a text. */

export interface HashIndex {
  /** Slot -> where its list starts in `lists`, or -1. */
  readonly slots: Int32Array;
  readonly keys: Int32Array;
  /** Lists, each as its length followed by its entries. */
  readonly lists: Int32Array;
  /** One bit per (hash mod 65,536): most words of a text end here. */
  readonly filter: Uint32Array;
  readonly mask: number;
  readonly size: number;
}

export function buildHashIndex(entries: ReadonlyMap<number, readonly number[]>): HashIndex {
  let capacity = 16;
  while (capacity < entries.size * 2) capacity *= 2;
  const slots = new Int32Array(capacity).fill(-1);
  const keys = new Int32Array(capacity);
  const filter = new Uint32Array(2048);
  const lists: number[] = [];
  for (const [hash, list] of entries) {
    let slot = spread(hash) & (capacity - 1);
    while (slots[slot] !== -1) slot = (slot + 1) & (capacity - 1);
    slots[slot] = lists.length;
    keys[slot] = hash;
    lists.push(list.length, ...list);
    const bit = spread(hash) & 0xffff;
    filter[bit >>> 5] = filter[bit >>> 5]! | (1 << (bit & 31));
  }
  return { slots, keys, lists: Int32Array.from(lists), filter, mask: capacity - 1, size: entries.size };
}

/** Where the list of a hash starts in `lists`, or -1. */
export function lookUp(index: HashIndex, hash: number): number {
  const mixed = spread(hash);
  const bit = mixed & 0xffff;
  if ((index.filter[bit >>> 5]! & (1 << (bit & 31))) === 0) return -1;
  for (let slot = mixed & index.mask; ; slot = (slot + 1) & index.mask) {
    const at = index.slots[slot]!;
    if (at === -1 || index.keys[slot] === hash) return at;
  }
}

/** FNV leaves its low bits badly mixed; this makes them fit to index with. */
function spread(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

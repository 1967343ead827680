/** Which neighbour indexes this machine can run, and which of them a number of items calls for. */

import type { IndexKind, IndexName } from '../propagation/index.ts';
import { exactKind } from '../propagation/index-exact.ts';

export type IndexKinds = ReadonlyMap<IndexName, IndexKind>;

/**
 * Up to here an exact scan answers within milliseconds and there is nothing to build, save or rebuild; beyond it the
 * time of a graph built from all products grows with the square (docs/decisions/0018).
 */
export const EXACT_ITEMS_MAX = 50_000;

/** Native packages are optional: prebuilt or compiled at install, absent where neither works. */
export async function loadIndexKinds(): Promise<IndexKinds> {
  const kinds = new Map<IndexName, IndexKind>([['exact', exactKind]]);
  const loaded = await Promise.allSettled([
    import('../propagation/index-usearch.ts'),
    import('../propagation/index-hnsw.ts'),
  ]);
  for (const one of loaded) {
    if (one.status === 'fulfilled') kinds.set(one.value.indexKind.name, one.value.indexKind);
  }
  return kinds;
}

/** usearch builds in less than half of hnswlib's time and memory; without either the scan goes on, slower. */
export function indexKindFor(items: number, kinds: IndexKinds, exactItemsMax: number): IndexKind {
  if (items <= exactItemsMax) return exactKind;
  return kinds.get('usearch') ?? kinds.get('hnsw') ?? exactKind;
}

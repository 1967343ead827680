/** Copies and near-copies: equal content, shared shingles, nearly equal embeddings; and where copies disagree. */
import { groupBy } from '../core/group.ts';
import { drained } from '../core/steps.ts';
import type { NeighbourGraph } from './graph.ts';
import { candidatePairSteps, jaccard, shingleSteps } from './shingles.ts';

/** Items that are copies of each other, ascending, two or more. */
export type CopyGroup = readonly number[];

/** A pair that a measure calls copies, with that measure: 1 = equal. */
export interface CopyPair {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

/** Share of shingles that near-copies have in common. */
export const TEXT_SIMILARITY = 0.8;
/** Cosine of near-copies: paraphrases of the sentence encoder stay below. */
export const EMBEDDING_SIMILARITY = 0.98;

/** Items of equal content by any key: a checksum of the media, or `contentKey` of a text. Empty keys match nothing. */
export function equalContent(keys: readonly string[]): CopyGroup[] {
  const groups = groupBy(keys.keys(), (i) => keys[i]!);
  return [...groups].filter(([key, items]) => key !== '' && items.length > 1).map(([, items]) => items);
}

/** A text but for how it is typed: Unicode form, runs of white space, space at the ends. Case counts. */
export function contentKey(text: string): string {
  return text.normalize('NFC').replace(/\s+/gu, ' ').trim();
}

/**
 * Pairs of texts with at least this share of common shingles (0..1), found by MinHash and confirmed on the shingles
 * themselves. Of many copies in one bucket a chain of pairs is returned, enough for `copyGroups`.
 */
export function similarTexts(texts: readonly string[], least: number = TEXT_SIMILARITY): CopyPair[] {
  return drained(similarTextSteps(texts, least));
}

/** The same in steps of tens of milliseconds, for whoever has others to answer meanwhile; yields the share done, 0..1. */
export function* similarTextSteps(
  texts: readonly string[],
  least: number = TEXT_SIMILARITY,
): Generator<number, CopyPair[]> {
  const sets = yield* halves(shingleSteps(texts), 0);
  const pairs = yield* halves(candidatePairSteps(sets), 0.5);
  return pairs
    .map(([a, b]) => ({ a, b, similarity: jaccard(sets[a]!, sets[b]!) }))
    .filter((pair) => pair.similarity >= least)
    .sort((x, y) => x.a - y.a || x.b - y.b);
}

function* halves<T>(steps: Generator<number, T>, from: number): Generator<number, T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    yield from + value / 2;
  }
}

/** Pairs of neighbours in the kNN graph with at least this cosine. */
export function similarEmbeddings(graph: NeighbourGraph, least: number = EMBEDDING_SIMILARITY): CopyPair[] {
  const pairs = new Map<string, CopyPair>();
  for (let i = 0; i < graph.itemCount; i++) {
    for (let e = graph.starts[i]!; e < graph.starts[i + 1]!; e++) {
      const similarity = graph.similarities[e]!;
      if (similarity < least) break;
      const [a, b] = [Math.min(i, graph.neighbours[e]!), Math.max(i, graph.neighbours[e]!)];
      pairs.set(`${a},${b}`, { a, b, similarity });
    }
  }
  return [...pairs.values()].sort((x, y) => x.a - y.a || x.b - y.b);
}

/** Pairs and groups joined into disjoint groups, by their first items: a copy of a copy is a copy. */
export function copyGroups(
  itemCount: number,
  pairs: Iterable<Pick<CopyPair, 'a' | 'b'>>,
  equal: Iterable<CopyGroup> = [],
): CopyGroup[] {
  const parent = Int32Array.from({ length: itemCount }, (_, i) => i);
  const root = (i: number): number => {
    let at = i;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const join = (a: number, b: number): void => {
    const [low, high] = [Math.min(root(a), root(b)), Math.max(root(a), root(b))];
    parent[high] = low;
  };
  for (const { a, b } of pairs) join(a, b);
  for (const group of equal) for (const item of group) join(group[0]!, item);
  const groups = groupBy(parent.keys(), root);
  return [...groups.values()].filter((items) => items.length > 1);
}

/** A group whose labeled copies do not agree. */
export interface CopyConflict {
  readonly group: CopyGroup;
  /** Label -> labeled items of the group that carry it, two labels or more. */
  readonly byLabel: ReadonlyMap<number, readonly number[]>;
}

/** Groups in which people gave copies different labels. `labels` (items): class, or -1 without a label. */
export function copyConflicts(groups: readonly CopyGroup[], labels: ArrayLike<number>): CopyConflict[] {
  return groups
    .map((group) => ({
      group,
      byLabel: groupBy(
        group.filter((item) => labels[item]! >= 0),
        (item) => labels[item]!,
      ),
    }))
    .filter((conflict) => conflict.byLabel.size > 1);
}

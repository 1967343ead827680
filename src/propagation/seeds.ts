/** The labels that spread: which items people labeled, and as what. */
import { AppError } from '../core/errors.ts';

export interface Seeds {
  readonly classCount: number;
  /** Labeled items, distinct. */
  readonly items: ArrayLike<number>;
  /** Class of each, 0 .. classCount - 1. */
  readonly classes: ArrayLike<number>;
}

/** The two classes of a question about one label: where several may hold, each is asked about alone. */
export const [NO, YES] = [0, 1];

/** Throws INPUT_BAD_FIELD for an item or class out of range, an item named twice, or lists of different length. */
export function checkSeeds(seeds: Seeds, itemCount: number): void {
  const { items, classes, classCount } = seeds;
  if (items.length !== classes.length) refuse(`${items.length} items and ${classes.length} classes`, items.length);
  const seen = new Set<number>();
  for (let s = 0; s < items.length; s++) {
    if (!isIndex(items[s]!, itemCount)) refuse(`item ${items[s]} of ${itemCount}`, s);
    if (!isIndex(classes[s]!, classCount)) refuse(`class ${classes[s]} of ${classCount}`, s);
    if (seen.has(items[s]!)) refuse(`item ${items[s]} twice`, s);
    seen.add(items[s]!);
  }
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}

function refuse(what: string, index: number): never {
  throw new AppError('INPUT_BAD_FIELD', `The labels to spread name ${what}.`, { details: { field: 'seeds', index } });
}

/** Classes with at least one label, ascending: the others take no part in spreading. */
export function seenIn(seeds: Seeds): number[] {
  return [...new Set(Array.from(seeds.classes))].sort((a, b) => a - b);
}

/** The same labels over the classes that have any, numbered 0 .. seen - 1. */
export function compactSeeds(seeds: Seeds, seen: readonly number[]): Seeds {
  const place = new Map(seen.map((c, at) => [c, at]));
  return {
    classCount: seen.length,
    items: seeds.items,
    classes: Array.from(seeds.classes, (c) => place.get(c)!),
  };
}

/** Parts of iterables, worked out no further than they are asked for. */

/** The first `count`, or all if there are fewer. */
export function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  if (left <= 0) return;
  for (const item of items) {
    yield item;
    if (--left === 0) return;
  }
}

/** Consecutive pages; the last may be shorter. */
export function* pagesOf<T>(items: Iterable<T>, length: number): Generator<T[]> {
  let page: T[] = [];
  for (const item of items) {
    page.push(item);
    if (page.length < length) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

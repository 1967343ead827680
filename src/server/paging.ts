/** Pages of long lists: by the last id seen, or by Label Studio's page numbers on top of that. */
import type { FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';

export interface PageQuery {
  readonly page?: number;
  readonly page_size?: number;
  readonly after?: number;
}

/** Rows with an id greater than `after`, ordered by id. */
export type ListAfter<T> = (page: { after: number; limit: number }) => Promise<readonly T[]>;

export const PAGE_SIZE = 100;

/** A page of a list that is there as a whole, in Label Studio's form. NOT_FOUND beyond the last: its clients turn pages until then. */
export function numberedPage<T>(
  all: readonly T[],
  { page = 1, page_size = PAGE_SIZE }: PageQuery,
  address: Pick<FastifyRequest, 'protocol' | 'host' | 'url'>,
): { count: number; next: string | null; previous: string | null; results: T[] } {
  const results = all.slice((page - 1) * page_size, page * page_size);
  if (results.length === 0) refusePageBeyond({ page });
  const at = (number: number): string => {
    const url = new URL(`${address.protocol}://${address.host}${address.url}`);
    url.searchParams.set('page', String(number));
    return url.href;
  };
  return {
    count: all.length,
    next: page * page_size < all.length ? at(page + 1) : null,
    previous: page > 1 ? at(page - 1) : null,
    results,
  };
}

/** For a page that turned out to be empty: only the first one may be. */
export function refusePageBeyond({ page = 1 }: PageQuery): void {
  if (page > 1) throw new AppError('NOT_FOUND', 'Invalid page.', { details: { field: 'page' } });
}
/** Rows walked over to find a page that nobody came to from the one before: some tens of milliseconds, yielding. */
const WALK_ROWS_MAX = 100_000;
const WALK_CHUNK = 1000;
const CURSORS_MAX = 1000;

export interface Pager {
  /** `list` names what is listed: cursors of different lists do not mix. */
  read<T extends { readonly id: number }>(list: string, query: PageQuery, rows: ListAfter<T>): Promise<readonly T[]>;
}

/**
 * Remembers where each page that was read ended, so that a client that goes through the pages in order costs one indexed
 * read each. Such a client also misses no row when earlier ones are deleted meanwhile.
 */
export function createPager(): Pager {
  const ends = new Map<string, number>();
  return {
    async read(list, query, rows) {
      const limit = query.page_size ?? PAGE_SIZE;
      if (query.after !== undefined) return await rows({ after: query.after, limit });
      const page = query.page ?? 1;
      const keyOf = (number: number) => `${list} ${limit} ${number}`;
      const after = page === 1 ? 0 : (ends.get(keyOf(page - 1)) ?? (await walk(rows, (page - 1) * limit)));
      if (after === undefined) return [];
      const found = await rows({ after, limit });
      const last = found.at(-1);
      if (last !== undefined && found.length === limit) remember(ends, keyOf(page), last.id);
      return found;
    },
  };
}

/** The id of the last of the first `count` rows; undefined when there are fewer. */
async function walk<T extends { readonly id: number }>(rows: ListAfter<T>, count: number): Promise<number | undefined> {
  if (count > WALK_ROWS_MAX) {
    throw new AppError('INPUT_BAD_FIELD', 'This page is too far in to be counted to; use `after` with the last id.', {
      details: { field: 'page' },
    });
  }
  let after = 0;
  for (let left = count; left > 0; ) {
    const chunk = await rows({ after, limit: Math.min(left, WALK_CHUNK) });
    if (chunk.length < Math.min(left, WALK_CHUNK)) return undefined;
    after = chunk.at(-1)!.id;
    left -= chunk.length;
    // Rows are read on this thread: let other requests in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return after;
}

function remember(ends: Map<string, number>, key: string, id: number): void {
  ends.delete(key);
  ends.set(key, id);
  if (ends.size > CURSORS_MAX) ends.delete(ends.keys().next().value!);
}

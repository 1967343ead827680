/** Pages of a list, whatever the ids and whoever asks in what order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPager } from '../../src/server/paging.ts';

const listOf = (ids: readonly number[]) => {
  const rows = ids.map((id) => ({ id }));
  const reads = { rows: 0 };
  const list = async ({ after, limit }: { after: number; limit: number }) => {
    const found = rows.filter((row) => row.id > after).slice(0, limit);
    reads.rows += found.length;
    return found;
  };
  return { list, reads, rows };
};

describe('pages', () => {
  it('are the slices of the list, in any order of asking', async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 60 });
    const asked = fc.array(fc.record({ page: fc.integer({ min: 1, max: 12 }), size: fc.integer({ min: 1, max: 9 }) }));
    await fc.assert(
      fc.asyncProperty(ids, asked, async (given, pages) => {
        const sorted = given.toSorted((a, b) => a - b);
        const { list, rows } = listOf(sorted);
        const pager = createPager();
        for (const { page, size } of pages) {
          const got = await pager.read('rows', { page, page_size: size }, list);
          expect(got).toEqual(rows.slice((page - 1) * size, page * size));
        }
      }),
      { numRuns: 100, seed: 5 },
    );
  });

  it('cost one read each to whoever goes through them in order', async () => {
    const { list, reads } = listOf(Array.from({ length: 5000 }, (_, i) => i + 1));
    const pager = createPager();
    for (let page = 1; page <= 50; page++) await pager.read('rows', { page, page_size: 100 }, list);
    expect(reads.rows).toBe(5000);
  });

  it('are not mixed up between lists', async () => {
    const pager = createPager();
    await pager.read('a', { page: 1, page_size: 1 }, listOf([10, 20]).list);
    expect(await pager.read('b', { page: 2, page_size: 1 }, listOf([1, 2]).list)).toEqual([{ id: 2 }]);
  });

  it('go on after an id at any depth, and say so when a page number is too deep', async () => {
    const { list } = listOf([1, 2, 3]);
    const pager = createPager();
    expect(await pager.read('rows', { after: 2 }, list)).toEqual([{ id: 3 }]);
    const deep = pager.read('rows', { page: 1_000_000 }, list);
    await expect(deep).rejects.toMatchObject({ code: 'INPUT_BAD_FIELD', details: { field: 'page' } });
  });
});

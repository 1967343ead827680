/** The neighbour indexes: one contract for all adapters, and what only the exact one can promise. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactKind } from '../../src/propagation/index-exact.ts';
import type { IndexKind } from '../../src/propagation/neighbour-index.ts';
import { neighbourIndexContract, randomRows } from '../contract/neighbour-index.ts';

const usearch = await adapter('usearch', () => import('../../src/propagation/index-usearch.ts'));
const hnsw = await adapter('hnswlib-node', () => import('../../src/propagation/index-hnsw.ts'));

neighbourIndexContract('exact', () => exactKind, { recall: 1 });
if (usearch) {
  neighbourIndexContract('usearch', () => usearch, { recall: 0.95 });
  neighbourIndexContract('usearch, float32', () => withoutRows(usearch), { recall: 0.95 });
}
if (hnsw) neighbourIndexContract('hnsw', () => hnsw, { recall: 0.95 });

async function adapter(name: string, load: () => Promise<{ indexKind: IndexKind }>): Promise<IndexKind | undefined> {
  try {
    return (await load()).indexKind;
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    describe.skip(`${name}: not installed on this machine`, () => {
      it('index contract', () => undefined);
    });
    return undefined;
  }
}

/** Without the rows to rank again the adapter has to keep them whole. */
function withoutRows(kind: IndexKind): IndexKind {
  return {
    name: kind.name,
    open: ({ rowsOf: _, ...options }) => kind.open(options),
    load: (file, { rowsOf: _, ...options }) => kind.load(file, options),
  };
}

describe('the exact index', () => {
  it('permutes its results as its items are permuted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 1_000 }), (count, seed) => {
        const rows = randomRows(count, 6, `permuted ${seed}`);
        const order = Array.from({ length: count }, (_, i) => (i * 7 + seed) % count);
        if (new Set(order).size < count) return;
        const straight = exactKind.open({ dims: 6, metric: 'cosine' });
        const turned = exactKind.open({ dims: 6, metric: 'cosine' });
        straight.add([...Array(count).keys()], rows);
        for (const from of order) turned.add([order.indexOf(from)], rows.slice(from * 6, from * 6 + 6));
        const query = randomRows(3, 6, `query ${seed}`);
        const [a, b] = [straight.search(query, 5), turned.search(query, 5)];
        expect([...b.ids].map((id) => (id < 0 ? -1 : order[id]))).toEqual([...a.ids]);
        expect(b.similarities).toEqual(a.similarities);
      }),
      { numRuns: 60, seed: 7 },
    );
  });
});

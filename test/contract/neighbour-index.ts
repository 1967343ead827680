/** What every neighbour index must do, run against each adapter; `recall` is what it owes to the exact one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import {
  type IndexKind,
  type IndexMetric,
  type IndexOptions,
  type NeighbourIndex,
  placed,
  similarity,
} from '../../src/propagation/neighbour-index.ts';

const DIMS = 24;
const COUNT = 600;
const K = 8;

export function randomRows(count: number, dims: number, seed: string): Float32Array {
  const random = seededRandom('rows', seed);
  return Float32Array.from({ length: count * dims }, () => gaussian(random));
}

export function neighbourIndexContract(name: string, kind: () => IndexKind, { recall }: { recall: number }): void {
  const rows = randomRows(COUNT, DIMS, 'index');
  const stored = new Map<number, Float32Array>();
  const rowsOf: IndexOptions['rowsOf'] = (ids, into) => {
    for (let i = 0; i < ids.length; i++) into.set(stored.get(ids[i]!)!, i * DIMS);
  };
  const optionsOf = (metric: IndexMetric): IndexOptions => ({ dims: DIMS, metric, rowsOf });
  const add = (index: NeighbourIndex, ids: readonly number[], all = rows): void => {
    const own = new Float32Array(ids.length * DIMS);
    for (const [i, id] of ids.entries()) {
      const row = all.subarray(i * DIMS, (i + 1) * DIMS);
      stored.set(id, row);
      own.set(row, i * DIMS);
    }
    index.add(ids, own);
  };
  const filled = (metric: IndexMetric, ids = [...Array(COUNT).keys()]): NeighbourIndex => {
    const index = kind().open(optionsOf(metric));
    add(index, ids);
    return index;
  };
  const folder = mkdtempSync(join(tmpdir(), 'headstart-index-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const truth = (metric: IndexMetric, query: Float32Array, living: (id: number) => boolean): number[] => {
    const own = placed(query, metric)!;
    const all = [...stored].flatMap(([id, row]) => {
      const other = placed(row, metric);
      return other !== null && living(id) ? [{ id, s: similarity(own, other, metric) }] : [];
    });
    return all
      .sort((a, b) => b.s - a.s || a.id - b.id)
      .slice(0, K)
      .map((one) => one.id);
  };
  const recallOf = (index: NeighbourIndex, metric: IndexMetric, accept?: (id: number) => boolean): number => {
    const queries = randomRows(40, DIMS, `queries ${metric}`);
    const lists = index.search(queries, K, accept);
    let found = 0;
    for (let q = 0; q < 40; q++) {
      const wanted = truth(metric, queries.subarray(q * DIMS, (q + 1) * DIMS), accept ?? (() => true));
      const got = new Set(lists.ids.subarray(q * K, (q + 1) * K));
      found += wanted.filter((id) => got.has(id)).length;
    }
    return found / (40 * K);
  };

  describe(name, () => {
    for (const metric of ['cosine', 'dot', 'l2'] as const) {
      it(`finds the nearest by ${metric}, most similar first`, () => {
        stored.clear();
        const index = filled(metric);
        expect(index.size).toBe(COUNT);
        expect(recallOf(index, metric)).toBeGreaterThanOrEqual(recall);
        const query = randomRows(1, DIMS, 'one');
        const lists = index.search(query, K);
        const own = placed(query, metric)!;
        for (let place = 0; place < K; place++) {
          const row = placed(stored.get(lists.ids[place]!)!, metric)!;
          const exact = similarity(own, row, metric);
          expect(Math.abs(lists.similarities[place]! - exact)).toBeLessThan(1e-3 * Math.max(1, Math.abs(exact)));
          if (place > 0) expect(lists.similarities[place]).toBeLessThanOrEqual(lists.similarities[place - 1]!);
        }
      });
    }

    it('filters without losing neighbours, also through a narrow filter', () => {
      stored.clear();
      const index = filled('cosine');
      expect(recallOf(index, 'cosine', (id) => id % 2 === 0)).toBeGreaterThanOrEqual(recall);
      const narrow = index.search(randomRows(1, DIMS, 'narrow'), K, (id) => id === 7 || id === 311);
      expect([...narrow.ids].filter((id) => id >= 0).sort((a, b) => a - b)).toEqual([7, 311]);
      expect(index.search(randomRows(1, DIMS, 'none'), K, () => false).ids.every((id) => id === -1)).toBe(true);
    });

    it('forgets what was deleted, takes it back, and replaces rows', () => {
      stored.clear();
      const index = filled('cosine');
      const query = rows.slice(5 * DIMS, 6 * DIMS);
      expect(index.search(query, 1).ids[0]).toBe(5);
      index.delete([5, 6, 999_999]);
      expect(index.size).toBe(COUNT - 2);
      expect([...index.search(query, K).ids]).not.toContain(5);
      add(index, [5], query);
      expect(index.search(query, 1).ids[0]).toBe(5);
      add(index, [5], randomRows(1, DIMS, 'elsewhere'));
      expect(index.size).toBe(COUNT - 1);
      expect(index.search(query, 1).ids[0]).not.toBe(5);
      expect(index.search(randomRows(1, DIMS, 'elsewhere'), 1).ids[0]).toBe(5);
    });

    it('saves and loads as it was, deletions included', () => {
      stored.clear();
      const index = filled('cosine');
      index.delete([3, 4]);
      const file = join(folder, `${name.replace(/\W/g, '-')}.index`);
      index.save(file);
      const loaded = kind().load(file, optionsOf('cosine'));
      expect(loaded.size).toBe(COUNT - 2);
      const queries = randomRows(20, DIMS, 'again');
      expect(loaded.search(queries, K)).toEqual(index.search(queries, K));
      add(loaded, [3], rows.slice(3 * DIMS, 4 * DIMS));
      expect(loaded.search(rows.slice(3 * DIMS, 4 * DIMS), 1).ids[0]).toBe(3);
      // The file may be written again while an index that was loaded from it lives.
      loaded.save(file);
      expect(kind().load(file, optionsOf('cosine')).search(queries, K)).toEqual(loaded.search(queries, K));
    });

    it('leaves out rows that point nowhere, and finds nothing for them', () => {
      stored.clear();
      const index = kind().open(optionsOf('cosine'));
      const bad = randomRows(4, DIMS, 'bad');
      bad.fill(0, 0, DIMS);
      bad[DIMS] = Number.NaN;
      bad[2 * DIMS] = Number.POSITIVE_INFINITY;
      add(index, [0, 1, 2, 3], bad);
      expect(index.size).toBe(1);
      const lists = index.search(bad, 2);
      expect([...lists.ids]).toEqual([-1, -1, -1, -1, -1, -1, 3, -1]);
      add(index, [3], new Float32Array(DIMS));
      expect(index.size).toBe(0);
      expect([...index.search(randomRows(1, DIMS, 'x'), 2).ids]).toEqual([-1, -1]);
    });

    it('holds up with one item, with equal items, and refuses rows of the wrong size', () => {
      stored.clear();
      const index = kind().open(optionsOf('cosine'));
      const row = randomRows(1, DIMS, 'same');
      add(index, [4], row);
      expect([...index.search(row, 3).ids]).toEqual([4, -1, -1]);
      const same = Float32Array.from({ length: 5 * DIMS }, (_, at) => row[at % DIMS]!);
      add(index, [0, 1, 2, 3, 4], same);
      expect([...index.search(row, 5).ids].sort()).toEqual([0, 1, 2, 3, 4]);
      expect(() => index.add([9], new Float32Array(DIMS + 1))).toThrowError(/do not go with/);
    });

    it('grows past the room it was given', () => {
      stored.clear();
      const index = kind().open({ ...optionsOf('cosine'), expected: 10 });
      const many = randomRows(3_000, DIMS, 'many');
      add(index, [...Array(3_000).keys()], many);
      expect(index.size).toBe(3_000);
      expect(index.search(many.subarray(2_999 * DIMS), 1).ids[0]).toBe(2_999);
    });
  });
}

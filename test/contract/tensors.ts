/** The contract of the tensor store, for every adapter. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TensorKey, TensorStore } from '../../src/store/tensors.ts';
import { code } from './world.ts';

/** Opens an empty store; `reopen` closes it and opens the same data anew. */
export type OpenTensors = () => Promise<{ tensors(): TensorStore; reopen(): Promise<void>; close(): Promise<void> }>;

const KEY: TensorKey = { projectId: 1, kind: 'embedding', version: 'use-lite@1/ab..c' };

export function tensorContract(open: OpenTensors): void {
  const withTensors = async (test: (opened: Awaited<ReturnType<OpenTensors>>) => Promise<void>): Promise<void> => {
    const opened = await open();
    try {
      await test(opened);
    } finally {
      await opened.close();
    }
  };
  const rowsOf = (ordinals: readonly number[], columns: number, seed = 0): Float32Array =>
    Float32Array.from(
      ordinals.flatMap((ordinal) => Array.from({ length: columns }, (_, j) => ordinal * 10 + j + seed)),
    );

  it('gives back rows at their ordinals, zeros elsewhere, also after reopening', () =>
    withTensors(async ({ tensors, reopen }) => {
      const first = await tensors().open(KEY, 3);
      expect(first.damagedRows).toBe(0);
      await first.tensor.write(Uint32Array.of(1, 2, 9, 4), rowsOf([1, 2, 9, 4], 3));
      const check = async (): Promise<void> => {
        const { tensor, damagedRows } = await tensors().open(KEY, 3);
        expect([damagedRows, tensor.rows, tensor.filled, tensor.columns]).toEqual([0, 10, 4, 3]);
        const into = new Float32Array(12 * 3).fill(7);
        await tensor.read(0, 12, into);
        for (let i = 0; i < 12; i++) {
          const there = [1, 2, 9, 4].includes(i);
          expect(tensor.has(i)).toBe(there);
          expect(into.subarray(i * 3, i * 3 + 3)).toEqual(there ? rowsOf([i], 3) : new Float32Array(3));
        }
        expect(tensor.missing(Uint32Array.of(0, 9, 50))).toEqual(Uint32Array.of(0, 50));
        const middle = new Float32Array(6);
        await tensor.read(1, 2, middle);
        expect(middle).toEqual(rowsOf([1, 2], 3));
        await tensor.close();
      };
      await check();
      await reopen();
      await check();
    }));

  it('tells rows of zeros, of NaN and of minus zero from rows that are not there', () =>
    withTensors(async ({ tensors, reopen }) => {
      const { tensor } = await tensors().open(KEY, 2);
      await tensor.write(Uint32Array.of(0, 1, 3), Float32Array.of(0, 0, Number.NaN, -0, 1, 1));
      await reopen();
      const again = (await tensors().open(KEY, 2)).tensor;
      expect([0, 1, 2, 3].map((ordinal) => again.has(ordinal))).toEqual([true, true, false, true]);
      const into = new Float32Array(4);
      await again.read(0, 2, into);
      expect([Object.is(into[2], Number.NaN), Object.is(into[3], -0)]).toEqual([true, true]);
    }));

  it('agrees with a plain map under random writes, concurrent ones too', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        (columns, batches) =>
          withTensors(async ({ tensors, reopen }) => {
            const { tensor } = await tensors().open(KEY, columns);
            const model = new Map<number, Float32Array>();
            await Promise.all(
              batches.map((ordinals, seed) => {
                for (const ordinal of ordinals) model.set(ordinal, rowsOf([ordinal], columns, seed));
                return tensor.write(Uint32Array.from(ordinals), rowsOf(ordinals, columns, seed));
              }),
            );
            await reopen();
            const again = await tensors().open(KEY, columns);
            expect(again.damagedRows).toBe(0);
            expect(again.tensor.filled).toBe(model.size);
            const into = new Float32Array(41 * columns);
            await again.tensor.read(0, 41, into);
            for (let i = 0; i <= 40; i++) {
              const row = into.subarray(i * columns, (i + 1) * columns);
              expect(row).toEqual(model.get(i) ?? new Float32Array(columns));
            }
          }),
      ),
      { numRuns: 25 },
    ));

  it('shares one tensor among all who open it, and refuses another width', () =>
    withTensors(async ({ tensors }) => {
      const [a, b] = await Promise.all([tensors().open(KEY, 2), tensors().open(KEY, 2)]);
      await a.tensor.write(Uint32Array.of(0), Float32Array.of(1, 2));
      expect(b.tensor.has(0)).toBe(true);
      await a.tensor.close();
      await b.tensor.write(Uint32Array.of(1), Float32Array.of(3, 4));
      await expect(tensors().open(KEY, 3)).rejects.toMatchObject(code('CONFLICT'));
      await b.tensor.close();
      await expect(tensors().open(KEY, 3)).rejects.toMatchObject(code('CONFLICT'));
      expect((await tensors().open(KEY, 2)).tensor.filled).toBe(2);
    }));

  it('deletes one, or all of a project', () =>
    withTensors(async ({ tensors }) => {
      const other: TensorKey = { projectId: 2, kind: 'probability', version: '~v' };
      const { tensor } = await tensors().open(KEY, 2);
      await tensor.write(Uint32Array.of(0, 5), rowsOf([0, 5], 2));
      await (await tensors().open(other, 2)).tensor.write(Uint32Array.of(1), rowsOf([1], 2));
      await tensors().delete(KEY);
      await tensors().deleteProject(2);
      await expect(tensor.write(Uint32Array.of(1), rowsOf([1], 2))).rejects.toMatchObject(code('CONFLICT'));
      expect((await tensors().open(KEY, 4)).tensor.filled).toBe(0);
      expect((await tensors().open(other, 2)).tensor.filled).toBe(0);
    }));
}

/** Tensor files: the contract, and what happens when bytes on disk are not what they were. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowHash } from '../../src/store/files/row-hash.ts';
import { FileTensorStore } from '../../src/store/files/tensor-store.ts';
import { tensorContract } from '../contract/tensors.ts';
import { code } from '../contract/world.ts';
import { temporaryFolder } from './open-temp.ts';

describe('tensor files', () => {
  tensorContract(async () => {
    const { folder, remove } = temporaryFolder();
    let store = new FileTensorStore(folder);
    return {
      tensors: () => store,
      reopen: async () => {
        await store.close();
        store = new FileTensorStore(folder);
      },
      close: async () => {
        await store.close();
        remove();
      },
    };
  });
});

const KEY = { projectId: 1, kind: 'probability', version: 'v' };
const COLUMNS = 4;
const ROWS = 50;

/** Writes 50 rows, lets `damage` at the files, and opens them again. */
async function afterDamage(
  damage: (file: (name: string) => string) => void,
  check: (opened: Awaited<ReturnType<FileTensorStore['open']>>, reopened: FileTensorStore) => Promise<void>,
): Promise<void> {
  const { folder, remove } = temporaryFolder();
  try {
    const first = new FileTensorStore(folder);
    const { tensor } = await first.open(KEY, COLUMNS);
    await tensor.write(
      Uint32Array.from({ length: ROWS }, (_, i) => i),
      Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => i + 0.5),
    );
    await first.close();
    damage((name) => join(folder, '1', 'probability@v', name));
    const second = new FileTensorStore(folder);
    await check(await second.open(KEY, COLUMNS), second);
    await second.close();
  } finally {
    remove();
  }
}

describe('damaged tensor files', () => {
  it('lose exactly the rows whose bytes changed, once', () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(ROWS * COLUMNS * 4 - 1), { minLength: 1, maxLength: 5 }), (places) =>
        afterDamage(
          (file) => {
            const bytes = readFileSync(file('rows.f32'));
            for (const place of places) bytes[place] = bytes[place]! ^ 0x10;
            writeFileSync(file('rows.f32'), bytes);
          },
          async ({ tensor, damagedRows }, store) => {
            const hit = new Set(places.map((place) => Math.floor(place / (COLUMNS * 4))));
            expect(damagedRows).toBe(hit.size);
            expect(tensor.filled).toBe(ROWS - hit.size);
            const into = new Float32Array(ROWS * COLUMNS);
            await tensor.read(0, ROWS, into);
            for (let i = 0; i < ROWS; i++) {
              expect(tensor.has(i)).toBe(!hit.has(i));
              expect(into[i * COLUMNS]).toBe(hit.has(i) ? 0 : i * COLUMNS + 0.5);
            }
            await tensor.write(Uint32Array.from(hit), new Float32Array(hit.size * COLUMNS));
            await tensor.close();
            expect(await store.open(KEY, COLUMNS)).toMatchObject({ damagedRows: 0, tensor: { filled: ROWS } });
          },
        ),
      ),
      { numRuns: 15 },
    ));

  it('lose the rows that a cut file no longer holds', () =>
    afterDamage(
      (file) => truncateSync(file('rows.f32'), 30 * COLUMNS * 4 + 5),
      async ({ tensor, damagedRows }) => {
        expect([damagedRows, tensor.filled, tensor.has(29), tensor.has(30)]).toEqual([20, 30, true, false]);
      },
    ));

  it('lose the rows whose check words are cut off', () =>
    afterDamage(
      (file) => truncateSync(file('rows.sum'), 10 * 4 + 2),
      async ({ tensor, damagedRows }) => expect([damagedRows, tensor.filled]).toEqual([0, 10]),
    ));

  it('are refused when the manifest cannot be read', async () => {
    const damaged = afterDamage(
      (file) => writeFileSync(file('manifest.json'), '{"format":1,'),
      async () => {},
    );
    await expect(damaged).rejects.toMatchObject(code('STORE_CORRUPT'));
  });

  it('keep acknowledged rows when a crash leaves half a write behind', () =>
    afterDamage(
      (file) => {
        // What a crash may leave: new bytes without check words, and check words without bytes.
        const data = readFileSync(file('rows.f32'));
        writeFileSync(file('rows.f32'), Buffer.concat([data, Buffer.alloc(3 * COLUMNS * 4, 1)]));
        const sums = readFileSync(file('rows.sum'));
        writeFileSync(file('rows.sum'), Buffer.concat([sums, Buffer.alloc(12), Buffer.from([1, 2, 3, 4])]));
      },
      async ({ tensor, damagedRows }) => {
        expect([damagedRows, tensor.filled]).toEqual([1, ROWS]);
        const beyond = new Float32Array(4 * COLUMNS).fill(9);
        await tensor.read(ROWS, 4, beyond);
        expect(beyond).toEqual(new Float32Array(4 * COLUMNS));
      },
    ));

  it('are private to their owner', () =>
    afterDamage(
      (file) => {
        expect(statSync(file('.')).mode & 0o777).toBe(0o700);
        for (const name of readdirSync(file('.'))) expect(statSync(file(name)).mode & 0o777, name).toBe(0o600);
      },
      async () => {},
    ));
});

describe('the check word of a row', () => {
  it('changes with every single word and is never the mark of an absent row', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), fc.nat(), fc.integer(), (row, at, other) => {
        const words = Int32Array.from(row);
        const before = rowHash(words, 0, words.length);
        expect(before).toBeGreaterThan(0);
        const place = at % words.length;
        fc.pre(words[place] !== (other | 0));
        words[place] = other;
        expect(rowHash(words, 0, words.length)).not.toBe(before);
      }),
    );
  });
});

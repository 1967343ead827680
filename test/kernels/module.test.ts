/** The committed module is the one its sources give, in every place it is kept. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileKernels, embed } from '../../scripts/build-kernels.ts';

const folder = new URL('../../src/kernels/', import.meta.url);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

it('rebuilds to the committed bytes', async () => {
  const committed = readFileSync(new URL('kernels.wasm', folder));
  expect(sha256(await compileKernels())).toBe(sha256(committed));
  expect(readFileSync(new URL('module.generated.ts', folder), 'utf8')).toBe(embed(committed));
});

it('stays small', () => {
  expect(readFileSync(new URL('kernels.wasm', folder)).byteLength).toBeLessThan(24_000);
});

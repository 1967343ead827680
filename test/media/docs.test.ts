/** docs/media.md names the limits as they are. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';

it('docs/media.md lists the limits of media as they are', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/media.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `(\w+)` \| ([\d,]+) \|$/gm)].map(([, name, value]) => [
    name,
    Number(value!.replaceAll(',', '')),
  ]);
  expect(Object.fromEntries(listed)).toMatchObject(
    Object.fromEntries(Object.entries(LIMITS).filter(([name]) => /^(image|audio|media|upload)/.test(name))),
  );
});

/** docs/formats.md and docs/label-config.md say what the registries say. `npx tsx scripts/language-docs.ts` rewrites them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatsDoc, labelConfigDoc } from '../../scripts/language-docs.ts';
import { TAGS } from '../../src/labelconfig/index.ts';

const root = resolve(import.meta.dirname, '../..');

describe('documents', () => {
  it.each([
    ['docs/formats.md', formatsDoc],
    ['docs/label-config.md', labelConfigDoc],
  ])('%s is up to date', (path, render) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(render());
  });

  it('name no attribute that the code does not read', () => {
    const folder = join(root, 'src/labelconfig');
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'tags.ts');
    const sources = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    for (const name of new Set(TAGS.flatMap((row) => row.reads ?? []))) expect(sources).toContain(`'${name}'`);
  });
});

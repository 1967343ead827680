/** The reference pages say what the code says. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { documents } from '../scripts/docs.ts';
import { TAGS } from '../src/labelconfig/index.ts';

const root = resolve(import.meta.dirname, '..');

it.each(Object.entries(documents()))('%s is up to date (npm run docs)', (name, text) => {
  expect(readFileSync(resolve(root, name), 'utf8')).toBe(text);
});

it('every script and file that the README names is there', () => {
  const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
  const scripts = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')).scripts as Record<string, string>;
  const named = [...readme.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map((match) => match[1]!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const files = [...readme.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1]!);
  for (const file of files) expect(() => readFileSync(resolve(root, file)), file).not.toThrow();
});

it('docs/label-config.md names no attribute that the code does not read', () => {
  const folder = resolve(root, 'src/labelconfig');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'tags.ts');
  const sources = files.map((name) => readFileSync(resolve(folder, name), 'utf8')).join('\n');
  for (const name of new Set(TAGS.flatMap((row) => row.reads ?? []))) expect(sources).toContain(`'${name}'`);
});

/** What keeps the door open for a second SQL engine: the query code knows nothing of the first. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const folder = join(import.meta.dirname, '../../src/store/sql');
const files = readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

it('has no SQL of one engine in the shared query code', () => {
  const foreign =
    /\b(pragma|rowid|sqlite_\w+|json_each|insert or|ifnull|strftime|glob|last_insert_rowid|total_changes)\b/i;
  expect(files.filter(({ text }) => foreign.test(text)).map(({ name }) => name)).toEqual([]);
});

it('imports no engine into the shared query code', () => {
  expect(files.filter(({ text }) => /from '\.\.\/(sqlite|files)\//.test(text)).map(({ name }) => name)).toEqual([]);
  expect(files.length).toBeGreaterThan(15);
});

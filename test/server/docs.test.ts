/** `docs/api-routes.md` is the contract in prose: `npx vitest run test/server/docs.test.ts --update` writes it anew. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { api } from '../../src/server/contract/index.ts';
import type { Route } from '../../src/server/contract/route.ts';

const docs = resolve(import.meta.dirname, '../../docs');
const routes = Object.values<Route>(api);

describe('the documents', () => {
  it('list every route', async () => {
    const tags = [...new Set(routes.map((route) => route.tag))];
    const text = [
      '# Routes',
      '',
      'Who may call: `public` anyone, `annotator` whoever may label in the project, `owner` an owner of the project,',
      '`installation` an owner of all projects. Fields and shapes: `/docs` of a running server. Rules: [api.md](api.md).',
      '',
      ...tags.flatMap((tag) => [`## ${tag}`, '', ...routeTable(routes.filter((route) => route.tag === tag)), '']),
    ];
    await expect(text.join('\n')).toMatchFileSnapshot(`${docs}/api-routes.md`);
  });

  it('name no address that is not there', () => {
    const known = new Set(routes.map((route) => route.url.replace(/:\w+/g, 'N')));
    const prose = readFileSync(`${docs}/api.md`, 'utf8') + readFileSync(resolve(docs, '../SECURITY.md'), 'utf8');
    for (const [address] of prose.matchAll(/\/api\/[\w/-]+/g)) {
      expect(known, address).toContain(address.replace(/\/\d+(?=\/|$)/g, '/N').replace(/\/$/, ''));
    }
  });
});

function routeTable(rows: readonly Route[]): string[] {
  const lines = rows.map(({ method, url, access, summary }) => `| \`${method} ${url}\` | ${access} | ${summary} |`);
  return ['| route | for | what it does |', '|---|---|---|', ...lines];
}

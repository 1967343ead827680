/** Rules over HTTP: every route answers in the shape of its contract; what changes something is told to the app once. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SECRETS } from './fake-app.ts';
import { RULES } from './fake-rules.ts';
import { type TestServer, testServer } from './setup.ts';

const BASE = '/api/projects/1/rules';

let test: TestServer;
beforeEach(async () => {
  test = await testServer();
});

const post = (path: string, payload: object, token?: string) =>
  test.call({ method: 'POST', url: `${BASE}${path}`, payload, ...(token === undefined ? {} : { token }) });

describe('rule documents', () => {
  it('are saved word for word, listed without their text, and read by number', async () => {
    const saved = await post('', { document: RULES, lists: { cities: ['Oslo'] } });
    expect(saved).toMatchObject({ status: 201, body: { number: 1, document: RULES, rule_count: 1 } });
    expect(test.app.calls).toEqual(['save rules 1']);
    const list = await test.call({ url: BASE });
    expect(list.body).toMatchObject([{ number: 1, patterns: [{ safety: 'linear', chars_max: 1e6 }] }]);
    expect(list.text).not.toContain('headstart_rules');
    expect((await test.call({ url: `${BASE}/document?number=1` })).body).toMatchObject({ lists: { cities: ['Oslo'] } });
    expect(await test.call({ url: `${BASE}/document?number=2` })).toMatchObject({ status: 404 });
  });

  it('are checked without being kept: problems have a place, patterns a verdict', async () => {
    const document = `${RULES}  - {id: eggs, label: eggs, keywords: [egg]}\n`;
    const { status, body } = await post('/check', { document });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      rules: [{ id: 'prize', labels: ['spam'] }],
      problems: [{ severity: 'error', code: 'RULE_BAD_DOCUMENT', line: 4, rule: 'eggs' }],
      patterns: [{ rule: 'prize', safety: 'linear' }],
    });
    expect(test.app.calls).toEqual([]);
  });
});

describe('looking at rules', () => {
  it.each([
    [
      '/preview',
      { document: RULES, rule: 'prize' },
      { hits: [{ task: 1, matches: [{ start: 2, end: 7 }] }], ms: 12.5 },
    ],
    ['/preview', {}, { contradicted: [], misses: [] }],
    ['/report', { number: 1 }, { accuracy: null, rules: [{ precision: { n: 1 }, ms_per_million_chars: 1.5 }] }],
    ['/diff', { document: RULES }, { gained: 1, examples: { gained: [{ task: 1 }] }, changed: ['prize'] }],
    ['/import', { text: 'spam,prize' }, { rules: 1, skipped: [{ line: 2 }] }],
    ['/promote', { label: 'spam', text: 'prize' }, { document: RULES }],
    ['/promote', { label: 'spam', task_id: 1, start: 0, end: 4 }, { document: RULES }],
  ])('%s %o changes nothing', async (path, payload, expected) => {
    expect(await post(path, payload)).toMatchObject({ status: 200, body: expected });
    expect(test.app.calls).toEqual([]);
  });

  it('suggests words with the bounds of their precision', async () => {
    const { body } = await test.call({ url: `${BASE}/suggest?label=spam&limit=5` });
    expect(body).toMatchObject([{ text: 'prize', low: 0.5, high: 1, coverage: 0.2 }]);
  });

  it('wants both ends of a stretch, and a task of the same project', async () => {
    const half = await post('/promote', { label: 'spam', task_id: 1, start: 0 });
    expect(half).toMatchObject({ status: 422, body: { code: 'INPUT_BAD_FIELD', details: { field: 'end' } } });
    expect(await post('/promote', { label: 'spam', task_id: 2, start: 0, end: 4 })).toMatchObject({ status: 404 });
  });
});

describe('applying', () => {
  it('is a job, and for owners only', async () => {
    expect(await post('/apply', {}, SECRETS.anna)).toMatchObject({ status: 403 });
    expect(test.app.calls).toEqual([]);
    expect(await post('/apply', {})).toMatchObject({ status: 202, body: { id: 1, project: 1 } });
    expect(test.app.calls).toEqual(['apply rules 1']);
  });
});

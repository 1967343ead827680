/** The page and its files: nothing outside the folder, nothing rendered that a user wrote, an enforced policy everywhere. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { api } from '../../src/server/contract/index.ts';
import type { Route } from '../../src/server/contract/route.ts';
import { type Listening, listen } from '../../src/server/listen.ts';
import { fakeApp } from '../server/fake-app.ts';
import { type TestServer, testServer } from '../server/setup.ts';

const SECRET = 'outside the folder';
let folder: string;
let test: TestServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'headstart-web-'));
  const web = join(folder, 'web');
  mkdirSync(join(web, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), SECRET);
  writeFileSync(join(web, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(web, 'assets', 'app-1a2b.js'), 'plain');
  writeFileSync(join(web, 'assets', 'app-1a2b.js.br'), 'brotli');
  writeFileSync(join(web, '.stamp'), SECRET);
  symlinkSync(join(folder, 'secret.txt'), join(web, 'link.txt'));
  test = await testServer({ web });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the page', () => {
  it.each(['/', '/projects/3/label', '/join'])('is at %s, never cached unseen, under the policy', async (url) => {
    const { status, text, headers } = await test.call({ url });
    expect({ status, text }).toEqual({ status: 200, text: '<!doctype html><title>page</title>' });
    expect(headers['cache-control']).toBe('no-cache');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers).not.toHaveProperty('content-security-policy-report-only');
  });

  it('has assets that are kept for ever and sent compressed', async () => {
    const headers = { 'accept-encoding': 'br' };
    const asset = await test.call({ url: '/assets/app-1a2b.js', headers });
    expect(asset).toMatchObject({ status: 200, text: 'brotli', headers: { 'content-encoding': 'br' } });
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(await test.call({ url: '/assets/gone-1a2b.js' })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
  });

  it.each([
    ['one segment', `/${'a'.repeat(5_000)}`],
    ['a segment inside', `/projects/${'9'.repeat(3_000)}/label`],
    ['an asset', `/assets/${'a'.repeat(300)}.js`],
    ['many segments', '/a'.repeat(3_000)],
    ['characters of several bytes', `/${'%F0%9F%99%82'.repeat(100)}`],
  ])('is not at an address longer than a file system takes: %s', async (_what, url) => {
    expect(await test.call({ url })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  it('opens without a token, so that an invited person can enter one', async () => {
    const remote = await testServer({ web: join(folder, 'web'), auth: { mode: 'tokens' } });
    expect(await remote.call({ url: '/' })).toMatchObject({ status: 200 });
    expect(await remote.call({ url: '/docs/' })).toMatchObject({ status: 401 });
    expect(await remote.call({ url: '/docs/json' })).toMatchObject({ status: 401 });
  });

  it('says how to build it when it is not built', async () => {
    const bare = await testServer({ web: join(folder, 'nowhere') });
    const hint = await bare.call({ url: '/' });
    expect(hint.headers['content-type']).toContain('text/plain');
    expect(hint.text).toContain('npm run build');
  });
});

describe('nothing outside the folder is served (GHSA-cpmr-mw4j-99r7)', () => {
  const PATHS = [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/%252e%252e%252fsecret.txt',
    '/..%5csecret.txt',
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets..%2fsecret.txt',
    '//secret.txt',
    '/secret.txt%00.js',
    '/.stamp',
    '/%2estamp',
    '/....//secret.txt',
  ];
  let listening: Listening;
  beforeAll(async () => {
    listening = await listen({ app: fakeApp(), logger: { level: 'silent' }, port: 0, web: join(folder, 'web') });
  });
  afterAll(() => listening.close());

  it.each(PATHS)('%s', async (path) => {
    // Straight over a socket: clients tidy such paths up before they send them.
    expect(await rawGet(listening.port, path)).not.toContain(SECRET);
  });

  it('not through a link that somebody put there', async () => {
    expect(await rawGet(listening.port, '/link.txt')).not.toContain(SECRET);
  });
});

describe('what users write is never a document (CVE-2025-25296, CVE-2025-47783)', () => {
  const HTML = '<script>alert(1)</script>';

  it.each(Object.entries<Route>(api).filter(([name]) => name !== 'events'))('%s', async (_name, route) => {
    const url = route.url.replace(/:\w+/g, '1');
    const query = { project: '1', from: '1', to: '1', task: '1', format: HTML, name: HTML, exportType: HTML };
    const payload = {
      label_config: HTML,
      title: HTML,
      name: HTML,
      project: 1,
      task: 1,
      ids: [1],
      result: [{ x: HTML }],
    };
    const hasBody = route.schema.body !== undefined || route.streams;
    const own = hasBody ? { payload } : {};
    for (const request of [{ url }, { url, query }, { url: `${url}/${encodeURIComponent(HTML)}`, query }]) {
      const { headers, text } = await test.call({ method: route.method, ...request, ...own });
      if (text === '') continue;
      expect(String(headers['content-type'])).not.toMatch(/html|svg|xml/);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});

describe('the API page', () => {
  it('describes every route and runs no inline script', async () => {
    const { body } = await test.call({ url: '/docs/json' });
    const paths = body.paths as Record<string, object>;
    for (const route of Object.values<Route>(api)) {
      const path = route.url.replace(/:(\w+)/g, '{$1}').replace('*', '{*}');
      expect(paths[path], path).toHaveProperty(route.method.toLowerCase());
    }
    const page = await test.call({ url: '/docs/' });
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(page.headers['content-security-policy']).toMatch(/default-src 'self'/);
    expect(page.headers['content-security-policy']).not.toMatch(/unsafe|https?:/);
  });
});

function rawGet(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk.toString();
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', reject);
  });
}

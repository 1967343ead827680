/** On loopback nobody needs a token, so a web page that the owner happens to visit must not be able to act as the owner. */
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { isLoopback, type Listening, listen } from '../../src/server/listen.ts';
import { fakeApp, SECRETS } from '../server/fake-app.ts';
import { PORT, testServer } from '../server/setup.ts';

const test = await testServer();
const url = '/api/projects';

describe('the local owner needs no token', () => {
  it.each([`127.0.0.1:${PORT}`, `localhost:${PORT}`, `LOCALHOST:${PORT}`, `[::1]:${PORT}`])('at %s', async (host) => {
    expect(await test.call({ url, headers: { host } })).toMatchObject({ status: 200 });
    const own = { host, origin: `http://${host.toLowerCase()}`, 'sec-fetch-site': 'same-origin' };
    expect(await test.call({ url, headers: own })).toMatchObject({ status: 200 });
    expect(await test.call({ url, headers: { host, 'sec-fetch-site': 'none' } })).toMatchObject({ status: 200 });
  });
});

describe('DNS rebinding: a host name that is not loopback is not ours', () => {
  it.each([
    `evil.example:${PORT}`,
    `127.0.0.1.evil.example:${PORT}`,
    `localhost.evil.example:${PORT}`,
    `evil.example`,
    `127.0.0.1:${PORT + 1}`,
    '127.0.0.1',
    `0.0.0.0:${PORT}`,
    `192.168.0.7:${PORT}`,
    `localhost:${PORT}@evil.example`,
    '',
  ])('%j', async (host) => {
    expect(await test.call({ url, headers: { host } })).toMatchObject({
      status: 403,
      body: { code: 'AUTH_BAD_ORIGIN' },
    });
  });
});

describe('cross-site requests', () => {
  const host = `127.0.0.1:${PORT}`;

  it.each([
    ['http://evil.example'],
    [`https://127.0.0.1:${PORT}`],
    [`http://127.0.0.1:${PORT + 1}`],
    [`http://localhost:${PORT}`],
    ['null'],
    [''],
  ])('of origin %j are refused', async (origin) => {
    const post = { method: 'POST', url, payload: {}, headers: { host, origin } } as const;
    expect(await test.call(post)).toMatchObject({ status: 403, body: { code: 'AUTH_BAD_ORIGIN' } });
    expect(test.app.calls).toEqual([]);
  });

  it.each(['cross-site', 'same-site'])('without an Origin, such as pictures, are refused: %s', async (site) => {
    const get = { url: '/api/projects/1/next', headers: { host, 'sec-fetch-site': site } };
    expect(await test.call(get)).toMatchObject({ status: 403 });
  });

  it('are no way around by form posts: only JSON is read', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const post = { method: 'POST', url, payload: '{"title":"x"}', headers: { 'content-type': type } } as const;
      expect(await test.call(post)).toMatchObject({ status: 400, body: { details: { field: 'content-type' } } });
    }
    expect(test.app.calls).toEqual([]);
  });

  it('get no CORS headers', async () => {
    const preflight = { method: 'OPTIONS', url, headers: { host, origin: 'http://evil.example' } } as const;
    const reply = await test.call(preflight);
    expect(reply.status).toBe(404);
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('with a token are the token owner, whatever the host name: behind a proxy', async () => {
    const headers = { host: 'labels.example', origin: 'https://labels.example' };
    expect(await test.call({ url, headers, token: SECRETS.owner })).toMatchObject({ status: 200 });
    const bearer = { ...headers, authorization: `Bearer ${SECRETS.owner}` };
    expect(await test.call({ url, headers: bearer })).toMatchObject({ status: 200 });
  });
});

describe('a real server', () => {
  let listening: Listening | undefined;
  afterEach(async () => {
    await listening?.close();
    listening = undefined;
  });

  const start = async (options: { host?: string; requireTokens?: boolean } = {}) => {
    listening = await listen({ app: fakeApp(), logger: { level: 'silent' }, port: 0, ...options });
    return listening;
  };

  it('listens on loopback and knows its port', async () => {
    const { url: base, port } = await start();
    expect(base).toBe(`http://127.0.0.1:${port}`);
    expect(await statusOf(`${base}/api/projects`)).toBe(200);
    expect(await statusOf(`${base}/api/projects`, { host: `evil.example:${port}` })).toBe(403);
    expect(await statusOf(`${base}/api/projects`, { host: '127.0.0.1:1' })).toBe(403);
  });

  it('asks for tokens on loopback when told to', async () => {
    const { url: base } = await start({ requireTokens: true });
    expect(await statusOf(`${base}/api/projects`)).toBe(401);
    expect(await statusOf(`${base}/health`)).toBe(200);
    expect(await statusOf(`${base}/docs/json`)).toBe(401);
    expect(await statusOf(`${base}/api/projects`, { authorization: `Token ${SECRETS.owner}` })).toBe(200);
  });

  it('says who else listens there', async () => {
    const { port } = await start();
    const second = listen({ app: fakeApp(), logger: { level: 'silent' }, port });
    await expect(second).rejects.toMatchObject({
      code: 'CONFIG_BAD_VALUE',
      message: expect.stringContaining('--port'),
    });
  });

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.2', false],
    ['127.evil.example', false],
    ['localhost.evil.example', false],
  ])('takes %s for loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

/** `fetch` does not let the Host be set. */
function statusOf(address: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(address, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject).end();
  });
}

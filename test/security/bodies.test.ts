/** Bodies that are too large, too deep, poisoned, lying about their length or compressed a thousand times. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { listen } from '../../src/server/listen.ts';
import { fakeApp } from '../server/fake-app.ts';
import { testServer } from '../server/setup.ts';

const LIMITS = { bodyBytesMax: 10_000, uploadBytesMax: 20_000, answerBytesMax: 1000 };
const test = await testServer({ limits: LIMITS });
const json = { 'content-type': 'application/json' };
const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
  test.call({ method: 'POST', url: '/api/projects', payload, headers });
const upload = (payload: string | Buffer, headers: Record<string, string> = { 'content-type': 'text/csv' }) =>
  test.call({ method: 'POST', url: '/api/projects/1/import', payload, headers });

describe('limits', () => {
  it('refuses a body over the limit', async () => {
    const title = 'x'.repeat(LIMITS.bodyBytesMax);
    expect(await post(JSON.stringify({ title }))).toMatchObject({ status: 413, body: { code: 'LIMIT_BODY' } });
  });

  it('takes less from annotators, compressed or not', async () => {
    const payload = JSON.stringify({ result: [], note: 'x'.repeat(LIMITS.answerBytesMax) });
    const answer = { method: 'POST', url: '/api/tasks/1/annotations', headers: json } as const;
    expect(await test.call({ ...answer, payload })).toMatchObject({ status: 413, body: { code: 'LIMIT_BODY' } });
    const headers = { ...json, 'content-encoding': 'gzip' };
    expect(await test.call({ ...answer, payload: gzipSync(payload), headers })).toMatchObject({ status: 413 });
    expect(await test.call({ ...answer, payload: '{"result":[]}' })).toMatchObject({ status: 201 });
  });

  it('refuses an upload over the limit, by its header or while it streams', async () => {
    const rows = `text\n${'hello\n'.repeat(4000)}`;
    expect(await upload(rows)).toMatchObject({ status: 413, body: { details: { bytesMax: 20_000 } } });
    const chunked = gzipSync(rows);
    expect(await upload(chunked, { 'content-type': 'text/csv', 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
    });
    expect(test.app.imported).toBe('');
  });

  it('refuses JSON deeper than any annotation', async () => {
    const deep = `${'['.repeat(1000)}${']'.repeat(1000)}`;
    expect(await post(`{"title":${deep}}`)).toMatchObject({ status: 400, body: { code: 'LIMIT_SIZE' } });
  });
});

describe('gzip', () => {
  const gzip = { ...json, 'content-encoding': 'gzip' };

  it('is inflated', async () => {
    expect(await post(gzipSync('{"title":"zipped"}'), gzip)).toMatchObject({ status: 201, body: { title: 'zipped' } });
    test.app.imported = '';
    const csv = { 'content-type': 'text/csv', 'content-encoding': 'gzip' };
    expect(await upload(gzipSync('text\nhello'), csv)).toMatchObject({ status: 201 });
    expect(test.app.imported).toBe('text\nhello');
  });

  it('is refused as soon as it becomes too much', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, 32));
    expect(bomb.length).toBeLessThan(60_000);
    const reply = await testServer({ limits: { bodyBytesMax: 100_000 } }).then(({ call }) =>
      call({ method: 'POST', url: '/api/projects', payload: bomb, headers: gzip }),
    );
    expect(reply).toMatchObject({ status: 413, body: { code: 'LIMIT_BODY' } });
  });

  it.each([
    ['no gzip at all', Buffer.from('{"title":"x"}')],
    ['cut off', gzipSync('{"title":"a longer title that is compressed"}').subarray(0, 20)],
  ])('that is %s is an error of the sender', async (_what, payload) => {
    expect(await post(payload, gzip)).toMatchObject({
      status: 400,
      body: { code: 'INPUT_BAD_FIELD', details: { field: 'content-encoding' } },
    });
  });

  it('is the only encoding', async () => {
    expect(await post('{}', { ...json, 'content-encoding': 'br' })).toMatchObject({ status: 400 });
  });
});

describe('JSON', () => {
  it('that is broken is named by line and column', async () => {
    expect(await post('{\n  "title": oops\n}')).toMatchObject({
      status: 400,
      body: { code: 'INPUT_BAD_JSON', details: { line: 2, column: 12 } },
    });
  });

  it('that is not UTF-8 is refused, not repaired', async () => {
    expect(await post(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ body: { code: 'INPUT_BAD_ENCODING' } });
  });

  it.each([
    '{"title":"x","__proto__":{"polluted":true}}',
    '{"title":"x","constructor":{"prototype":{"polluted":true}}}',
    '{"title":"x","settings":{"__proto__":{"polluted":true}}}',
  ])('does not poison prototypes: %s', async (payload) => {
    await post(payload);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(test.app.tables.projects.get(3)).not.toHaveProperty('polluted');
  });

  it.each([['[]'], ['"text"'], ['7'], ['{"settings":{"nope":1}}'], ['{"settings":{"overlap":"2"}}']])(
    'of the wrong form is refused: %s',
    async (payload) => {
      expect(await post(payload)).toMatchObject({ status: 400, body: { code: 'INPUT_BAD_FIELD' } });
    },
  );
});

describe('the wire itself', async () => {
  const limits = { ...LIMITS, headerBytesMax: 4096 };
  const { port, close } = await listen({ app: fakeApp(), logger: { level: 'silent' }, port: 0, limits });
  afterAll(close);
  const head = (length: string) =>
    `POST /api/projects HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;

  it('takes no body longer or shorter than it says', async () => {
    const longer = await raw(port, `${head('Content-Length: 5')}{"title":"x"}`);
    expect(longer).toMatch(/^HTTP\/1.1 400 /);
    // Half a body, then the end: nothing is created and the server lives on.
    await raw(port, `${head('Content-Length: 50')}{"title":`);
    expect(await raw(port, `GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toContain(
      '{"status":"UP"}',
    );
  });

  it('takes no two lengths (request smuggling)', async () => {
    const both = await raw(port, `${head('Content-Length: 5\r\nTransfer-Encoding: chunked')}0\r\n\r\n`);
    expect(both).toMatch(/^HTTP\/1.1 400 /);
  });

  it('takes no endless headers', async () => {
    const reply = await raw(port, `GET /health HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(10_000)}\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1.1 431 /);
  });
});

/** Sends these bytes, half-closes, and returns everything that comes back. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk.toString();
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', reject);
  });
}

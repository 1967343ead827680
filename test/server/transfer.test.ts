/** Files in: every kind of body arrives at the app byte for byte. Files out: always a download. */
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from './setup.ts';

let test: TestServer;
beforeEach(async () => {
  test = await testServer();
});

const send = (payload: string | Buffer, headers: Record<string, string>, query = '') =>
  test.call({ method: 'POST', url: `/api/projects/1/import${query}`, payload, headers });

describe('import', () => {
  it.each([
    ['application/json', 'import.json'],
    ['application/json; charset=utf-8', 'import.json'],
    ['application/x-ndjson', 'import.jsonl'],
    ['text/csv', 'import.csv'],
    ['text/tab-separated-values', 'import.tsv'],
    ['text/plain', 'import.txt'],
    ['application/zip', 'import.zip'],
    ['application/octet-stream', 'import'],
  ])('takes %s as it is', async (type, name) => {
    const reply = await send('[{"text":"hällo"}]', { 'content-type': type });
    expect(reply).toMatchObject({ status: 201, body: { task_count: 2, found_formats: { csv: 1 }, run: 1 } });
    expect(test.app.imported).toBe('[{"text":"hällo"}]');
    expect(test.app.calls).toEqual([`import 1 ${name} - -`]);
  });

  it('takes name, format and leniency from the address', async () => {
    await send('text\nhello', { 'content-type': 'text/csv' }, '?name=mails.tsv&format=tsv&skip_invalid=True');
    expect(test.app.calls).toEqual(['import 1 mails.tsv tsv true']);
  });

  it('takes a body without a type, as browsers send files they do not know', async () => {
    const reply = await test.server.inject({
      method: 'POST',
      url: '/api/projects/1/import?name=mails.jsonl',
      payload: '{"text":"a"}',
      headers: { host: '127.0.0.1:8080' },
    });
    expect(reply.statusCode).toBe(201);
    expect(test.app.imported).toBe('{"text":"a"}');
  });

  it('takes no call without a body', async () => {
    const reply = await test.call({ method: 'POST', url: '/api/projects/1/import' });
    expect(reply).toMatchObject({ status: 400, body: { code: 'INPUT_EMPTY' } });
  });

  it('answers with the error of the app, with its place', async () => {
    const broken = async () => {
      const { AppError } = await import('../../src/core/errors.ts');
      throw new AppError('INPUT_BAD_ROW', 'Row 5001 is not valid JSON.', { details: { row: 5001 } });
    };
    test.app.transfer.importTasks = broken;
    const reply = await send('x', { 'content-type': 'text/csv' });
    expect(reply).toMatchObject({
      status: 400,
      body: { code: 'INPUT_BAD_ROW', detail: 'Row 5001 is not valid JSON.', details: { row: 5001 } },
    });
  });
});

describe('multipart', () => {
  const boundary = 'xYzZY';
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  const part = (disposition: string, body: string, type = 'text/csv') =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const field = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const end = `--${boundary}--\r\n`;
  const file = part('name="file"; filename="mails.csv"', 'text\nhällo\r\nwörld');

  it('hands the file on, whatever stands around it', async () => {
    const reply = await send(field('note', 'x') + file + field('after', 'y') + end, headers);
    expect(reply.status).toBe(201);
    expect(test.app.imported).toBe('text\nhällo\r\nwörld');
    expect(test.app.calls).toEqual(['import 1 mails.csv - -']);
  });

  it('streams a file that is larger than any buffer', async () => {
    const rows = 'a row of text\n'.repeat(200_000);
    await send(part('name="file"; filename="big.csv"', rows) + end, headers);
    expect(test.app.imported).toBe(rows);
  });

  it('may be compressed', async () => {
    await send(gzipSync(file + end), { ...headers, 'content-encoding': 'gzip' });
    expect(test.app.imported).toBe('text\nhällo\r\nwörld');
  });

  it('takes no path from a file name', async () => {
    await send(part('name="file"; filename="../../etc/passwd.csv"', 'text\na') + end, headers);
    expect(test.app.calls).toEqual(['import 1 passwd.csv - -']);
  });

  it.each([
    ['two files', file + file + end, 'INPUT_BAD_FIELD'],
    ['no file', field('note', 'x') + end, 'INPUT_EMPTY'],
    ['a form that is cut off', file, 'INPUT_BAD_FIELD'],
    ['a form that is cut off inside the file', file.slice(0, -6), 'INPUT_BAD_FIELD'],
    ['no form', 'hello', 'INPUT_BAD_FIELD'],
  ])('imports nothing of %s', async (_what, payload, code) => {
    expect(await send(payload, headers)).toMatchObject({ status: 400, body: { code } });
    expect(test.app.calls).toEqual([]);
  });

  it('needs its boundary', async () => {
    const reply = await send(file + end, { 'content-type': 'multipart/form-data' });
    expect(reply).toMatchObject({ status: 400, body: { code: 'INPUT_BAD_FIELD' } });
  });
});

describe('export', () => {
  it('is a download that no browser renders', async () => {
    const { headers, text } = await test.call({ url: '/api/projects/1/export?exportType=CSV' });
    expect(text).toBe('text,kind\n<script>alert(1)</script>,spam\n');
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'content-disposition': `attachment; filename="t_sks _1_.csv"; filename*=UTF-8''t%C3%A4sks%20%221%22.csv`,
    });
  });

  it('hands format and choice on', async () => {
    await test.call({ url: '/api/projects/1/export?exportType=JSON_MIN&download_all_tasks=true&with_predictions=1' });
    expect(test.app.calls[0]).toContain('"format":"JSON_MIN","labels":"both","onlyLabeled":false');
    await test.call({ url: '/api/projects/1/export' });
    expect(test.app.calls[1]).toContain('"format":"json","labels":"annotations","onlyLabeled":true');
  });

  it('hands every filter on, to the losses as well', async () => {
    const filter =
      'exportType=csv&labels=predictions&only_finished=true&labeler=ada&model_version=3f&min_score=0.5&since=2025-01-01&until=2025-02-01&escape_formulas=1&with_media=true';
    await test.call({ url: `/api/projects/1/export?${filter}` });
    const { body } = await test.call({ url: `/api/projects/1/export/losses?${filter}` });
    expect(body).toEqual({ count: 1, losses: [{ task: 1, message: '1 shapes became boxes.' }] });
    const request = {
      projectId: 1,
      format: 'csv',
      labels: 'predictions',
      onlyLabeled: true,
      onlyFinished: true,
      labeler: 'ada',
      modelVersion: '3f',
      minScore: 0.5,
      since: '2025-01-01',
      until: '2025-02-01',
      escapeFormulas: true,
      withMedia: true,
    };
    const calls = test.app.calls.map((call) => JSON.parse(call.slice(call.indexOf('{'))));
    expect(calls).toEqual([request, request]);
  });

  it('lists the templates', async () => {
    const { body } = await test.call({ url: '/api/templates' });
    expect(body).toMatchObject([{ name: 'text-classes', group: 'text', sample: { text: 'hello' } }]);
  });

  it('says before the first byte that a format cannot be had', async () => {
    const reply = await test.call({ url: '/api/projects/1/export?exportType=nope' });
    expect(reply).toMatchObject({ status: 400, body: { code: 'INPUT_BAD_FORMAT' } });
  });

  it('lists the formats', async () => {
    const { body } = await test.call({ url: '/api/projects/1/export/formats' });
    expect(body).toMatchObject([{ name: 'csv', reads: true, writes: true }]);
  });
});

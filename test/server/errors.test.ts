/** What callers and the log are told: a code and a place to callers, ids and frames to the log, data to neither. */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { SECRETS } from './fake-app.ts';
import { testServer } from './setup.ts';

describe('errors', () => {
  it('name every field that does not fit', async () => {
    const { call } = await testServer();
    const payload = { title: 7, settings: { overlap: 0, nope: 1 }, sampling: 'Best sampling' };
    const reply = await call({ method: 'POST', url: '/api/projects', payload });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ code: 'INPUT_BAD_FIELD', status_code: 400, retryable: false });
    const fields = Object.keys(reply.body.validation_errors as object);
    expect(fields).toEqual(expect.arrayContaining(['title', 'settings.overlap', 'settings.nope', 'sampling']));
    expect(reply.body.detail).toMatch(/^Field `\w/);
  });

  it("of Label Studio's paths have the body and the status of Label Studio's, all others ours", async () => {
    const { call } = await testServer();
    const post = (url: string, payload: object) => call({ method: 'POST', url, payload });
    const theirs = await post('/api/projects', { title: 7 });
    expect(theirs).toMatchObject({
      status: 400,
      body: {
        status_code: 400,
        version: expect.any(String),
        exc_info: null,
        validation_errors: { title: ['must be string'] },
      },
    });
    expect(theirs.body.id).toBe(theirs.body.request_id);
    expect(await post('/api/projects/validate', { label_config: '<View/>' })).toMatchObject({
      status: 400,
      body: { validation_errors: { label_config: [expect.stringContaining('control')] } },
    });
    expect(await call({ url: '/api/tasks/987654' })).toMatchObject({
      status: 404,
      body: { status_code: 404, id: expect.any(String), exc_info: null },
    });
    const ours = await post('/api/projects/1/tasks/delete', { ids: [] });
    expect(ours).toMatchObject({ status: 422, body: { status_code: 422 } });
    expect(ours.body).not.toHaveProperty('exc_info');
  });

  it.each([
    ['/api/dm/views', 'project', 'is missing'],
    ['/api/tasks?project=one', 'project', 'must be integer'],
    ['/api/tasks?project=1&page_size=5000', 'page_size', 'must be <= 1000'],
    ['/api/tasks?project=1&project=2', 'project', 'must be integer'],
    ['/api/tasks/0', 'task_id', 'must be >= 1'],
    ['/api/tasks/1.5', 'task_id', 'must be integer'],
    ['/api/tasks/99999999999999999999', 'task_id', 'must be integer'],
    ['/api/projects?archived=maybe', 'archived', 'must be boolean'],
  ])('name the field of an address: %s', async (url, field, reason) => {
    const { call } = await testServer();
    const reply = await call({ url });
    expect(reply).toMatchObject({
      status: 400,
      body: { details: { field }, validation_errors: { [field]: [reason] } },
    });
  });

  it('carry a request id, and say when to come back', async () => {
    const { app, call } = await testServer();
    app.queue.next = async () => {
      throw new AppError('LIMIT_QUEUE', 'Too much is waiting.', { details: { retryAfterSeconds: 2.2 } });
    };
    const reply = await call({ url: '/api/projects/1/next' });
    expect(reply).toMatchObject({ status: 429, headers: { 'retry-after': '3' }, body: { retryable: true } });
    expect(reply.body.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each(['/api/nope', '/api/projects/1/nope', '/api', '/docs/nope', '/api/%zz', `/api/tasks/${'9'.repeat(500)}`])(
    'of unknown addresses are JSON: %s',
    async (url) => {
      const { call } = await testServer();
      const reply = await call({ url });
      expect(reply).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    },
  );

  it('of ours are INTERNAL without a stack, and found in the log by the id', async () => {
    const lines: string[] = [];
    const { app, call } = await testServer({
      logger: { level: 'info', stream: { write: (line) => lines.push(line) } },
    });
    app.projects.list = async () => {
      throw new TypeError('boom on "a secret text"');
    };
    const reply = await call({ url: '/api/projects' });
    expect(reply).toMatchObject({ status: 500, body: { code: 'INTERNAL', detail: 'An internal error occurred.' } });
    expect(reply.text).not.toMatch(/boom|stack|\.ts/);
    const line = lines.find((one) => one.includes('internal error'))!;
    expect(line).toContain(String(reply.body.request_id));
    expect(line).toContain('errors.test.ts');
    expect(line).not.toContain('a secret text');
  });
});

describe('the log', () => {
  it('holds routes, states and times, and nothing that anybody wrote', async () => {
    const lines: string[] = [];
    const logger = { level: 'debug' as const, stream: { write: (line: string) => lines.push(line) } };
    const { server, call } = await testServer({ logger });
    const secret = 'zz-private-zz';
    const token = SECRETS.owner;
    const payload = { title: secret, label_config: `<View>${secret}` };
    await call({ url: `/api/projects?archived=${secret}`, token });
    await call({ url: `/${secret}/x?${secret}=1` });
    await call({ url: `/api/${secret}?x=${secret}` });
    await call({ url: '/api/projects', token: secret });
    await call({ url: `/api/projects/${secret}`, headers: { 'x-request-id': secret, cookie: secret } });
    await call({ method: 'POST', url: '/api/projects', payload, token });
    await call({
      method: 'POST',
      url: '/api/projects',
      payload: `{"${secret}`,
      headers: { 'content-type': 'application/json' },
    });
    await call({ method: 'POST', url: '/api/tasks/1/annotations', payload: { result: [{ text: secret }] }, token });
    await server.close();
    expect(lines.length).toBeGreaterThanOrEqual(8);
    for (const line of lines) {
      expect(line).not.toContain(secret);
      expect(line).not.toContain(token);
    }
    const answered = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((one) => one.msg === 'answered');
    expect(answered[0]).toMatchObject({ method: 'GET', route: '/api/projects', status: 400, who: 1 });
    expect(answered.every((one) => typeof one.ms === 'number' && typeof one.reqId === 'string')).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { testServer } from './setup.ts';

const infer = (data: readonly string[], more: object = {}) => ({
  method: 'POST' as const,
  url: '/v2/models/length/infer',
  payload: { inputs: [{ name: 'text', shape: [data.length], datatype: 'BYTES', data }], ...more },
});

describe('the Open Inference Protocol', () => {
  it('says what runs, and what goes in and comes out of a model', async () => {
    const { call } = await testServer();
    expect((await call({ url: '/v2' })).body).toMatchObject({ name: 'headstart', extensions: [] });
    expect((await call({ url: '/v2/models/length' })).body).toEqual({
      name: 'length',
      versions: ['v1'],
      platform: 'headstart_fake',
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
      outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 2] }],
    });
    expect((await call({ url: '/v2/models/boxes/versions/v1' })).body.outputs).toEqual([
      { name: 'boxes', datatype: 'FP32', shape: [-1, 2] },
      { name: 'boxes_offsets', datatype: 'UINT32', shape: [-1] },
    ]);
  });

  it('is live at once and ready when the warm-up run has passed', async () => {
    const { call, app } = await testServer();
    app.serving.warm = false;
    expect(await call({ url: '/v2/health/live' })).toMatchObject({ status: 200, body: { live: true } });
    for (const url of ['/v2/health/ready', '/v2/models/length/ready', '/v2/models/length/versions/v1/ready']) {
      expect(await call({ url })).toMatchObject({
        status: 503,
        body: expect.objectContaining({ ready: false }),
        headers: { 'retry-after': '1' },
      });
    }
    app.serving.warm = true;
    expect(await call({ url: '/v2/health/ready' })).toMatchObject({ status: 200, body: { ready: true } });
    expect(await call({ url: '/v2/models/length/ready' })).toMatchObject({
      status: 200,
      body: { name: 'length', ready: true },
    });
  });

  it('answers texts with tensors, under the id of the request', async () => {
    const { call } = await testServer();
    const reply = await call(infer(['ab', 'abc'], { id: 'mine', outputs: [{ name: 'embedding' }] }));
    expect(reply.body).toEqual({
      model_name: 'length',
      model_version: 'v1',
      id: 'mine',
      outputs: [{ name: 'embedding', datatype: 'FP32', shape: [2, 2], data: [2, 0.5, 3, 0.5] }],
    });
    const version = await call({ ...infer(['a']), url: '/v2/models/length/versions/v1/infer' });
    expect(version.body).toMatchObject({ outputs: [{ data: [1, 0.5] }] });
  });

  it('answers with records and where each item has its own', async () => {
    const { call } = await testServer();
    const inputs = [{ name: 'image', shape: [2], datatype: 'BYTES', data: ['aGVsbG8=', 'aGVsbG8='] }];
    const { body } = await call({ method: 'POST', url: '/v2/models/boxes/infer', payload: { inputs } });
    expect(body.outputs).toEqual([
      { name: 'boxes', datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] },
      { name: 'boxes_offsets', datatype: 'UINT32', shape: [3], data: [0, 2, 2] },
    ]);
  });

  it('takes items flat or each in a list of its own, and gives only the outputs that were asked for', async () => {
    const { call } = await testServer();
    const nested = [{ name: 'text', shape: [2, 1], datatype: 'BYTES', data: [['ab'], ['abc']] }];
    const { body } = await call({ ...infer([]), payload: { inputs: nested } });
    expect(body.outputs).toMatchObject([{ data: [2, 0.5, 3, 0.5] }]);
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['aGVsbG8='] }];
    const asked = (name: string) =>
      call({ method: 'POST', url: '/v2/models/boxes/infer', payload: { inputs, outputs: [{ name }] } });
    expect((await asked('boxes')).body.outputs).toMatchObject([{ name: 'boxes' }]);
    expect((await asked('boxes_offsets')).body.outputs).toMatchObject([{ name: 'boxes_offsets' }]);
  });

  it('says what it takes of inputs that are several, called otherwise, of another type, or binary', async () => {
    const { call } = await testServer();
    const input = { name: 'text', shape: [1], datatype: 'BYTES', data: ['a'] };
    const { data: _data, ...binary } = input;
    for (const [inputs, message] of [
      [[input, { ...input, name: 'more' }], /takes one input, which is called 'text'/],
      [[{ ...input, name: 'words' }], /takes one input, which is called 'text'/],
      [[{ ...input, datatype: 'FP32', data: [1] }], /datatype` of the body must be "BYTES"/],
      [[{ ...binary, parameters: { binary_data_size: 5 } }], /Binary tensors are not taken/],
      [[{ ...input, shape: [1, 2], data: [['a', 'b']] }], /inputs\.0\.data/],
    ] as const) {
      const { status, body } = await call({ ...infer([]), payload: { inputs } });
      expect([status, body.error], String(message)).toEqual([422, expect.stringMatching(message)]);
    }
    const headers = { 'content-type': 'application/octet-stream', 'inference-header-content-length': '2' };
    expect(await call({ ...infer([]), payload: '{}abc', headers })).toMatchObject({
      status: 422,
      body: { error: expect.stringContaining('application/json') },
    });
  });

  it('names what does not fit, and says when to come back', async () => {
    const { call } = await testServer();
    const bad = [
      { ...infer(['a']), payload: { inputs: [{ name: 'text', shape: [2], datatype: 'BYTES', data: ['a'] }] } },
      infer(['a'], { outputs: [{ name: 'nothing' }] }),
      infer([]),
      {
        ...infer(['a']),
        url: '/v2/models/boxes/infer',
        payload: { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: ['no base64!'] }] },
      },
    ];
    for (const request of bad) expect(await call(request)).toMatchObject({ status: 422 });
    expect(await call({ ...infer(['a']), url: '/v2/models/none/infer' })).toMatchObject({ status: 404 });
    expect(await call({ url: '/v2/nothing' })).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await call(infer(['busy']))).toMatchObject({
      status: 429,
      body: { code: 'LIMIT_QUEUE', error: 'Fake: too much waits.' },
      headers: { 'retry-after': '7' },
    });
  });
});

it('metrics are text for Prometheus', async () => {
  const { call } = await testServer();
  const reply = await call({ url: '/metrics' });
  expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(reply.text).toBe('# HELP headstart_hosts Inference processes\n');
});

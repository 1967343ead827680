/** Models on other servers: a Label Studio ML backend and plain JSON, and every way in which a server lets one down. */
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openModelLibrary } from '../../src/backends/library/open.ts';
import { createInferencePool, type PoolOptions } from '../../src/backends/pool.ts';
import { remoteEntry } from '../../src/backends/remote-model.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import { openWorld } from '../media/web-server.ts';
import { texts, until } from './fake.ts';

const BULK = { lane: 'bulk' } as const;

type Answer = (
  body: JsonObject,
  request: IncomingMessage,
) => Json | { status: number; headers?: Record<string, string> } | null;

/** A server that answers as told (null: never), and a pool with one model on it. */
async function remote(description: JsonObject, answer: Answer, options: PoolOptions & { allowed?: boolean } = {}) {
  const asked: JsonObject[] = [];
  const world = await openWorld((request, reply) => void respond(request, reply));
  const respond = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as JsonObject;
    asked.push(body);
    const said = answer(body, request);
    if (said === null) return;
    const { status = 200, headers = {} } = said as { status?: number; headers?: Record<string, string> };
    reply.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(said));
  };
  const json = { url: `${world.url}/predict`, ...description };
  const bytes = Buffer.from(JSON.stringify(json));
  const folder = mkdtempSync(join(tmpdir(), 'headstart-remote-'));
  writeFileSync(join(folder, 'remote.json'), bytes);
  const files = { 'remote.json': createHash('sha256').update(bytes).digest('hex') };
  const entry = remoteEntry(json, { name: 'far', license: 'unknown', source: { type: 'folder', path: folder }, files });
  const { allowed = true, ...more } = options;
  const fetch = createGuardedFetch({ allow: allowed ? [`127.0.0.1:${world.port}`] : [] });
  const pool = createInferencePool({ models: [entry], hostsMax: 1, fetch, remoteRetryMs: 5, ...more });
  onTestFinished(async () => {
    await pool.close();
    await world.close();
  });
  return { pool, asked, folder };
}

const LENGTHS: JsonObject = {
  outputs: { probabilities: { dim: 2 } },
  labels: ['short', 'long'],
  request: { inputs: '$items', model: 'm' },
  answer: { probabilities: 'data.*.scores' },
  batch: { itemsMax: 4 },
};
const lengthsOf: Answer = ({ inputs }) => ({
  data: (inputs as string[]).map((text) => ({ scores: text.length > 3 ? [0, 1] : [1, 0] })),
});

describe('a model behind plain JSON', () => {
  it('is asked in batches with its own headers, and answers in order', async () => {
    let key: string | undefined;
    const description = { ...LENGTHS, headers: { authorization: 'Token of-the-other-server' } };
    const { pool, asked } = await remote(description, (body, request) => {
      key = request.headers.authorization;
      return lengthsOf(body, request);
    });
    const { outputs, failed } = await pool.run('far', texts('a', 'long one', 'b', 'c', 'another'), BULK);
    expect(failed).toEqual([]);
    expect([...outputs.probabilities!.data]).toEqual([1, 0, 0, 1, 1, 0, 1, 0, 0, 1]);
    expect(asked.map(({ inputs, model }) => [(inputs as string[]).length, model])).toEqual([
      [4, 'm'],
      [1, 'm'],
    ]);
    expect(key).toBe('Token of-the-other-server');
    expect(pool.status().hosts).toEqual([]);
    expect(JSON.stringify([pool.info('far'), pool.status()])).not.toContain('of-the-other-server');
  });

  it('may answer with labels and scores in any order, or with records', async () => {
    const outputs = { probabilities: { dim: 2 }, boxes: { fields: ['x', 'score'] } };
    const answer = { probabilities: '*.labels', boxes: '*.found' };
    const { pool } = await remote({ ...LENGTHS, outputs, answer }, ({ inputs }) =>
      (inputs as string[]).map((text) => ({
        labels: [
          { label: 'long', score: 0.75 },
          { label: 'unheard of', score: 0.5 },
          { label: 'short', score: 0.25 },
        ],
        found: text === 'none' ? [] : [{ x: 0.5, score: 1 }, [2, 3]],
      })),
    );
    const result = await pool.run('far', texts('none', 'some'), BULK);
    expect([...result.outputs.probabilities!.data]).toEqual([0.25, 0.75, 0.25, 0.75]);
    expect([...result.outputs.boxes!.offsets!]).toEqual([0, 0, 2]);
    expect([...result.outputs.boxes!.data]).toEqual([0.5, 1, 2, 3]);
  });

  it('fails only the items that it refuses, alone or by too few answers', async () => {
    const { pool } = await remote(LENGTHS, (body, request) => {
      const all = body.inputs as string[];
      if (all.includes('poison')) return { status: 500 };
      if (all.includes('lost')) return { data: [] };
      return lengthsOf(body, request);
    });
    const { failed, outputs } = await pool.run('far', texts('a', 'poison', 'bb', 'lost', 'good one'), BULK);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'BACKEND_CRASHED'],
      [3, 'BACKEND_BAD_OUTPUT'],
    ]);
    expect([...outputs.probabilities!.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });

  it('is asked again while it is busy, after the time that it names', async () => {
    let tries = 0;
    const start = performance.now();
    const { pool } = await remote(LENGTHS, (body, request) =>
      ++tries < 3 ? { status: 429, headers: { 'retry-after': tries === 1 ? '1' : '0' } } : lengthsOf(body, request),
    );
    expect((await pool.run('far', texts('a'), BULK)).failed).toEqual([]);
    expect(tries).toBe(3);
    expect(performance.now() - start).toBeGreaterThan(1_000);
  });

  it('rests when it stays away: calls are refused at once with the reason, and later it is tried again', async () => {
    let now = 0;
    let up = false;
    const { pool, asked } = await remote(
      LENGTHS,
      (body, request) => (up ? lengthsOf(body, request) : { status: 503 }),
      {
        clock: { now: () => now },
      },
    );
    const refused = { code: 'BACKEND_CRASHED', message: expect.stringContaining('status 503') };
    await expect(pool.run('far', texts('a'), BULK)).rejects.toMatchObject(refused);
    expect(asked).toHaveLength(4);
    await expect(pool.run('far', texts('a'), BULK)).rejects.toMatchObject(refused);
    expect(asked).toHaveLength(4);
    expect(pool.status().models[0]!.broken).toMatchObject(refused);
    up = true;
    now += 60_000;
    expect((await pool.run('far', texts('a'), BULK)).failed).toEqual([]);
  });

  it('is not blamed when everybody who asked has left before the next try', async () => {
    const leave = new AbortController();
    const { pool, asked } = await remote(
      LENGTHS,
      (body, request) => ((body.inputs as string[]).includes('left') ? { status: 503 } : lengthsOf(body, request)),
      { remoteRetryMs: 100 },
    );
    const call = pool.run('far', texts('left'), { lane: 'bulk', signal: leave.signal });
    await until(() => asked.length === 1);
    leave.abort();
    await expect(call).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await pool.run('far', texts('a'), BULK)).failed).toEqual([]);
    expect(asked).toHaveLength(2);
  });

  it('works on what waits in bulk when all that is urgent was given up', async () => {
    const leave = new AbortController();
    const { pool, asked } = await remote({ ...LENGTHS, timeoutMs: 300 }, (body, request) => {
      const { length } = body.inputs as string[];
      if (length === 1) return lengthsOf(body, request);
      return length === 4 ? { status: 500 } : null;
    });
    const urgent = pool.run('far', texts(...'abcdefgh'), { lane: 'online', signal: leave.signal });
    // Both batches were refused and halved: two halves are asked, two wait.
    await until(() => asked.length === 4);
    leave.abort();
    await expect(urgent).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    expect((await pool.run('far', texts('a'), BULK)).failed).toEqual([]);
  });

  it('is not asked twice when it says that it never will', async () => {
    const { pool, asked } = await remote(LENGTHS, () => ({ status: 401 }));
    await expect(pool.run('far', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
    expect(asked).toHaveLength(1);
  });

  it('has a deadline for each request, which fails the item that overruns it', async () => {
    const { pool } = await remote({ ...LENGTHS, timeoutMs: 300 }, (body, request) =>
      (body.inputs as string[]).includes('hang') ? null : lengthsOf(body, request),
    );
    const { failed } = await pool.run('far', texts('a', 'hang', 'b'), BULK);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[1, 'BACKEND_TIMEOUT']]);
  });

  it('is not asked at an address that may not be asked', async () => {
    const { pool, asked } = await remote(LENGTHS, lengthsOf, { allowed: false });
    await expect(pool.run('far', texts('a'), BULK)).rejects.toMatchObject({
      code: 'BACKEND_LOAD',
      message: expect.stringContaining('--allow-address'),
    });
    expect(asked).toEqual([]);
  });

  it('is refused when its description was changed', async () => {
    const { pool, folder, asked } = await remote(LENGTHS, lengthsOf);
    writeFileSync(join(folder, 'remote.json'), JSON.stringify({ ...LENGTHS, url: 'http://127.0.0.1:1/other' }));
    await expect(pool.run('far', texts('a'), BULK)).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
    expect(asked).toEqual([]);
  });
});

describe('a Label Studio ML backend', () => {
  const description: JsonObject = {
    protocol: 'label-studio',
    field: 'text',
    labelConfig: '<View/>',
    outputs: { probabilities: { dim: 2 }, spans: { fields: ['start', 'end', 'score', 'label'] } },
    labels: ['spam', 'ham'],
  };
  const region = (type: string, value: JsonObject, score?: number): JsonObject => ({
    ...{ from_name: 'x', to_name: 'text', type, value },
    ...(score === undefined ? {} : { score }),
  });

  it('is sent tasks and answers with choices and spans', async () => {
    const { pool, asked } = await remote(description, ({ tasks }) => ({
      results: (tasks as { data: { text: string } }[]).map(({ data }) => ({
        model_version: '1',
        score: 0.5,
        result: [
          region('choices', { choices: [data.text.includes('!') ? 'spam' : 'ham'] }, 0.75),
          region('labels', { start: 0, end: 2, labels: ['spam'] }),
          region('labels', { start: 0, end: 2, labels: ['of another project'] }),
        ],
      })),
    }));
    const { outputs } = await pool.run('far', texts('now!', 'later'), BULK);
    expect([...outputs.probabilities!.data].sort()).toEqual([0, 0, 0.75, 0.75]);
    expect([...outputs.probabilities!.data.subarray(0, 2)]).toEqual([0.75, 0]);
    expect([...outputs.spans!.data.subarray(0, 4)]).toEqual([0, 2, 0.5, 0]);
    expect([...outputs.spans!.offsets!]).toEqual([0, 1, 2]);
    expect(asked[0]).toMatchObject({ label_config: '<View/>' });
  });

  it('that answers one result for many tasks is asked one by one', async () => {
    const { pool, asked } = await remote(description, () => ({
      results: [{ result: [region('choices', { choices: ['ham'] })] }],
    }));
    const { failed, outputs } = await pool.run('far', texts('a', 'b'), BULK);
    expect(failed).toEqual([]);
    expect([...outputs.probabilities!.data]).toEqual([0, 1, 0, 1]);
    expect(asked).toHaveLength(3);
  });
});

it('joins the library by its description alone, once it has answered, and serves under its name', async () => {
  let up = false;
  const world = await openWorld((_request, reply) => {
    reply.writeHead(up ? 200 : 500).end('{"data": [{"scores": [0.25, 0.75]}]}');
  });
  const fetch = createGuardedFetch({ allow: [`127.0.0.1:${world.port}`] });
  const pool = createInferencePool({ hostsMax: 1, fetch });
  onTestFinished(async () => {
    await pool.close();
    await world.close();
  });
  const folder = join(mkdtempSync(join(tmpdir(), 'headstart-remote-')), 'models');
  const library = await openModelLibrary({ folder, pool, fetch, clock: systemClock, newId: () => 'id' });
  const body = Buffer.from(JSON.stringify({ ...LENGTHS, url: `${world.url}/predict` }));
  const add = () =>
    library.add(
      (async function* () {
        yield { name: 'remote.json', body: [body] as unknown as AsyncIterable<Uint8Array> };
      })(),
      { name: 'far', origin: 'a file' },
    );
  await expect(add()).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
  up = true;
  expect((await add()).info).toMatchObject({
    kind: 'text-classification',
    runtime: 'remote',
    labels: ['short', 'long'],
  });
  const { outputs } = await pool.run('far', texts('hello'), BULK);
  expect([...outputs.probabilities!.data]).toEqual([0.25, 0.75]);
});

describe('remote.json', () => {
  const given = { name: 'far', license: '', source: { type: 'builtin' }, files: {} } as const;
  it.each([
    [{}, 'url'],
    [{ url: 'http://x.example/', protocol: 'grpc' }, 'protocol'],
    [{ url: 'http://x.example/', outputs: {} }, 'outputs'],
    [{ url: 'http://x.example/', outputs: { a: { dim: 0 } } }, 'outputs'],
    [{ url: 'http://x.example/', outputs: { a: { dim: 1 } } }, 'answer.a'],
    [{ url: 'http://x.example/', outputs: { a: { fields: [] } } }, 'outputs'],
    [{ ...LENGTHS, url: 'http://x.example/', labels: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, 'labels'],
    [{ url: 'http://x.example/', headers: { a: 1 } }, 'headers'],
    [{ url: 'http://x.example/', timeoutMs: -1 }, 'timeoutMs'],
    [{ ...LENGTHS, url: 'http://x.example/', batch: { itemsMax: 0.5 } }, 'batch.itemsMax'],
  ] as const)('%j: names the field that does not fit', (json, field) => {
    expect(() => remoteEntry(json as JsonObject, given)).toThrow(new RegExp(`${field.replace('.', '\\.')} must be`));
  });
});

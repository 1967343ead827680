/** The ML-backend protocol against a real server: every reply shape, and everything that goes wrong on the way. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';
import { connectProject, eventsSettled, type StudioWorld, studioWorld, until } from './world.ts';

let world: StudioWorld;
let connected: Awaited<ReturnType<typeof connectProject>>;
const texts = makeTexts(60, 4);

beforeAll(async () => {
  world = await studioWorld();
  connected = await connectProject(world, { studio_project: 5 }, { retrain_every: 20 });
  // A model to predict with: 40 answers.
  const tasks = texts.map(({ text }, i) => ({ id: i + 1, data: { text } }));
  await call('/predict', { tasks });
  for (const [i, { label }] of texts.slice(0, 40).entries()) {
    await call('/webhook', annotated(i + 1, { id: i + 1, result: [answerOf(label)] }));
  }
  await eventsSettled(world, connected.connectionId);
  await settle(world.client, connected.projectId);
}, 60_000);
afterAll(() => world.close());

function annotated(task: number, annotation: object, action = 'ANNOTATION_CREATED') {
  const stamped = { updated_at: '2026-01-01T00:00:00Z', completed_by: 1, task, ...annotation };
  return {
    action,
    annotation: stamped,
    task: { id: task, data: { text: texts[task - 1]?.text ?? 'x' } },
    project: { id: 5 },
  };
}

async function call(path: string, body?: unknown, init: RequestInit = {}, base = connected.backend) {
  const reply = await fetch(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string>) },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
  });
  const text = await reply.text();
  return {
    status: reply.status,
    body: text.startsWith('{') ? JSON.parse(text) : text,
    type: reply.headers.get('content-type'),
  };
}

interface Item {
  readonly result: readonly { readonly value: { readonly choices: readonly string[] } }[];
  readonly score: number;
  readonly model_version: string;
}

const text = (id: number) => ({ id, data: { text: `task ${id}` } });

describe('calls that are always answered', () => {
  it.each(['', '/', '/health', '/health/'])('health at %j', async (path) => {
    expect(await call(path)).toMatchObject({ status: 200, body: { status: 'UP', model_class: 'Headstart' } });
  });

  it('setup says the version, with everything, with little and with nothing', async () => {
    const { body } = await call('/setup', { project: '5.171', schema: TEXT_CONFIG, extra_params: null });
    expect(body.model_version).toMatch(/^hs-[0-9a-f]{12}$/);
    expect(await call('/setup', {})).toMatchObject({ status: 200, body: { model_version: body.model_version } });
    expect((await call('/setup', { project: 5 })).body.model_version).toBe(body.model_version);
  });

  it('versions, validate, delete, duplicate_model, metrics', async () => {
    const { model_version } = (await call('/setup', {})).body;
    expect((await call('/versions')).body.versions[0]).toBe(model_version);
    expect(await call('/validate', { config: TEXT_CONFIG })).toMatchObject({ status: 200 });
    expect(await call('/validate', { config: '<View' })).toMatchObject({
      status: 422,
      body: { code: 'LABELCONFIG_BAD_XML' },
    });
    expect(await call('/delete', { project: '5.1' })).toMatchObject({ status: 200 });
    expect(await call('/duplicate_model', { project_src: '5.1', project_dst: '6.1' })).toMatchObject({ status: 200 });
    expect((await call('/metrics')).body.calls).toBeGreaterThan(0);
    const prometheus = await call('/metrics', undefined, { headers: { accept: 'text/plain' } });
    expect(prometheus.body).toMatch(/^headstart_studio_calls \d+$/m);
  });

  it('job_status of a training, and 410 for what is no job of this project', async () => {
    const { status, body } = await call('/webhook', { action: 'START_TRAINING', project: { id: 5 } });
    expect(status).toBe(201);
    await until('the job', async () => (await call('/job_status', { job: body.job })).body.job_status === 'finished');
    expect((await call('/job_status', { job: '999999' })).status).toBe(410);
    expect((await call('/job_status', {})).status).toBe(410);
  });

  it('the old train call brings tasks and annotations, and answers with a job', async () => {
    const annotation = { id: 900, result: [answerOf('spam')], updated_at: '2026-01-01T00:00:00Z', completed_by: 2 };
    const { status, body } = await call('/train', {
      annotations: [{ ...text(900), annotations: [annotation] }],
      project: '5.1',
    });
    expect([status, typeof body.job]).toEqual([201, 'string']);
    await eventsSettled(world, connected.connectionId);
    const [one] = await annotationsOf(900);
    expect(one?.result).toMatchObject([answerOf('spam')]);
  });
});

describe('predict', () => {
  it('gives one item per task, in order, with regions that fit and scores from 0 to 1', async () => {
    const tasks = texts.slice(40).map((one, i) => ({ id: 41 + i, data: { text: one.text } }));
    const { status, body } = await call('/predict', { tasks, project: '5.1', label_config: TEXT_CONFIG, params: {} });
    expect(status).toBe(200);
    expect(body.results).toHaveLength(tasks.length);
    for (const item of body.results) {
      expect(item.result).toMatchObject([{ from_name: 'label', to_name: 'text', type: 'choices' }]);
      expect(item.score).toBeGreaterThan(0);
      expect(item.score).toBeLessThanOrEqual(1);
      expect(item.model_version).toBe(body.model_version);
    }
    const right = body.results.filter(
      (item: Item, i: number) => item.result[0]!.value.choices[0] === texts[40 + i]!.label,
    );
    expect(right.length).toBeGreaterThan(14);
    const backwards = await call('/predict', { tasks: [...tasks].reverse() });
    expect(backwards.body.results).toEqual([...body.results].reverse());
  });

  it('scores what it has never seen at once, stored over there or not', async () => {
    const { body } = await call('/predict', { tasks: [text(700), { data: { text: 'win a free prize' } }] });
    expect(body.results).toHaveLength(2);
    expect(body.results[1].result[0].value.choices).toEqual(['spam']);
    expect(body.results[0].result).toHaveLength(1);
  });

  it('answers anew when the data of a task have changed', async () => {
    const before = await call('/predict', {
      tasks: [{ id: 701, data: { text: 'meeting about the report tomorrow, thanks' } }],
    });
    const after = await call('/predict', { tasks: [{ id: 701, data: { text: 'win cash, free money, cheap prize' } }] });
    const label = ({ body }: typeof after) => body.results[0].result[0].value.choices[0];
    expect([label(before), label(after)]).toEqual(['ham', 'spam']);
  });

  it('says "no idea" for a task that cannot be used, and keeps the others', async () => {
    const deep = `{"id": 714, "data": {"text": "x", "deep": ${'['.repeat(5_000)}${']'.repeat(5_000)}}}`;
    const poison = [{ id: 710, data: { other: 1 } }, null, 'x', { id: 711 }].map((one) => JSON.stringify(one));
    // Twice, because the second time the answers are remembered.
    for (let turn = 0; turn < 2; turn++) {
      const tasks = [...poison, deep, JSON.stringify(text(712))].join();
      const { status, body } = await call('/predict', `{"tasks": [${tasks}]}`);
      expect(status).toBe(200);
      expect(body.results.slice(0, 5)).toEqual(
        Array(5).fill({ result: [], score: 0, model_version: body.model_version }),
      );
      expect(body.results[5].result).toHaveLength(1);
    }
  });

  it('takes a column without a name for the one that the config shows', async () => {
    const { body } = await call('/predict', { tasks: [{ id: 713, data: { $undefined$: 'win a free prize' } }] });
    expect(body.results[0].result).toHaveLength(1);
  });

  it.each([
    ['a dict instead of a list', { tasks: { id: 1 }, label_config: '<View></View>' }],
    ['no tasks', {}],
    ['an empty list', { tasks: [] }],
  ])('answers %s with no items', async (_what, body) => {
    expect(await call('/predict', body)).toMatchObject({ status: 200, body: { results: [] } });
  });

  it('takes 5,000 tasks in one call; what is late is there the next time', async () => {
    const params = { connection_id: connected.connectionId };
    await world.client.call('connectionUpdate', { params, body: { settings: { deadline_ms: 2_000 } } });
    const tasks = makeTexts(5_000, 7).map((one, i) => ({ id: 10_000 + i, data: { text: one.text } }));
    const { body } = await call('/predict', { tasks });
    expect(body.results).toHaveLength(5_000);
    const late = body.results.filter((item: Item) => item.model_version === `${body.model_version}-pending`);
    for (const item of late) expect(item).toMatchObject({ result: [], score: 0 });
    await settle(world.client, connected.projectId);
    await world.client.call('connectionUpdate', { params, body: { settings: { deadline_ms: 50_000 } } });
    const again = await call('/predict', { tasks });
    expect(again.body.results.every((item: Item) => item.result.length === 1)).toBe(true);
  }, 90_000);

  it('has the same version as long as nothing has changed', async () => {
    const { model_version } = (await call('/setup', {})).body;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await call('/setup', {})).body.model_version).toBe(model_version);
  });

  it('is not upset by a client that goes away before the answer', async () => {
    const abort = AbortSignal.timeout(20);
    const tasks = makeTexts(300, 8).map((one, i) => ({ id: 20_000 + i, data: { text: one.text } }));
    const body = JSON.stringify({ tasks });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${connected.backend}/predict`, { method: 'POST', body, headers, signal: abort }).catch(
      () => undefined,
    );
    const { body: after } = await call('/predict', { tasks });
    expect(after.results.every((item: Item) => item.result.length === 1)).toBe(true);
  });
});

describe('bodies', () => {
  it('may be larger than 100 MB, and gzipped', async () => {
    const tasks = Array.from({ length: 110 }, (_, i) => ({
      ...text(30_000 + i),
      annotations: [{ note: 'x'.repeat(1_000_000) }],
    }));
    const raw = JSON.stringify({ tasks });
    expect(raw.length).toBeGreaterThan(100_000_000);
    expect((await call('/predict', raw)).body.results).toHaveLength(110);
    const zipped = gzipSync(JSON.stringify({ tasks: [text(1)] }));
    expect((await call('/predict', zipped, { headers: { 'content-encoding': 'gzip' } })).body.results).toHaveLength(1);
  }, 60_000);

  it('that are no JSON are named by line and column, whatever their size', async () => {
    expect(await call('/predict', '{\n"tasks": oops}')).toMatchObject({
      status: 400,
      body: { code: 'INPUT_BAD_JSON' },
    });
    const large = `{"tasks": [${JSON.stringify({ data: { text: 'x'.repeat(1_100_000) } })},\n oops]}`;
    expect(await call('/predict', large)).toMatchObject({ status: 400, body: { details: { line: 2 } } });
  });

  it('that lie about their length or are cut off change nothing', async () => {
    const { port } = new URL(connected.backend);
    const path = new URL(connected.backend).pathname;
    const head = (length: string) =>
      `POST ${path}/predict HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
    expect(await raw(Number(port), `${head('Content-Length: 5')}{"tasks":[]}`)).toMatch(/400 Bad Request/);
    await raw(Number(port), `${head('Content-Length: 500')}{"tasks":[`);
    const both = await raw(Number(port), `${head('Content-Length: 5\r\nTransfer-Encoding: chunked')}0\r\n\r\n`);
    expect(both).toMatch(/^HTTP\/1.1 400 /);
    expect(await call('/health')).toMatchObject({ status: 200 });
  });

  it('that are gzip bombs end early', async () => {
    const bomb = gzipSync(Buffer.alloc(LIMITS.studioBodyBytesMax + 10_000_000, 32));
    expect(bomb.length).toBeLessThan(500_000);
    const reply = await call('/predict', bomb, { headers: { 'content-encoding': 'gzip' } });
    expect(reply).toMatchObject({ status: 413, body: { code: 'LIMIT_BODY' } });
  }, 60_000);
});

describe('webhooks', () => {
  const event = (id: number, label: string, updated = '2026-02-01T00:00:00Z') =>
    annotated(50, { id, result: [answerOf(label)], updated_at: updated });

  it('of any action are fine', async () => {
    for (const action of ['LABEL_LINK_CREATED', 'REVIEW_CREATED', 'SOMETHING_NEW', undefined]) {
      expect(await call('/webhook', { action, project: { id: 5 } })).toMatchObject({
        status: 200,
        body: { status: 'Unknown event' },
      });
    }
    expect((await call('/webhook', { action: 'TASKS_CREATED' })).status).toBe(201);
    expect((await call('/webhook', 'oops')).status).toBe(400);
  });

  it('take effect once, in any order, however often they come', async () => {
    await call('/webhook', event(500, 'ham', '2026-02-03T00:00:00Z'));
    await call('/webhook', event(500, 'spam', '2026-02-02T00:00:00Z'));
    await call('/webhook', event(500, 'ham', '2026-02-03T00:00:00Z'));
    await eventsSettled(world, connected.connectionId);
    expect(await annotationsOf(50)).toMatchObject([{ result: [answerOf('ham')] }]);
    await call('/webhook', { ...event(500, 'spam', '2026-02-04T00:00:00Z'), action: 'ANNOTATION_UPDATED' });
    await eventsSettled(world, connected.connectionId);
    expect(await annotationsOf(50)).toMatchObject([{ result: [answerOf('spam')] }]);
  });

  it('of deletions win over what comes late, and bulk ones bring all', async () => {
    await call('/webhook', {
      action: 'ANNOTATIONS_DELETED',
      annotations: [{ id: 500 }, { id: 501 }],
      project: { id: 5 },
    });
    await call('/webhook', event(501, 'ham'));
    const bulk = [51, 52].map((task) => ({
      id: 500 + task,
      task,
      result: [answerOf('ham')],
      updated_at: '2026-02-01T00:00:00Z',
    }));
    const tasks = [51, 52].map((id) => ({ id, data: { text: texts[id - 1]!.text } }));
    await call('/webhook', { action: 'ANNOTATIONS_CREATED', annotation: bulk, task: tasks, project: { id: 5 } });
    await eventsSettled(world, connected.connectionId);
    expect(await annotationsOf(50)).toEqual([]);
    expect((await annotationsOf(51)).concat(await annotationsOf(52))).toHaveLength(2);
  });

  it('bring tasks, and take them away for good', async () => {
    const { task_number: before } = await project();
    await call('/webhook', { action: 'TASKS_CREATED', tasks: [text(800), text(801)], project: { id: 5 } });
    await eventsSettled(world, connected.connectionId);
    expect((await project()).task_number).toBe(before + 2);
    await call('/webhook', { action: 'TASKS_DELETED', tasks: [{ id: 800 }], project: { id: 5 } });
    await call('/webhook', { action: 'TASKS_CREATED', tasks: [text(800)], project: { id: 5 } });
    await eventsSettled(world, connected.connectionId);
    expect((await project()).task_number).toBe(before + 1);
  });

  it('of another project, replayed or meant for somebody else, change nothing', async () => {
    const { total_annotations_number: before } = await project();
    await call('/webhook', { ...event(666, 'ham'), project: { id: 6 } });
    await eventsSettled(world, connected.connectionId);
    expect((await project()).total_annotations_number).toBe(before);
  });

  it('that say nothing usable are listed with the reason and hold up nobody', async () => {
    const orphan = {
      action: 'ANNOTATION_CREATED',
      annotation: { id: 777, task: 88_888, result: [] },
      project: { id: 5 },
    };
    await call('/webhook', orphan);
    await call('/webhook', annotated(53, { id: 778, result: [answerOf('ham')] }));
    await until('the event behind it', async () => (await annotationsOf(53)).length === 1);
    const params = { connection_id: connected.connectionId };
    await until('the reason', async () => {
      const { waiting } = await world.client.call('connectionGet', { params });
      return waiting.some((one) => one.error !== null);
    });
    const findings = await world.client.call('connectionDoctor', { params });
    expect(findings.find((one) => one.part === 'events')).toMatchObject({ ok: false });
  });
});

describe('who may call', () => {
  const root = () => world.running.url;
  const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`ls:${password}`).toString('base64')}` });

  it('whoever has the address; nobody with another one', async () => {
    const { pathname, origin } = new URL(connected.backend);
    for (const guess of ['/ml/guess', `${pathname}x`, pathname.slice(0, -1), `/ml/${'x'.repeat(99)}`]) {
      for (const path of ['/health', '/setup', '/predict', '/webhook']) {
        const reply = await call(path, path === '/health' ? undefined : { tasks: [] }, {}, origin + guess);
        expect(reply.status).toBe(404);
      }
    }
  });

  it('nobody any more once the address was renewed', async () => {
    const other = await connectProject(world, { studio_project: 7 });
    const { backend_url } = await world.client.call('connectionRenew', {
      params: { connection_id: other.connectionId },
    });
    expect((await call('/health', undefined, {}, other.backend)).status).toBe(404);
    expect((await call('/health', undefined, {}, backend_url)).status).toBe(200);
    // What one address tells is of its own connection.
    expect((await call('/metrics', undefined, {}, backend_url)).body.calls).toBe(0);
    await world.client.call('connectionDelete', { params: { connection_id: other.connectionId } });
    expect((await call('/health', undefined, {}, backend_url)).status).toBe(404);
  });

  it('at the plain paths whoever has a token, also as a password', async () => {
    const headers = basic(world.running.secret);
    const good = await call('/predict', { tasks: [text(1)], project: '5.1' }, { headers }, root());
    expect(good.body.results).toHaveLength(1);
    expect((await call('/setup', { project: '5.1' }, { headers }, root())).body.model_version).toMatch(/^hs-/);
    for (const wrong of [basic('guess'), basic(''), { authorization: 'Token guess' }]) {
      for (const path of ['/setup', '/predict', '/webhook', '/train']) {
        expect((await call(path, { project: '5.1' }, { headers: wrong }, root())).status).toBe(401);
      }
    }
  });

  it('is told how to connect a project that is not connected', async () => {
    const reply = await call('/setup', { project: '99.1' }, { headers: basic(world.running.secret) }, root());
    expect(reply).toMatchObject({ status: 404 });
    expect(reply.body.detail).toMatch(/studio connect/);
  });

  it('gets what test suites of backends expect without a project', async () => {
    const headers = basic(world.running.secret);
    expect(await call('/setup', {}, { headers }, root())).toMatchObject({ status: 200, body: { model_version: null } });
    expect(
      (await call('/predict', { tasks: { id: 1 }, label_config: '<View></View>' }, { headers }, root())).body,
    ).toEqual({ results: [] });
  });

  it('is refused when the address is used for a second Label Studio project', async () => {
    expect(await call('/setup', { project: '8.1' })).toMatchObject({ status: 409 });
  });
});

async function project() {
  return world.client.call('projectGet', { params: { project_id: connected.projectId } });
}

/** Of the task that Label Studio knows by this number. */
async function annotationsOf(studioId: number) {
  const query = { project: connected.projectId, page_size: 1_000, fields: 'all' as const };
  for (let page = 1; ; page++) {
    const { tasks } = await world.client.call('taskList', { query: { ...query, page } });
    const task = tasks.find((one) => one.meta.labelStudioId === studioId);
    if (task && 'annotations' in task) return task.annotations;
    if (tasks.length < 1_000) return [];
  }
}

/** Sends these bytes, half-closes, and returns everything that comes back. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk.toString();
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', reject);
  });
}

/** The walk-through in docs/label-studio.md: every call and command on the page is sent as it stands there. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/process.ts';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';
import { STUDIO_TOKEN } from './stand-in.ts';
import { eventsSettled, type StudioWorld, studioWorld } from './world.ts';

const PAGE = readFileSync(new URL('../../docs/label-studio.md', import.meta.url), 'utf8');
const TEXTS = makeTexts(16, 4);
/** Answered over there at once; the rest is predicted. */
const ANSWERED = 12;
const TASK = { id: 1, data: { text: 'win a prize' } };

type Reply = { readonly status: number; readonly body: Record<string, unknown> };

/** Our calls on the page: method, path, and the body where it stands there. */
const NAMED = [...PAGE.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/api\/[^\s`]+)`(?:[^`]{0,8}`(\{[^`]+\})`)?/g)];

let world: StudioWorld;
let token = '';
let backend = '';

beforeAll(async () => {
  world = await studioWorld();
  for (const { text } of TEXTS) world.studio.add({ text });
  token = (await world.client.call('tokenCreate', { body: { name: 'walk', role: 'owner' } })).secret;
});
afterAll(() => world.close());

async function send(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const reply = await fetch(url, { method, headers: { ...type, ...headers }, ...json });
  const text = await reply.text();
  return { status: reply.status, body: text.startsWith('{') ? (JSON.parse(text) as Reply['body']) : { text } };
}

/** Sent to an API path of ours, with what the page leaves open to its reader put in. */
function call(method: string, path: string, body?: unknown): Promise<Reply> {
  return send(method, world.running.url + path, body, { authorization: `Token ${token}` });
}

describe('connecting', () => {
  it('makes the project from the one in Label Studio, by the call on the page', async () => {
    const [, path, headers, given] = /curl \$BASE(\S+) (.*?) -d '(.*?)'/s.exec(PAGE)!;
    const sent = [...headers!.matchAll(/-H ["'](.+?): (.+?)["']/g)].map(([, name, value]) => [
      name!,
      value!.replace('$TOKEN', token),
    ]);
    const text = given!.replace('https://labels.example.com', world.studio.url).replace('their-token', STUDIO_TOKEN);
    const reply = await fetch(world.running.url + path!, {
      method: 'POST',
      headers: Object.fromEntries(sent) as Record<string, string>,
      body: text,
    });
    expect(reply.status).toBe(201);
    const made = (await reply.json()) as Record<string, unknown>;
    expect(made).toMatchObject({ id: 1, project: 1, backend_url: expect.stringMatching(/\/ml\/\w+/) });
    backend = String(made.backend_url);
    expect(await world.studio.connect(backend)).toMatch(/^hs-/);
    // "Label Studio adds its webhook by itself": it is the same address.
    const ids = [...world.studio.tasks.keys()].slice(0, ANSWERED);
    for (const [i, id] of ids.entries()) await world.studio.annotate(id, [answerOf(TEXTS[i]!.label)]);
    expect(world.studio.webhooksLost).toBe(0);
    await eventsSettled(world, 1);
  });
});

describe("Label Studio's calls", () => {
  /** What is sent and what comes, by the first column of the page's table. */
  const GIVEN: Readonly<Record<string, readonly [body: unknown, status: number, reply: object]>> = {
    'GET /health': [undefined, 200, { status: 'UP', model_class: 'Headstart' }],
    'GET /': [undefined, 200, { status: 'UP', model_class: 'Headstart' }],
    'POST /setup': [{ project: '5.1', schema: TEXT_CONFIG }, 200, { model_version: expect.stringMatching(/^hs-/) }],
    'POST /predict': [
      { tasks: [TASK], project: '5.1' },
      200,
      { results: [{ result: expect.any(Array), score: expect.any(Number), model_version: expect.any(String) }] },
    ],
    'POST /webhook': [{ action: 'START_TRAINING', project: { id: 5 } }, 201, { job: expect.any(String) }],
    'POST /train': [{ annotations: [], project: '5.1' }, 201, { job: expect.any(String) }],
    'GET /versions': [undefined, 200, { versions: expect.any(Array) }],
    'POST /versions': [{ project: '5.1' }, 200, { versions: expect.any(Array) }],
    'POST /validate': [{ config: TEXT_CONFIG, project: '5.1' }, 200, {}],
    'POST /job_status': [{ job: 'none', project: '5.1' }, 410, {}],
    'POST /delete': [{ project: '5.1' }, 200, {}],
    'POST /duplicate_model': [{ project: '5.1' }, 200, {}],
    'GET /metrics': [undefined, 200, {}],
  };
  const table = PAGE.slice(PAGE.indexOf('## The calls'), PAGE.indexOf('Interactive:'));
  const rows = [...table.matchAll(/`((?:GET|POST) \/\w*)`( \*)?/g)].map(
    ([, name, star]) => [name!, Boolean(star)] as const,
  );

  it('are all tried here', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(GIVEN));
  });

  it.each(rows)('%s, at the root too: %s', async (name, atRoot) => {
    const [method, path] = name.split(' ') as [string, string];
    const [body, status, reply] = GIVEN[name]!;
    expect(await send(method, backend + path, body)).toMatchObject({ status, body: reply });
    if (!atRoot) return;
    const root = (authorization: string) => send(method, world.running.url + path, body, { authorization });
    expect(await root(`Token ${token}`)).toMatchObject({ status, body: reply });
    expect(await root(`Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`)).toMatchObject({ status });
  });
});

describe('our calls', () => {
  /** In an order in which a reader could make them: what is sent where the page does not say, and the status. */
  const CALLS: readonly (readonly [call: string, given: unknown, status: number])[] = [
    ['POST /api/tokens', { name: 'script', role: 'owner' }, 201],
    ['POST /api/tasks', { project: 1, data: { text: 'made here' } }, 201],
    ['POST /api/studio/1/sync', {}, 200],
    ['GET /api/studio/1/doctor', undefined, 200],
    [
      'PATCH /api/studio/1',
      { settings: { deadline_ms: 30_000, follow: true, scores: 'order', order_field: 'place' } },
      200,
    ],
    ['POST /api/projects/1/studio', {}, 201],
    ['POST /api/studio/1/renew', undefined, 200],
    ['POST /api/projects/1/trainer', { url: 'https://trainer.example.com/go', every: 100 }, 201],
    // Nothing is sent along: the right place, which says what it lacks.
    ['POST /api/library', undefined, 422],
    ['POST /api/library/pull', {}, 422],
    ['POST /api/projects/1/models/bind', {}, 422],
  ];

  it('are all tried here', () => {
    expect(new Set(NAMED.map(([, method, path]) => `${method} ${path}`))).toEqual(new Set(CALLS.map(([one]) => one)));
  });

  it.each(CALLS)('%s', async (name, given, status) => {
    const [method, path] = name.split(' ') as [string, string];
    const reply = await call(method, path, given);
    expect(reply, JSON.stringify(reply.body)).toMatchObject({ status });
    if (name.endsWith('/renew')) backend = String(reply.body.backend_url);
    await settle(world.client, 1);
  });

  it('have brought all tasks and sent predictions for all', async () => {
    const { total_annotations_number, task_number } = await world.client.call('projectGet', {
      params: { project_id: 1 },
    });
    // One more was made here.
    expect({ total_annotations_number, task_number }).toEqual({
      total_annotations_number: ANSWERED,
      task_number: TEXTS.length + 1,
    });
    for (const { id, predictions } of world.studio.tasks.values())
      expect([id, predictions.length > 0]).toEqual([id, true]);
  });

  it.each(['"pull"', '"push"', '"both"'])('a sync takes "direction": %s', async (direction) => {
    expect(PAGE).toContain(`"direction": ${direction}`);
    const reply = await call('POST', '/api/studio/1/sync', {
      direction: JSON.parse(direction) as string,
      dry_run: true,
    });
    expect(reply.status).toBe(200);
    await settle(world.client, 1);
  });
});

describe('commands', () => {
  const COMMANDS = [...new Set([...PAGE.matchAll(/`headstart ((?:studio|trainer) [^`]+)`/g)].map(([, line]) => line!))];

  it('are all there', () => {
    expect(COMMANDS.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'studio sync',
      'studio doctor',
      'trainer set',
    ]);
  });

  it.each(COMMANDS)('headstart %s', async (line) => {
    const { stderr, stdout } = await runCommand([...line.split(' '), '--json'], world.folder);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout.split('\n')[0]!)).toBeTypeOf('object');
  });
});

describe('what the page spells out', () => {
  it('is taken as a body', async () => {
    const spelled = NAMED.filter(([, , , body]) => body !== undefined && !body.includes('...'));
    expect(spelled.map(([, method, path]) => `${method} ${path}`)).toEqual([
      'PATCH /api/studio/1',
      'POST /api/projects/1/trainer',
    ]);
    await send('POST', `${backend}/setup`, {
      ...{ project: '5.1', hostname: 'https://elsewhere.example.com', access_token: 'new', schema: TEXT_CONFIG },
    });
    for (const [, method, path, body] of spelled) {
      const { status } = await call(method!, path!, JSON.parse(body!));
      expect([path, status < 300]).toEqual([path, true]);
    }
    const { body } = await call('GET', '/api/studio/1');
    expect(body).toMatchObject({ url: 'https://elsewhere.example.com' });
  });
});

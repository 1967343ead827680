/** Interactive suggestions, media through Label Studio, and training elsewhere. */
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { PERSONAL_TOKEN, STUDIO_TOKEN } from './stand-in.ts';
import { connectProject, eventsSettled, type StudioWorld, studioWorld, until } from './world.ts';

const worlds: StudioWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function open(labelConfig?: string) {
  const world = await studioWorld(labelConfig === undefined ? {} : { labelConfig });
  worlds.push(world);
  return world;
}

const SPANS = `<View><Text name="text" value="$text"/>
  <Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels></View>`;

describe('interactive pre-annotation of texts', () => {
  const span = (text: string, words: string, label: string, from = 0) => {
    const start = text.indexOf(words, from);
    const value = { start, end: start + words.length, text: words, labels: [label] };
    return { id: `s${start}`, from_name: 'ner', to_name: 'text', type: 'labels', value };
  };
  const found = (reply: Record<string, unknown>) =>
    (reply.result as { value: { start: number; text: string; labels: string[] } }[]).map(({ value }) => [
      value.start,
      value.text,
      value.labels[0],
    ]);

  async function spans() {
    const world = await open(SPANS);
    const connected = await connectProject(world, { studio_project: 5 });
    await world.studio.connect(connected.backend);
    await until('the label config', async () => {
      const { label_config } = await world.client.call('projectGet', { params: { project_id: connected.projectId } });
      return label_config === SPANS;
    });
    return { world, connected };
  }

  it('brings the same words elsewhere, and words that got a label before', async () => {
    const { world, connected } = await spans();
    const other = 'Grace lives in Oslo.';
    await world.studio.annotate(world.studio.add({ text: other }).id, [span(other, 'Oslo', 'LOC')]);
    await eventsSettled(world, connected.connectionId);
    const text = '😀 Ada met ada in Oslo. Adamant!';
    const task = world.studio.add({ text });
    const reply = await world.studio.interactive(task.id, { result: [span(text, 'Ada', 'PER')], user_id: 1 });
    expect(found(reply)).toEqual([
      [text.indexOf('ada'), 'ada', 'PER'],
      [text.indexOf('Oslo'), 'Oslo', 'LOC'],
    ]);
    expect(reply.score).toBeGreaterThan(0);
  });

  it('says nothing for what it cannot follow, and leaves out what is labeled', async () => {
    const { world } = await spans();
    const text = 'Ada and Ada';
    const task = world.studio.add({ text });
    const both = [span(text, 'Ada', 'PER', 4), span(text, 'Ada', 'PER')];
    expect((await world.studio.interactive(task.id, { result: both })).result).toEqual([]);
    const point = {
      from_name: 'tag',
      to_name: 'image',
      type: 'keypointlabels',
      value: { x: 1, y: 2, keypointlabels: ['A'] },
    };
    for (const result of [[], [point], ['x']]) {
      expect(await world.studio.interactive(task.id, { result })).toMatchObject({ result: [], score: 0 });
    }
  });
});

describe('media that Label Studio keeps', () => {
  const IMAGES = `<View><Image name="image" value="$image"/>
    <Choices name="kind" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>`;
  const PIXEL = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );

  /** Connected to nothing. */
  async function projectShowing({ client }: StudioWorld, image: string): Promise<number> {
    const { id } = await client.call('projectCreate', { body: { title: 'Pictures', label_config: IMAGES } });
    const line = Readable.from([Buffer.from(JSON.stringify({ image }))]);
    await client.upload('projectImport', { params: { project_id: id }, query: { name: 'one.jsonl' } }, line);
    return id;
  }

  const CLOUD = Buffer.from('s3://bucket/pic.png').toString('base64');

  it.each([
    ['an upload', '/data/upload/5/pic.png', 'upload/5/pic.png'],
    ['an upload below a sub-path', '/label-studio/data/upload/5/pic.png', 'upload/5/pic.png'],
    ['a local file', '/data/local-files/?d=set/pic.png', 'set/pic.png'],
    ['a file in a cloud', 's3://bucket/pic.png', 's3://bucket/pic.png'],
    ['a file in a cloud, by an address of its own', `/tasks/1/resolve/?fileuri=${CLOUD}`, 's3://bucket/pic.png'],
    ['an upload by its whole address', 'LS/data/upload/5/pic.png', 'upload/5/pic.png'],
    ['a local file by its whole address', 'LS/data/local-files/?d=set/pic.png', 'set/pic.png'],
    ['a file in a cloud by its whole address', `LS/tasks/1/presign/?fileuri=${CLOUD}`, 's3://bucket/pic.png'],
  ])('is read through it: %s', async (_what, reference, file) => {
    const world = await open(IMAGES);
    world.studio.files.set(file, PIXEL);
    world.studio.add({ image: reference.replace(/^LS/, world.studio.url) });
    const made = await world.client.call('studioConnect', {
      body: { url: world.studio.url, token: STUDIO_TOKEN, studio_project: 5 },
    });
    const params = { connection_id: made.id };
    await world.client.call('connectionSync', { params, body: { predictions: false } });
    await settle(world.client, made.project);
    const { tasks } = await world.client.call('taskList', { query: { project: made.project } });
    const headers = { authorization: `Token ${world.running.secret}` };
    const reply = await fetch(`${world.running.url}/api/tasks/${tasks[0]!.id}/media`, { headers });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'image/png']);
    const media = (await world.client.call('connectionDoctor', { params })).find((one) => one.part === 'media');
    expect(media?.ok).toBe(true);
  });

  it.each([
    ['below its address', ''],
    ['by whole addresses', 'LS'],
  ])('is no way to other addresses that the token opens, %s', async (_what, base) => {
    const world = await open(IMAGES);
    world.studio.files.set('api/secret', PIXEL);
    for (const up of ['../../..', '%2e%2e/.%2E/..', '..\\..\\..', '.\t./../..']) {
      world.studio.add({ image: `${base && world.studio.url}/data/upload/5/${up}/api/secret` });
    }
    const made = await world.client.call('studioConnect', {
      body: { url: world.studio.url, token: STUDIO_TOKEN, studio_project: 5 },
    });
    await world.client.call('connectionSync', { params: { connection_id: made.id }, body: { predictions: false } });
    await settle(world.client, made.project);
    const { tasks } = await world.client.call('taskList', { query: { project: made.project } });
    const headers = { authorization: `Token ${world.running.secret}` };
    const replies = await Promise.all(
      tasks.map(({ id }) => fetch(`${world.running.url}/api/tasks/${id}/media`, { headers })),
    );
    expect(replies.map((reply) => reply.ok)).toEqual([false, false, false, false]);
    // An address that anybody may write down is asked for without the token.
    if (base === '') expect(world.studio.requests).not.toContain('GET /api/secret');
  });

  it('is for projects that are connected with a token, and for no other', async () => {
    const world = await open(IMAGES);
    world.studio.files.set('set/pic.png', PIXEL);
    const image = `${world.studio.url}/data/local-files/?d=set/pic.png`;
    world.studio.add({ image });
    const made = await world.client.call('studioConnect', {
      body: { url: world.studio.url, token: STUDIO_TOKEN, studio_project: 5 },
    });
    await world.client.call('connectionSync', { params: { connection_id: made.id }, body: { predictions: false } });
    await settle(world.client, made.project);
    const other = await projectShowing(world, image);
    const headers = { authorization: `Token ${world.running.secret}` };
    const mediaOf = async (project: number): Promise<Buffer | null> => {
      const { tasks } = await world.client.call('taskList', { query: { project } });
      const reply = await fetch(`${world.running.url}/api/tasks/${tasks[0]!.id}/media`, { headers });
      return reply.ok ? Buffer.from(await reply.arrayBuffer()) : null;
    };
    expect(await mediaOf(made.project)).toEqual(PIXEL);
    expect(await mediaOf(other)).toBeNull();
  });

  it('is asked for anew once there is a token, whatever was fetched without', async () => {
    const world = await open(IMAGES);
    world.studio.files.set('set/pic.png', PIXEL);
    world.studio.loginPage = Buffer.from('<html>Log in</html>');
    const image = `${world.studio.url}/data/local-files/?d=set/pic.png`;
    const projectId = await projectShowing(world, image);
    const made = await world.client.call('connectionCreate', {
      params: { project_id: projectId },
      body: { url: world.studio.url },
    });
    const headers = { authorization: `Token ${world.running.secret}` };
    const typeNow = async (): Promise<string | null> => {
      const { tasks } = await world.client.call('taskList', { query: { project: projectId } });
      const reply = await fetch(`${world.running.url}/api/tasks/${tasks[0]!.id}/media`, { headers });
      return reply.headers.get('content-type');
    };
    expect(await typeNow()).toContain('text/plain');
    const params = { connection_id: made.id };
    await world.client.call('connectionUpdate', { params, body: { token: STUDIO_TOKEN } });
    expect(await typeNow()).toBe('image/png');
    await world.client.call('connectionUpdate', { params, body: { token: null } });
    expect(await typeNow()).toContain('text/plain');
  });

  it('that one token opened is not shown under another that may not see it', async () => {
    const world = await open(IMAGES);
    world.studio.files.set('set/pic.png', PIXEL);
    const projectId = await projectShowing(world, `${world.studio.url}/data/local-files/?d=set/pic.png`);
    const made = await world.client.call('connectionCreate', {
      params: { project_id: projectId },
      body: { url: world.studio.url, token: STUDIO_TOKEN },
    });
    const { tasks } = await world.client.call('taskList', { query: { project: projectId } });
    const headers = { authorization: `Token ${world.running.secret}` };
    const isShown = async (token: string): Promise<boolean> => {
      await world.client.call('connectionUpdate', { params: { connection_id: made.id }, body: { token } });
      return (await fetch(`${world.running.url}/api/tasks/${tasks[0]!.id}/media`, { headers })).ok;
    };
    expect([await isShown(STUDIO_TOKEN), await isShown('of-a-stranger'), await isShown(STUDIO_TOKEN)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('is read with one access for many files', async () => {
    const world = await open(IMAGES);
    for (let i = 0; i < 5; i++) {
      world.studio.files.set(`upload/5/${i}.png`, PIXEL);
      world.studio.add({ image: `/data/upload/5/${i}.png` });
    }
    const made = await world.client.call('studioConnect', {
      body: { url: world.studio.url, token: PERSONAL_TOKEN, studio_project: 5 },
    });
    await world.client.call('connectionSync', { params: { connection_id: made.id }, body: { predictions: false } });
    await settle(world.client, made.project);
    const { tasks } = await world.client.call('taskList', { query: { project: made.project } });
    const headers = { authorization: `Token ${world.running.secret}` };
    for (const { id } of tasks) {
      expect((await fetch(`${world.running.url}/api/tasks/${id}/media`, { headers })).status).toBe(200);
    }
    // To make the project, to sync, and for all media.
    expect(world.studio.refreshed).toBeLessThanOrEqual(3);
  });

  it('that is gone is named with the step that failed', async () => {
    const world = await open(IMAGES);
    world.studio.add({ image: '/data/upload/5/gone.png' });
    const made = await world.client.call('studioConnect', {
      body: { url: world.studio.url, token: STUDIO_TOKEN, studio_project: 5 },
    });
    const params = { connection_id: made.id };
    await world.client.call('connectionSync', { params, body: { predictions: false } });
    await settle(world.client, made.project);
    const media = (await world.client.call('connectionDoctor', { params })).find((one) => one.part === 'media');
    expect(media).toMatchObject({ ok: false });
    expect(media?.sentence).toMatch(/"image" of task \d+ cannot be read: asking Label Studio for the upload: .*404/);
  });
});

describe('training elsewhere', () => {
  let trainer: Server;
  afterAll(() => trainer?.close());

  it('is told after so many answers, signed, once each, also when it was away', async () => {
    const calls: { headers: Record<string, unknown>; body: string }[] = [];
    let refuse = 1;
    trainer = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (refuse-- > 0) return void response.writeHead(503).end();
      calls.push({ headers: request.headers, body });
      response.end('{}');
    });
    await new Promise<void>((done) => trainer.listen(0, '127.0.0.1', done));
    const { port } = trainer.address() as AddressInfo;
    const { folder, remove } = temporaryFolder();
    const flags = { data: folder, port: '0', hosts: '1', log: 'silent', allowAddress: `127.0.0.1:${port}` };
    const running = await startServer(readConfig(flags, {}));
    try {
      const client = createClient(running.url, running.secret);
      const projectId = await createTextProject(client, { retrain_every: 1_000 });
      const texts = makeTexts(12);
      await importTexts(client, projectId, texts);
      const params = { project_id: projectId };
      const body = { url: `http://127.0.0.1:${port}/train`, every: 5 };
      const { secret } = await client.call('trainerSet', { params, body });
      const { tasks } = await client.call('taskList', { query: { project: projectId } });
      for (const [i, task] of tasks.entries()) {
        await client.call('annotationCreate', {
          params: { task_id: task.id },
          body: { result: [answerOf(texts[i]!.label)] },
        });
        if (i === 4 || i === 9) await until('the call', () => calls.length === Math.floor((i + 1) / 5));
      }
      await settle(client, projectId);
      expect(calls).toHaveLength(2);
      for (const { headers, body: sent } of calls) {
        const timestamp = String(headers['x-headstart-timestamp']);
        const signature = createHmac('sha256', secret).update(`${timestamp}.${sent}`).digest('hex');
        expect(headers['x-headstart-signature']).toBe(`sha256=${signature}`);
        expect(JSON.parse(sent)).toMatchObject({
          action: 'HEADSTART_TRAIN',
          project: projectId,
          counts: 'annotations',
        });
      }
      expect((await client.call('trainerGet', { params })).trainer).not.toHaveProperty('secret');
    } finally {
      await running.close();
      remove();
    }
  }, 60_000);
});

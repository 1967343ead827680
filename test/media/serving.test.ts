/** Files up, tasks out of them, and their bytes back: through the real server. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIO_CONFIG, IMAGE_CONFIG, type MediaServer, startMediaServer } from '../helpers/media-project.ts';
import { png, wav } from './samples.ts';
import { openWorld, type World } from './web-server.ts';

interface Uploaded {
  readonly uploads: { url: string; name: string; type: string; size: number; width: number | null }[];
  readonly task_count: number;
  readonly run: number | null;
}
interface TaskWire {
  readonly id: number;
  readonly data: Record<string, string>;
  readonly meta: Record<string, unknown>;
}

let server: MediaServer;
/** Stands for a store of pictures inside the operator's network. */
let world: World;
beforeAll(async () => {
  world = await openWorld((_request, reply) => void reply.end(png(12, 9)));
  server = await startMediaServer({ allowAddress: `10.0.0.5:9000, 127.0.0.1:${world.port}` });
});
afterAll(async () => {
  await server.remove();
  await world.close();
});

const tasksOf = (project: number) => server.json<TaskWire[]>(`/api/projects/${project}/tasks`);
const filesOf = (project: number) => {
  const folder = join(server.folder, 'media/uploads', String(project));
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe('uploads as tasks', () => {
  it('become one task per file, in the field that shows their kind', async () => {
    const project = await server.project(IMAGE_CONFIG);
    const reply = await server.uploadForm(project, [
      ['cat.png', png(30, 20)],
      ['größer als.png', png(40, 20)],
    ]);
    expect(reply.status).toBe(201);
    const { uploads, task_count, run } = (await reply.json()) as Uploaded;
    expect(uploads).toMatchObject([
      { name: 'cat.png', type: 'image/png', width: 30 },
      { name: 'größer als.png', width: 40 },
    ]);
    expect({ task_count, run: run !== null }).toEqual({ task_count: 2, run: true });
    const tasks = await tasksOf(project);
    expect(tasks.map((task) => task.data.image)).toEqual(uploads.map((one) => one.url));
    expect(tasks[0]!.meta).toMatchObject({ file: 'cat.png', width: 30, height: 20 });
    for (const task of tasks) expect((await server.send(`/api/tasks/${task.id}/media`)).status).toBe(200);
  });

  it('go all together or not at all', async () => {
    const project = await server.project(IMAGE_CONFIG);
    for (const bad of [
      ['sound.wav', wav(), 'MEDIA_BAD_FILE'],
      ['page.png', '<script>alert(1)</script>', 'MEDIA_BAD_FILE'],
      ['large.png', png(16_000, 16_000), 'LIMIT_SIZE'],
      ['empty.png', '', 'INPUT_EMPTY'],
    ] as const) {
      const reply = await server.uploadForm(project, [
        ['good.png', png(3, 3)],
        [bad[0], bad[1]],
      ]);
      expect(await reply.json(), bad[0]).toMatchObject({ code: bad[2] });
      expect(await tasksOf(project)).toEqual([]);
      expect(filesOf(project)).toEqual([]);
    }
  });

  it('leave nothing when the config wants more than a file can give', async () => {
    const config = IMAGE_CONFIG.replace('<View>', '<View><Text name="text" value="$caption"/>');
    const project = await server.project(config);
    const reply = await server.uploadForm(project, [['a.png', png(1, 1)]]);
    expect(await reply.json()).toMatchObject({ code: 'INPUT_MISSING_FIELD' });
    expect(filesOf(project)).toEqual([]);
  });

  it('leave nothing when the form breaks off', async () => {
    const project = await server.project(IMAGE_CONFIG);
    const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), png(3, 3), Buffer.from(`\r\n${head}half`)]);
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const path = `/api/projects/${project}/uploads?as_tasks=true`;
    expect((await server.send(path, { method: 'POST', body, headers })).status).toBe(422);
    expect(filesOf(project)).toEqual([]);
  });

  it('can be undone as a run', async () => {
    const project = await server.project(IMAGE_CONFIG);
    const { run } = (await (await server.uploadForm(project, [['a.png', png(3, 3)]])).json()) as Uploaded;
    expect((await server.send(`/api/runs/${run}/undo`, { method: 'POST' })).status).toBe(200);
    expect(await tasksOf(project)).toEqual([]);
  });
});

describe('one upload without a task', () => {
  it('takes a plain body', async () => {
    const project = await server.project(AUDIO_CONFIG);
    const path = `/api/projects/${project}/uploads?name=hello.wav`;
    const reply = await server.json<Uploaded>(path, { method: 'POST', body: wav() });
    expect(reply).toMatchObject({ task_count: 0, run: null, uploads: [{ name: 'hello.wav', seconds: 1 }] });
    const file = await server.send(reply.uploads[0]!.url);
    expect(Buffer.from(await file.arrayBuffer())).toEqual(wav());
    expect(file.headers.get('content-type')).toBe('audio/wav');
    expect(file.headers.get('cache-control')).toContain('immutable');
  });
});

describe('reading', () => {
  let url: string;
  let task: TaskWire;
  const bytes = wav({ samples: 500 });

  beforeAll(async () => {
    const project = await server.project(AUDIO_CONFIG);
    await server.uploadForm(project, [['a.wav', bytes]]);
    task = (await tasksOf(project))[0]!;
    url = `/api/tasks/${task.id}/media?field=audio`;
  });

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=100-', 100, undefined],
    ['bytes=-44', -44, undefined],
    ['bytes=1000-999999', 1000, undefined],
  ])('takes ranges: %s', async (range, from, to) => {
    const reply = await server.send(url, { headers: { range } });
    expect(reply.status).toBe(206);
    const part = Buffer.from(await reply.arrayBuffer());
    expect(part).toEqual(bytes.subarray(from, to));
    const start = from < 0 ? bytes.length + from : from;
    expect(reply.headers.get('content-range')).toBe(`bytes ${start}-${start + part.length - 1}/${bytes.length}`);
  });

  it.each(['bytes=0-1,5-9', 'bytes=9-1', 'lines=1-2', 'bytes=-', 'bytes=a-b'])(
    'gives the whole file for a range that it does not know: %s',
    async (range) => {
      const reply = await server.send(url, { headers: { range } });
      expect({ status: reply.status, size: (await reply.arrayBuffer()).byteLength }).toEqual({
        status: 200,
        size: bytes.length,
      });
    },
  );

  it.each(['bytes=999999-', 'bytes=-0'])('refuses a range that is not there: %s', async (range) => {
    const reply = await server.send(url, { headers: { range } });
    expect({ status: reply.status, range: reply.headers.get('content-range') }).toEqual({
      status: 416,
      range: `bytes */${bytes.length}`,
    });
  });

  it('is not repeated for whoever has it, and starts anew when it has changed', async () => {
    const tag = (await server.send(url)).headers.get('etag')!;
    expect((await server.send(url, { headers: { 'if-none-match': tag } })).status).toBe(304);
    const headers = { range: 'bytes=0-1', 'if-range': '"older"' };
    expect((await server.send(url, { headers })).status).toBe(200);
  });

  it('a client that leaves early does no harm', async () => {
    const abort = new AbortController();
    const reply = await server.send(url, { signal: abort.signal });
    abort.abort();
    await reply.arrayBuffer().catch(() => undefined);
    expect((await server.send(url)).status).toBe(200);
  });
});

describe('pages of a document', () => {
  it('lie at addresses that the operator allowed, in a list, one or more to a task', async () => {
    const project = await server.project(IMAGE_CONFIG.replace('value="$image"', 'valueList="$pages"'));
    const pages = [`${world.url}/1.png`, `data:image/png;base64,${png(7, 5).toString('base64')}`];
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify([{ data: { pages } }]);
    expect((await server.send(`/api/projects/${project}/import`, { method: 'POST', body, headers })).status).toBe(201);
    const [task] = await tasksOf(project);
    const page = async (query: string) => {
      const reply = await server.send(`/api/tasks/${task!.id}/media${query}`);
      return reply.status === 200 ? Buffer.from(await reply.arrayBuffer()) : reply.status;
    };
    expect(await page('')).toEqual(png(12, 9));
    expect(await page('?field=pages&index=1')).toEqual(png(7, 5));
    expect(await page('?index=2')).toBe(404);
    await page('');
    expect(world.seen).toEqual(['GET /1.png']);

    const uploaded = (await (await server.uploadForm(project, [['a.png', png(3, 3)]])).json()) as Uploaded;
    expect((await tasksOf(project)).at(-1)!.data.pages).toEqual([uploaded.uploads[0]!.url]);
  });
});

describe('projects', () => {
  it('take their uploads along when they are copied, and leave none when they are deleted', async () => {
    const project = await server.project(IMAGE_CONFIG);
    await server.uploadForm(project, [['a.png', png(3, 3)]]);
    const init = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    const copy = await server.json<{ id: number }>(`/api/projects/${project}/duplicate`, init);
    expect((await server.send(`/api/projects/${project}`, { method: 'DELETE' })).status).toBe(204);
    expect(filesOf(project)).toEqual([]);
    const [task] = await tasksOf(copy.id);
    expect((await server.send(`/api/tasks/${task!.id}/media`)).status).toBe(200);
  });
});

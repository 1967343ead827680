/** Media over HTTP: nothing of a foreign project, nothing that a browser would run, no way out of the folders. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IMAGE_CONFIG, type MediaServer, startMediaServer } from '../helpers/media-project.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { HTML, png, SVG } from '../media/samples.ts';

const SECRET = 'outside the folder';
const local = temporaryFolder();
let server: MediaServer;
let project: number;
/** Names of uploads in `project`. */
let picture: string;

async function upload(projectId: number, name: string, bytes: Uint8Array | string): Promise<string> {
  const path = `/api/projects/${projectId}/uploads?name=${encodeURIComponent(name)}`;
  const reply = await server.json<{ uploads: { url: string }[] }>(path, { method: 'POST', body: bytes as string });
  return reply.uploads[0]!.url;
}

async function addTask(projectId: number, data: object): Promise<number> {
  const init = { method: 'POST', body: JSON.stringify([{ data }]), headers: { 'content-type': 'application/json' } };
  expect((await server.send(`/api/projects/${projectId}/import`, init)).status).toBe(201);
  const tasks = await server.json<{ id: number }[]>(`/api/projects/${projectId}/tasks?page_size=1000`);
  return Math.max(...tasks.map((task) => task.id));
}

beforeAll(async () => {
  mkdirSync(join(local.folder, 'shown'));
  writeFileSync(join(local.folder, 'shown', 'a.svg'), SVG);
  writeFileSync(join(local.folder, 'secret.txt'), SECRET);
  server = await startMediaServer({ localFiles: join(local.folder, 'shown') });
  project = await server.project(IMAGE_CONFIG);
  picture = await upload(project, 'cat.png', png(3, 3));
  writeFileSync(join(server.folder, 'media', 'secret.txt'), SECRET);
});
afterAll(async () => {
  await server.remove();
  local.remove();
});

const tokenFor = async (projectId: number): Promise<string> =>
  (await server.app.people.invite({ name: `anna ${projectId}`, role: 'annotator', projectId })).secret;

describe("a foreign project's media", () => {
  it('are not there: neither its tasks, nor its uploads, nor by naming them in a task of the own project', async () => {
    const own = await server.project(IMAGE_CONFIG);
    const token = await tokenFor(own);
    const foreignTask = await addTask(project, { image: picture });
    const missing = await server.send('/api/tasks/99999/media', { token });
    for (const path of [`/api/tasks/${foreignTask}/media`, picture]) {
      const reply = await server.send(path, { token });
      expect({ path, status: reply.status }).toEqual({ path, status: 404 });
    }
    const mine = await addTask(own, { image: picture });
    expect((await server.send(`/api/tasks/${mine}/media`, { token })).status).toBe(404);
    expect((await server.send(picture.replace(`/${project}/`, `/${own}/`), { token })).status).toBe(404);
    expect(missing.status).toBe(404);
  });

  it('need a token that is known', async () => {
    const reply = await server.send(picture, { token: 'guess' });
    expect(reply.status).toBe(401);
  });
});

describe('a field that the label config does not show', () => {
  it('is nobody to fetch', async () => {
    const task = await addTask(project, { image: picture, note: 'http://127.0.0.1/', other: picture });
    for (const field of ['note', 'other', 'image.x', '__proto__', 'constructor', '']) {
      const reply = await server.send(`/api/tasks/${task}/media?field=${field}`);
      expect({ field, status: reply.status }).toEqual({ field, status: 404 });
    }
    expect((await server.send(`/api/tasks/${task}/media?index=1`)).status).toBe(404);
  });
});

describe('markup', () => {
  it.each([
    ['SVG', 'x.svg', SVG],
    ['SVG behind a declaration', 'x.svg', `<?xml version="1.0"?>\n<!-- -->${SVG}`],
    ['HTML', 'x.html', HTML],
    ['HTML that is called a picture', 'x.png', HTML],
    ['HTML behind text', 'x.txt', `hello ${HTML}`],
    ['a script', 'x.js', 'alert(1)'],
    ['XML with a style sheet', 'x.xml', '<?xml-stylesheet href="x.xsl"?><a/>'],
    ['bytes of no kind', 'x.html', Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(HTML)])],
    ['a picture with markup behind it', 'x.html', Buffer.concat([png(2, 2), Buffer.from(HTML)])],
  ])('is never served as such: %s', async (_what, name, bytes) => {
    const url = await upload(project, name, bytes);
    const task = await addTask(project, { image: url });
    for (const path of [url, `/api/tasks/${task}/media`]) expectHarmless(await server.send(path));
  });

  it('is never served as such from local files and from data', async () => {
    const inline = `data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`;
    for (const image of ['/data/local-files?d=a.svg', inline]) {
      const reply = await server.send(`/api/tasks/${await addTask(project, { image })}/media`);
      expect(reply.status).toBe(200);
      expectHarmless(reply);
      expect(reply.headers.get('content-disposition')).toMatch(/^attachment/);
    }
  });
});

function expectHarmless(reply: Response): void {
  expect(reply.headers.get('content-type')).toMatch(
    /^(text\/plain; charset=utf-8|application\/octet-stream|image\/(png|jpeg|gif|webp))$/,
  );
  expect(reply.headers.get('content-disposition')).toMatch(/^(attachment|inline); filename="[\w.-]+"/);
  expect(reply.headers.get('content-disposition')).not.toMatch(/html|svg|\.js|xml/);
  expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
  expect(reply.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
  expect(reply.headers.get('cross-origin-resource-policy')).toBe('same-origin');
}

describe('the address of an upload', () => {
  const paths = (p: number) => [
    `/data/upload/${p}/../../secret.txt`,
    `/data/upload/${p}/..%2f..%2fsecret.txt`,
    `/data/upload/${p}/%2e%2e/%2e%2e/secret.txt`,
    `/data/upload/${p}/%252e%252e%252f%252e%252e%252fsecret.txt`,
    `/data/upload/${p}/..%5c..%5csecret.txt`,
    `/data/upload/${p}//etc/passwd`,
    `/data/upload/${p}/%2fetc%2fpasswd`,
    `/data/upload/${p}/a%00.png`,
    `/data/upload/${p}/${'a'.repeat(32)}/../../../secret.txt`,
    `/data/upload/${p}/`,
    '/data/upload/../secret.txt',
    '/data/upload/%2e%2e/secret.txt',
    '/data/uploads/',
    '/data/local-files?d=../secret.txt',
    '/data/local-files?d=a.svg',
    '/data/',
  ];

  it('does not lead out of the uploads, however it is spelled, nor to local files, nor to the page', async () => {
    for (const path of paths(project)) {
      const reply = await raw(path);
      expect(reply, path).toMatch(/^HTTP\/1\.1 4(00|04|14|22) /);
      expect(reply, path).not.toContain(SECRET);
      expect(reply, path).not.toContain('<!doctype html>');
    }
  });
});

describe('paths in tasks', () => {
  it.each(['../../etc/passwd', '/etc/passwd', 'file:///etc/passwd', '/data/upload/1/../../../secret.txt'])(
    'answer with an error, never with a file: %s',
    async (image) => {
      const reply = await server.send(`/api/tasks/${await addTask(project, { image })}/media`);
      expect([404, 422]).toContain(reply.status);
      expect(await reply.text()).not.toMatch(/root:|outside/);
    },
  );

  it.each(['http://127.0.0.1/', 'http://169.254.169.254/latest/meta-data/', 'http://localhost/', 'http://[::1]/'])(
    'and addresses inside are refused: %s',
    async (image) => {
      const reply = await server.json<{ code: string }>(`/api/tasks/${await addTask(project, { image })}/media`);
      expect(reply.code).toBe('MEDIA_FORBIDDEN');
    },
  );
});

describe('a form that breaks off', () => {
  const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n';

  it.each(['import', 'uploads', 'uploads?as_tasks=true'])(
    'is an error of the sender, not the end of the server: %s',
    async (route) => {
      for (const body of [`${head}image\nx`, `${head}image\nx\r\n${head}half`, head, '--x', '--x\r\n\r\n']) {
        const headers = { 'content-type': 'multipart/form-data; boundary=x' };
        const reply = await server.send(`/api/projects/${project}/${route}`, { method: 'POST', body, headers });
        expect({ body, status: reply.status }).toEqual({ body, status: route === 'import' ? 400 : 422 });
      }
      expect((await server.send('/health')).status).toBe(200);
    },
  );
});

/** A request line as given: `fetch` would tidy the path first. */
function raw(path: string): Promise<string> {
  const { port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const head = [`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Token ${server.secret}`];
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`),
    );
    let reply = '';
    socket.on('data', (chunk) => {
      reply += chunk.toString();
    });
    socket.on('close', () => resolve(reply));
    socket.on('error', reject);
  });
}

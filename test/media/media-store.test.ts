/** The media of one machine: every form of reference, kept, cached and served from where it lies. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import type { MediaStore } from '../../src/media/media.ts';
import { createMediaStore } from '../../src/media/media-store.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { collect, HTML, png, SVG, stream, wav } from './samples.ts';
import { openWorld, type World } from './web-server.ts';

const data = temporaryFolder();
const local = join(data.folder, 'local');
let world: World;
let now = 1_700_000_000_000;
let ids = 0;
let waiting: (() => void)[] = [];

const openStore = (name: string, cacheBytesMax = 1_000_000): MediaStore =>
  createMediaStore({
    folder: join(data.folder, name),
    localFiles: local,
    fetch: createGuardedFetch({ allow: [`127.0.0.1:${world.port}`] }),
    clock: { now: () => now },
    newId: () => (++ids).toString(16).padStart(32, '0'),
    cacheBytesMax,
  });
let store: MediaStore;

beforeAll(async () => {
  mkdirSync(join(local, 'a'), { recursive: true });
  writeFileSync(join(local, 'a', 'cat 1.png'), png(3, 2));
  world = await openWorld((request, reply) => {
    const path = request.url ?? '/';
    if (path.startsWith('/wait')) waiting.push(() => reply.end(png(5, 5)));
    else if (path.startsWith('/lie')) reply.writeHead(200, { 'content-type': 'text/html' }).end(png(4, 4));
    else if (path.startsWith('/page')) reply.writeHead(200, { 'content-type': 'image/png' }).end(HTML);
    else if (path.startsWith('/bytes')) reply.end(Buffer.alloc(1000, path));
    else if (path.startsWith('/gzip')) reply.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    else reply.writeHead(503).end();
  });
  store = openStore('media');
});
afterAll(async () => {
  await world.close();
  data.remove();
});

const bytesOf = async (reference: string, project = 1) => collect((await store.open(reference, project)).read());

describe('uploads', () => {
  it('are kept under an id of ours and found by their reference', async () => {
    const upload = await store.put(1, { name: '../Katze Nr. 1.exe', body: stream(png(30, 20)) });
    expect(upload).toMatchObject({
      type: 'image/png',
      kind: 'image',
      inline: true,
      originalName: '../Katze Nr. 1.exe',
    });
    expect(upload.header).toMatchObject({ width: 30, height: 20 });
    expect(upload.reference).toMatch(/^\/data\/upload\/1\/[0-9a-f]{32}-Katze_Nr_1\.png$/);
    expect(await bytesOf(upload.reference)).toEqual(png(30, 20));
    expect(await bytesOf(upload.reference.slice(1))).toEqual(png(30, 20));
    expect(await bytesOf(upload.reference.replace('/data', ''))).toEqual(png(30, 20));
    expect(readdirSync(join(data.folder, 'media/uploads/1'))).toEqual([upload.reference.split('/')[4]!.slice(0, 32)]);
  });

  it('are read in parts', async () => {
    const { reference } = await store.put(1, { name: 'a.txt', body: stream('0123456789') });
    const media = await store.open(reference, 1);
    expect((await collect(media.read({ start: 2, end: 4 }))).toString()).toBe('234');
  });

  it('of another project are not there', async () => {
    const { reference } = await store.put(1, { name: 'a.png', body: stream(png(1, 1)) });
    await expect(store.open(reference, 2)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.open(reference.replace('/1/', '/2/'), 2)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('go along with a copy of their project, and stay when the first is removed', async () => {
    const { reference } = await store.put(7, { name: 'a.png', body: stream(png(2, 2)) });
    await store.copyUploads(7, 8);
    await store.removeProject(7);
    expect(await bytesOf(reference, 8)).toEqual(png(2, 2));
    await expect(store.open(reference, 7)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it.each([
    ['nothing', '', 'INPUT_EMPTY'],
    ['a picture of too many pixels', png(16_000, 16_000), 'LIMIT_SIZE'],
    ['a damaged picture', png(3, 3).subarray(0, 20), 'MEDIA_BAD_FILE'],
  ])('that are %s leave nothing behind', async (_what, bytes, code) => {
    await expect(store.put(3, { name: 'x', body: stream(bytes) })).rejects.toMatchObject({ code });
    expect(readdirSync(join(data.folder, 'media/uploads/3'))).toEqual([]);
  });

  it('that break off leave nothing behind', async () => {
    const broken = (async function* () {
      yield Buffer.from('half');
      throw new Error('gone');
    })();
    await expect(store.put(4, { name: 'x', body: broken })).rejects.toThrow('gone');
    expect(readdirSync(join(data.folder, 'media/uploads/4'))).toEqual([]);
  });
});

describe('local files', () => {
  it.each(['/data/local-files?d=a/cat%201.png', '/data/local-files/?d=a/cat+1.png', 'data/local-files/?d=a/cat 1.png'])(
    'are read by %s',
    async (reference) => {
      expect(await store.stat(reference, 1)).toMatchObject({
        type: 'image/png',
        name: 'cat_1.png',
        size: png(3, 2).length,
      });
    },
  );

  it('are off unless the operator names a folder', async () => {
    const off = createMediaStore({
      folder: join(data.folder, 'off'),
      localFiles: null,
      fetch: createGuardedFetch(),
      clock: { now: () => now },
      newId: () => '',
    });
    await expect(off.open('/data/local-files?d=a/cat%201.png', 1)).rejects.toMatchObject({
      code: 'MEDIA_FORBIDDEN',
      message: expect.stringContaining('--local-files'),
    });
  });

  it('may lie behind links that stay inside', async () => {
    symlinkSync(join(local, 'a'), join(local, 'b'));
    expect(await store.stat('/data/local-files?d=b/cat 1.png', 1)).toMatchObject({ kind: 'image' });
  });
});

describe('addresses', () => {
  it('are what their bytes are, whatever the server says', async () => {
    expect(await store.stat(`${world.url}/lie/a.html`, 1)).toMatchObject({ type: 'image/png', name: 'a.png' });
    expect(await store.stat(`${world.url}/page/a.png`, 1)).toMatchObject({
      type: 'text/plain; charset=utf-8',
      inline: false,
    });
  });

  it('are fetched once by all who want them at the same time, and then kept', async () => {
    const url = `${world.url}/wait/once.png`;
    const reading = [1, 2, 3, 4].map((project) => bytesOf(url, project));
    while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(1);
    waiting[0]!();
    waiting = [];
    for (const bytes of await Promise.all(reading)) expect(bytes).toEqual(png(5, 5));
    expect(await bytesOf(`${url}#part`)).toEqual(png(5, 5));
    expect(world.seen.filter((one) => one.includes('once'))).toHaveLength(1);
  });

  it('are fetched a few at a time', async () => {
    const reading = Array.from({ length: LIMITS.mediaFetchesMax + 4 }, (_, i) => bytesOf(`${world.url}/wait/many${i}`));
    while (waiting.length < LIMITS.mediaFetchesMax) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(LIMITS.mediaFetchesMax);
    const release = setInterval(() => {
      for (const one of waiting.splice(0)) one();
    }, 5);
    for (const bytes of await Promise.all(reading)) expect(bytes).toEqual(png(5, 5));
    clearInterval(release);
  });

  it('are fetched anew after a week', async () => {
    const url = `${world.url}/bytes/old`;
    await bytesOf(url);
    now += LIMITS.mediaCacheAgeMs + 1;
    await bytesOf(url);
    expect(world.seen.filter((one) => one.includes('old'))).toHaveLength(2);
  });

  it('leave the cache when it is full, the least recently used first, and survive a restart', async () => {
    let small = openStore('small', 3000);
    const read = async (name: string) => collect((await small.open(`${world.url}/bytes/${name}`, 1)).read());
    const fetched = () => world.seen.filter((one) => /\/s\d$/.test(one)).map((one) => one.slice(-2));
    for (const name of ['s1', 's2', 's3', 's1', 's4', 's1', 's2']) await read(name);
    expect(fetched()).toEqual(['s1', 's2', 's3', 's4', 's2']);
    expect(readdirSync(join(data.folder, 'small/cache'))).toHaveLength(3);
    writeFileSync(join(data.folder, 'small/cache', `${'0'.repeat(64)}.part`), 'half');
    now = Date.now();
    small = openStore('small', 3000);
    await read('s1');
    expect(fetched()).toHaveLength(5);
    expect(readdirSync(join(data.folder, 'small/cache'))).toHaveLength(3);
  });

  it.each([
    ['says no', '/error', /503/],
    ['compresses what it sends', '/gzip', /compressed/],
  ])('of a server that %s are an error that may pass', async (_what, path, message) => {
    await expect(store.open(world.url + path, 1)).rejects.toMatchObject({
      code: 'MEDIA_FETCH',
      retryable: true,
      message: expect.stringMatching(message),
    });
    expect(readdirSync(join(data.folder, 'media/cache')).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('data in tasks', () => {
  it('is read as it stands', async () => {
    const inline = `data:image/png;base64,${png(6, 5).toString('base64')}`;
    expect(await store.stat(inline, 1)).toMatchObject({ type: 'image/png', header: { width: 6, height: 5 } });
    expect((await bytesOf('data:text/plain,gr%C3%BC%C3%9Fe')).toString()).toBe('grüße');
    expect((await bytesOf('data:,')).toString()).toBe('');
  });

  it('is what its bytes are', async () => {
    const lie = `data:image/png;base64,${Buffer.from(SVG).toString('base64')}`;
    expect(await store.stat(lie, 1)).toMatchObject({ type: 'text/plain; charset=utf-8', inline: false });
  });

  it('is bounded', async () => {
    const large = `data:,${'x'.repeat(LIMITS.mediaDataUriCharsMax)}`;
    await expect(store.open(large, 1)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
    await expect(store.open('data:,%zz', 1)).rejects.toMatchObject({ code: 'MEDIA_BAD_FILE' });
  });
});

describe('types', () => {
  it.each([
    ['a sound', wav(), 'audio/wav', 'audio', true],
    ['a document', '%PDF-1.7', 'application/pdf', 'document', false],
    ['a text', 'plain words, größer', 'text/plain; charset=utf-8', 'text', true],
    ['a page', HTML, 'text/plain; charset=utf-8', 'text', false],
    ['a drawing that can run', `\n ${SVG}`, 'text/plain; charset=utf-8', 'text', false],
    ['a page behind a byte order mark', `\ufeff${HTML}`, 'text/plain; charset=utf-8', 'text', false],
    ['anything else', Buffer.from([0, 1, 2, 3]), 'application/octet-stream', 'other', false],
  ])('%s', async (_what, bytes, type, kind, inline) => {
    const upload = await store.put(9, { name: 'x.html', body: stream(bytes) });
    expect(upload).toMatchObject({ type, kind, inline });
    expect(upload.name).not.toMatch(/html/);
  });
});

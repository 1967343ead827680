/**
 * Media that strangers name: one test per hole. Paths and schemes in tasks (CVE-2022-36551, CVE-2025-25295), addresses
 * inside by redirect and by rebinding (CVE-2023-47116, CVE-2025-25297), files that are bombs or lie.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import type { MediaStore } from '../../src/media/media.ts';
import { createMediaStore } from '../../src/media/media-store.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { CERTIFICATE, KEY } from '../media/certificate.ts';
import { collect, gif, png, stream, wav } from '../media/samples.ts';
import { openWorld, type World } from '../media/web-server.ts';

const data = temporaryFolder();
const local = join(data.folder, 'local');
const SECRET = 'outside the folder';
let store: MediaStore;
/** Stands for a service inside that must never be asked. */
let inside: World;
/** Stands for a server that a stranger owns; it redirects to wherever the query says. */
let outside: World;

beforeAll(async () => {
  mkdirSync(join(local, 'sub'), { recursive: true });
  writeFileSync(join(data.folder, 'secret.txt'), SECRET);
  writeFileSync(join(local, 'fine.txt'), 'fine');
  symlinkSync(join(data.folder, 'secret.txt'), join(local, 'link.txt'));
  symlinkSync(data.folder, join(local, 'sub', 'up'));
  execFileSync('mkfifo', [join(local, 'pipe')]);
  inside = await openWorld((_request, reply) => void reply.end(SECRET));
  outside = await openWorld((request, reply) => {
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to === null) reply.end('public');
    else reply.writeHead(302, { location: to }).end();
  });
  store = createMediaStore({
    folder: join(data.folder, 'media'),
    localFiles: local,
    fetch: createGuardedFetch({ allow: [`127.0.0.1:${outside.port}`] }),
    clock: { now: () => 0 },
    newId: () => 'a'.repeat(32),
  });
});
afterAll(async () => {
  await Promise.all([inside.close(), outside.close()]);
  data.remove();
});

const codeOf = async (reference: string): Promise<string> => {
  try {
    const media = await store.open(reference, 1);
    return `read ${(await collect(media.read())).toString().slice(0, 100)}`;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

describe('a reference in a task', () => {
  it.each([
    '/etc/passwd',
    'etc/passwd',
    '../../etc/passwd',
    '..\\..\\windows\\win.ini',
    'C:\\windows\\win.ini',
    '\\\\server\\share\\file',
    '//server/share/file',
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    ' file:///etc/passwd',
    'ftp://127.0.0.1/x',
    'gopher://127.0.0.1/x',
    'blob:http://127.0.0.1/x',
    'jar:file:///x!/y',
    's3://bucket/key',
    'javascript:alert(1)',
    'http:/etc/passwd',
    '',
  ])('that is a path or another scheme reads nothing: %j', async (reference) => {
    expect(await codeOf(reference)).toBe('MEDIA_FORBIDDEN');
  });

  it.each([
    '/data/upload/../../secret.txt',
    '/data/upload/1/../../secret.txt',
    '/data/upload/1/..%2f..%2fsecret.txt',
    '/data/upload/1/%2e%2e%2fsecret.txt',
    '/data/upload/1/%252e%252e%252fsecret.txt',
    '/data/upload/1//etc/passwd',
    '/data/upload/1/%2fetc%2fpasswd',
    '/data/upload/1/..%5c..%5csecret.txt',
    '/data/upload/1/a%00.png',
    '/data/upload/1/',
    '/data/upload/1/..',
    '/data/upload/%2e%2e/secret.txt',
  ])('to an upload does not leave the uploads: %j', async (reference) => {
    expect(['MEDIA_FORBIDDEN', 'NOT_FOUND']).toContain(await codeOf(reference));
  });

  it.each([
    '../secret.txt',
    'sub/../../secret.txt',
    '..%2fsecret.txt',
    '%2e%2e%2fsecret.txt',
    '%2e%2e/secret.txt',
    '%252e%252e%252fsecret.txt',
    '..%5csecret.txt',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    '//etc/passwd',
    'C:/windows/win.ini',
    'C%3A%5Cwindows',
    '\\\\server\\share',
    '..',
    '.',
    '',
    'sub',
    'fine.txt/',
    'fine.txt%00.png',
    './fine.txt',
  ])('to a local file does not leave the folder: %j', async (path) => {
    expect(['MEDIA_FORBIDDEN', 'NOT_FOUND']).toContain(await codeOf(`/data/local-files?d=${path}`));
  });

  it.each(['link.txt', 'sub/up/secret.txt'])('to a local file does not follow a link out: %s', async (path) => {
    expect(await codeOf('/data/local-files?d=fine.txt')).toBe('read fine');
    expect(await codeOf(`/data/local-files?d=${path}`)).toBe('NOT_FOUND');
  });

  it('to a named pipe does not wait for ever', async () => {
    expect(await codeOf('/data/local-files?d=pipe')).toBe('NOT_FOUND');
  });
});

describe('an address inside', () => {
  it.each([
    ['loopback', () => `http://127.0.0.1:${inside.port}/`],
    ['loopback on a port of the web', () => 'http://127.0.0.1/'],
    ['localhost', () => 'http://localhost/'],
    ['loopback as one number', () => 'http://2130706433/'],
    ['loopback in hex', () => 'http://0x7f.0.0.1/'],
    ['loopback in octal', () => 'http://0177.0.0.1/'],
    ['loopback, short', () => 'http://127.1/'],
    ['loopback with a dot behind', () => 'http://127.0.0.1./'],
    ['loopback in wide digits', () => 'http://１２７.0.0.1/'],
    ['this host', () => 'http://0.0.0.0/'],
    ['a private network', () => 'http://192.168.0.1/'],
    ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/'],
    ['cloud metadata by IPv6', () => 'http://[fd00:ec2::254]/'],
    ['IPv6 loopback', () => 'http://[::1]/'],
    ['IPv6 unspecified', () => 'http://[::]/'],
    ['IPv4-mapped loopback', () => 'http://[::ffff:127.0.0.1]/'],
    ['6to4 of loopback', () => 'http://[2002:7f00:1::]/'],
    ['NAT64 of cloud metadata', () => 'http://[64:ff9b::a9fe:a9fe]/'],
    ['a mail server', () => 'http://93.184.216.34:25/'],
    ['an address with a password', () => `http://user:pass@127.0.0.1:${outside.port}/`],
  ])('is not asked directly: %s', async (_what, url) => {
    expect(await codeOf(url())).toBe('MEDIA_FORBIDDEN');
    expect(inside.seen).toEqual([]);
  });

  it.each([
    ['another port of an allowed address', () => `http://127.0.0.1:${inside.port}/`],
    ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/'],
    ['localhost', () => 'http://localhost/'],
    ['IPv6 loopback', () => 'http://[::1]/'],
    ['a file', () => 'file:///etc/passwd'],
    ['a network path', () => '//169.254.169.254/'],
    ['two hops', () => `/?to=${encodeURIComponent('http://169.254.169.254/')}`],
  ])('is not asked by redirect: %s', async (_what, target) => {
    expect(await codeOf(`${outside.url}/?to=${encodeURIComponent(target())}`)).toBe('MEDIA_FORBIDDEN');
    expect(inside.seen).toEqual([]);
  });

  it('is not asked by rebinding: a name is resolved once, for the connection, and that answer is checked', async () => {
    const answers = ['127.0.0.1', '127.0.0.2'];
    const asked: string[] = [];
    const fetch = createGuardedFetch({
      allow: [`127.0.0.1:${outside.port}`],
      resolve: async (host) => {
        asked.push(host);
        return [answers[Math.min(asked.length, answers.length) - 1]!];
      },
    });
    const url = `http://rebind.test:${outside.port}/rebound`;
    // A guard that resolves to check and again to connect would have asked twice by now, and got the second answer.
    expect((await collect((await fetch(url)).body)).toString()).toBe('public');
    expect(asked).toEqual(['rebind.test']);
    await expect(fetch(url)).rejects.toMatchObject({ code: 'MEDIA_FORBIDDEN' });
    expect(outside.seen.filter((one) => one === 'GET /rebound')).toHaveLength(1);
  });

  it('is not asked by rebinding between the hops of a redirect', async () => {
    let turn = 0;
    const fetch = createGuardedFetch({
      allow: [`127.0.0.1:${outside.port}`],
      resolve: async () => (turn++ === 0 ? ['127.0.0.1'] : ['127.0.0.2']),
    });
    const again = encodeURIComponent(`http://rebind.test:${outside.port}/again`);
    await expect(fetch(`http://rebind.test:${outside.port}/?to=${again}`)).rejects.toMatchObject({
      code: 'MEDIA_FORBIDDEN',
    });
    expect(turn).toBe(2);
    expect(outside.seen).not.toContain('GET /again');
  });

  it('is not asked among others that a name has', async () => {
    const fetch = createGuardedFetch({
      allow: [`127.0.0.1:${outside.port}`],
      resolve: async () => ['127.0.0.2', '::1', '::ffff:127.0.0.1', '127.0.0.1'],
    });
    const reply = await fetch(`http://many.test:${outside.port}/`);
    expect((await collect(reply.body)).toString()).toBe('public');
  });

  it('is not named in what the caller is told beyond its host', async () => {
    const error = await store.open('http://127.0.0.1/secret/path?key=value', 1).catch((one: Error) => one);
    expect(JSON.stringify([(error as Error).message, error])).not.toMatch(/secret|value/);
  });
});

describe('TLS', () => {
  it('is verified: a certificate that nobody vouches for, or for another name, ends the connection', async () => {
    let asked = 0;
    const server = createServer({ key: KEY, cert: CERTIFICATE }, (_request, reply) => {
      asked++;
      reply.end('hello');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const policy = { allow: [`127.0.0.1:${port}`], resolve: async () => ['127.0.0.1'] };
    const trusting = createGuardedFetch({ ...policy, ca: CERTIFICATE });
    try {
      const unknown = createGuardedFetch(policy)(`https://good.test:${port}/`);
      await expect(unknown).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
      await expect(trusting(`https://bad.test:${port}/`)).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
      expect(asked).toBe(0);
      expect((await collect((await trusting(`https://good.test:${port}/`)).body)).toString()).toBe('hello');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('does not carry a connection inside either', async () => {
    const fetch = createGuardedFetch({ resolve: async () => ['127.0.0.1'] });
    await expect(fetch('https://good.test/')).rejects.toMatchObject({ code: 'MEDIA_FORBIDDEN' });
  });
});

describe('a file that is a bomb', () => {
  const refused = async (bytes: Uint8Array) => {
    const inline = `data:;base64,${Buffer.from(bytes).toString('base64')}`;
    await expect(store.open(inline, 1)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
    await expect(store.put(1, { name: 'x', body: stream(bytes) })).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
  };

  it('a PNG of 16,000 x 16,000 pixels is refused by its header', () => refused(png(16_000, 16_000)));
  it('a PNG of 4 billion x 4 billion pixels is refused by its header', () => refused(png(0xffffffff, 0xffffffff)));
  it('a GIF of 65,000 frames is refused', () => refused(gif(65_000)));
  it('a GIF of 65,000 x 65,000 pixels is refused', () => refused(gif(1, 65_000)));
  it('a PNG that promises 4 billion frames is refused', () => refused(png(1, 1, 0xffffffff)));
  it('a WAV of a year is refused', () => refused(wav({ sampleRate: 1, samples: 100_000 })));
});

describe('a WAV that lies about its sizes', () => {
  const secondsOf = async (bytes: Uint8Array) => {
    const { header } = await store.stat(`data:;base64,${Buffer.from(bytes).toString('base64')}`, 1);
    return header.seconds;
  };

  it.each([
    ['4 GB of sound in a second', { dataBytes: 0xffffffff }],
    ['2 GB of sound in a second', { dataBytes: 0x7fffffff }],
    ['no sound at all', { dataBytes: 0 }],
    ['a day of sound by its bytes per second', { bytesPerSecond: 1 }],
    ['no time at all by its bytes per second', { bytesPerSecond: 0xffffffff }],
  ])('is as long as it is: %s', async (_what, lie) => {
    expect(await secondsOf(wav({ samples: 8000, sampleRate: 8000, ...lie }))).toBe(1);
  });

  it.each([
    ['samples of no bytes', { blockBytes: 0 }],
    ['samples of 64 kB', { blockBytes: 0xffff }],
    ['no rate', { sampleRate: 0, bytesPerSecond: 16_000 }],
  ])('is refused where nothing can be made of it: %s', async (_what, lie) => {
    await expect(secondsOf(wav(lie))).rejects.toMatchObject({ code: 'MEDIA_BAD_FILE' });
  });
});

/** The fetch that strangers may aim: what it brings, where it stops. */
import { afterAll, describe, expect, it } from 'vitest';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import { collect } from './samples.ts';
import { openWorld } from './web-server.ts';

const world = await openWorld((request, reply) => {
  const url = new URL(request.url ?? '/', 'http://x');
  if (url.pathname === '/hop') reply.writeHead(302, { location: url.searchParams.get('to') ?? '/' }).end();
  else if (url.pathname === '/loop') reply.writeHead(302, { location: '/loop' }).end();
  else if (url.pathname === '/large') reply.end(Buffer.alloc(100_000));
  else if (url.pathname === '/endless') {
    const more = () => {
      while (reply.write(Buffer.alloc(10_000)) && !reply.destroyed);
    };
    reply.on('drain', more);
    more();
  } else if (url.pathname === '/slow') reply.write('a');
  else if (url.pathname === '/half') {
    reply.writeHead(200, { 'content-length': 100 });
    reply.write('half', () => reply.destroy());
  } else if (url.pathname === '/gone') reply.writeHead(404).end('nothing');
  else reply.end(`hello ${request.headers.host}`);
});
const other = await openWorld((_request, reply) => void reply.end('other'));
afterAll(() => Promise.all([world.close(), other.close()]));

const fetch = createGuardedFetch({ allow: [`127.0.0.1:${world.port}`] });
const text = async (url: string, options = {}) => {
  const reply = await fetch(url, options);
  return (await collect(reply.body)).toString();
};

describe('the guarded fetch', () => {
  it('brings what an allowed address holds', async () => {
    expect(await text(`${world.url}/`)).toBe(`hello 127.0.0.1:${world.port}`);
  });

  it('follows redirects, and says where they ended', async () => {
    const reply = await fetch(`${world.url}/hop?to=/end`);
    reply.close();
    expect(reply).toMatchObject({ status: 200, url: `${world.url}/end` });
  });

  it('can be told not to follow any', async () => {
    const reply = await fetch(`${world.url}/hop?to=/end`, { redirectsMax: 0 });
    reply.close();
    expect(reply.status).toBe(302);
  });

  it('sends a body, and never follows a redirect with it', async () => {
    const reply = await fetch(`${world.url}/hop?to=/end`, { method: 'POST', body: 'x' });
    reply.close();
    expect(reply.status).toBe(302);
    expect(world.seen.at(-1)).toBe('POST /hop?to=/end');
  });

  it('ends a chain of redirects', async () => {
    await expect(fetch(`${world.url}/loop`)).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
  });

  it('drops keys when a redirect leads to another server', async () => {
    const both = createGuardedFetch({ allow: [`127.0.0.1:${world.port}`, `127.0.0.1:${other.port}`] });
    const headers = { authorization: 'Token x', 'x-plain': 'stays' };
    const reply = await both(`${world.url}/hop?to=${other.url}/`, { headers });
    reply.close();
    expect(world.requests.at(-1)?.headers).toMatchObject(headers);
    expect(other.requests.at(-1)?.headers).toMatchObject({ 'x-plain': 'stays' });
    expect(other.requests.at(-1)?.headers).not.toHaveProperty('authorization');
  });

  it.each(['/large', '/endless'])('stops at the limit on bytes: %s', async (path) => {
    await expect(text(world.url + path, { bytesMax: 50_000 })).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
  });

  it('stops at the limit on time, before and within the body', async () => {
    await expect(text(`${world.url}/slow`, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    const reading = text(`${world.url}/slow`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(reading).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
  });

  it('does not take half a body for a whole one', async () => {
    await expect(text(`${world.url}/half`)).rejects.toMatchObject({ code: 'MEDIA_FETCH' });
  });

  it('gives a bad status as it is', async () => {
    const reply = await fetch(`${world.url}/gone`);
    reply.close();
    expect(reply.status).toBe(404);
  });

  it('names the reason when nobody is there', async () => {
    const nobody = createGuardedFetch({ allow: ['127.0.0.1:9'], resolve: async () => ['127.0.0.1'] });
    await expect(nobody('http://127.0.0.1:9/')).rejects.toMatchObject({
      code: 'MEDIA_FETCH',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

/** What a stranger, or a Label Studio that lies, could try through a connection. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle } from '../helpers/project.ts';
import { STUDIO_TOKEN } from './stand-in.ts';
import { connectProject, type StudioWorld, studioWorld } from './world.ts';

/** Counts who calls it: an inner service that must stay alone. */
let inner: Server;
let called = 0;
let innerUrl = '';
const worlds: StudioWorld[] = [];

beforeAll(async () => {
  inner = createServer((_request, response) => {
    called += 1;
    response.end('{}');
  });
  await new Promise<void>((done) => inner.listen(0, '127.0.0.1', done));
  innerUrl = `http://127.0.0.1:${(inner.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const world of worlds) await world.close();
  await new Promise((done) => inner.close(done));
});

async function open(options: Parameters<typeof studioWorld>[0] = {}) {
  const world = await studioWorld(options);
  worlds.push(world);
  return world;
}

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

describe('the hostname of a setup', () => {
  it.each([
    ['a private address', () => innerUrl],
    ['the metadata of a cloud', () => 'http://169.254.169.254/latest'],
    ['a file', () => 'file:///etc/passwd'],
    ['an address with a password', () => 'http://root:secret@127.0.0.1/'],
    ['no address', () => 'not an address'],
  ])('that is %s is never called', async (_what, hostname) => {
    const world = await open();
    const { backend, connectionId, projectId } = await connectProject(world, { studio_project: 5 });
    const setup = { project: '5.1', hostname: hostname(), access_token: 'stolen' };
    expect((await post(`${backend}/setup`, setup)).status).toBe(200);
    await post(`${backend}/predict`, { tasks: [{ id: 1, data: { text: 'x' } }] });
    await post(`${backend}/webhook`, { action: 'PROJECT_UPDATED', project: { id: 5 } });
    await settle(world.client, projectId);
    const params = { connection_id: connectionId };
    const { url, has_token } = await world.client.call('connectionGet', { params });
    expect({ url, has_token }).toEqual({ url: null, has_token: false });
    await expect(world.client.call('connectionSync', { params, body: {} })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(called).toBe(0);
  });

  it('does not take the place of the address that the owner gave, nor get its token', async () => {
    const world = await open();
    const { backend, connectionId, projectId } = await connectProject(world, {
      url: world.studio.url,
      token: STUDIO_TOKEN,
      studio_project: 5,
    });
    await post(`${backend}/setup`, { project: '5.1', hostname: innerUrl, access_token: 'x' });
    await world.client.call('connectionSync', { params: { connection_id: connectionId }, body: {} });
    await settle(world.client, projectId);
    expect(called).toBe(0);
    expect(world.studio.requests.length).toBeGreaterThan(0);
  });

  it('even accepted by the owner is refused where this machine may not call', async () => {
    const world = await open({ allowed: false });
    const { backend, connectionId } = await connectProject(world, { studio_project: 5 });
    await post(`${backend}/setup`, { project: '5.1', hostname: world.studio.url, access_token: STUDIO_TOKEN });
    const params = { connection_id: connectionId };
    await world.client.call('connectionUpdate', { params, body: { accept_offer: true } });
    const finding = (await world.client.call('connectionDoctor', { params })).find((one) => one.part === 'server');
    expect(finding).toMatchObject({ ok: false });
    expect(finding?.sentence).toContain('--allow-address');
    expect(world.studio.requests).toEqual([]);
  });
});

it('a redirect of Label Studio leads nowhere inside, and takes no token along', async () => {
  const world = await open();
  const { connectionId, projectId } = await connectProject(world, {
    url: world.studio.url,
    token: STUDIO_TOKEN,
    studio_project: 5,
  });
  world.studio.redirect = `${innerUrl}/steal`;
  const { id } = await world.client.call('connectionSync', { params: { connection_id: connectionId }, body: {} });
  await settle(world.client, projectId);
  expect(await world.client.call('jobGet', { params: { job_id: id } })).toMatchObject({
    state: 'failed',
    error: { code: 'MEDIA_FORBIDDEN' },
  });
  expect(called).toBe(0);
});

it('no secret of a connection is in any reply, job or log', async () => {
  const world = await open();
  const { connectionId, projectId, backend } = await connectProject(world, {
    url: world.studio.url,
    token: STUDIO_TOKEN,
    studio_project: 5,
  });
  const params = { connection_id: connectionId };
  await world.client.call('connectionSync', { params, body: {} });
  await settle(world.client, projectId);
  const all = JSON.stringify([
    await world.client.call('connectionGet', { params }),
    await world.client.call('connectionList', { params: { project_id: projectId } }),
    await world.client.call('connectionDoctor', { params }),
    await world.client.call('jobList', { query: { project: projectId, limit: 100 } }),
  ]);
  expect(all).not.toContain(STUDIO_TOKEN);
  expect(all).not.toContain(backend.split('/').at(-1));
});

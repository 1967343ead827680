/**
 * Object-level authorisation, for every route of the contract: somebody else's thing answers exactly like a thing that is
 * not there, unknown tokens and missing tokens open nothing. (Label Studio issue 9796, CVE-2024-47172 of CVAT.)
 */
import type { InjectOptions } from 'fastify';
import type { TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { type Reference, referencesOf } from '../../src/server/access.ts';
import { api } from '../../src/server/contract/index.ts';
import type { Route } from '../../src/server/contract/route.ts';
import { annotationRow, CONFIG, SECRETS } from '../server/fake-app.ts';
import { type TestServer, testServer } from '../server/setup.ts';

const FOREIGN = 2;
const MISSING = 987_654;

/** Values for required fields that are no references. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  label_config: CONFIG,
  ids: [1],
  tasks: [1],
  result: [],
  name: 'carla',
  document: 'rules: []',
  text: 'spam,prize',
  label: 'spam',
  inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['hello'] }],
  url: 'http://labels.example',
  token: 'theirs',
  studio_project: 5,
  every: 10,
  query_strategy: 'random',
  source: 'proposals',
  items: [{ task: 1, labels: ['spam'] }],
  region: {},
  scope: 'task',
  model: 'lexical',
  control: 'kind',
  from: 'lexical',
  to: 'lexical',
  data: { text: 'hello' },
  selectedItems: { all: false, included: [1] },
  export_type: 'JSON',
  refresh: 'unknown',
  file_upload_ids: [1],
  model_version: 'mine',
};

type Ids = (reference: Reference) => number;

const routes = Object.entries<Route>(api);
const guarded = routes.filter(([, route]) => route.access !== 'public');
const withReferences = guarded.flatMap(([name, route]) =>
  referencesOf(route.schema).map((reference) => ({ name, route, reference })),
);

function requestFor(route: Route, ids: Ids): InjectOptions {
  const references = referencesOf(route.schema);
  const of = (part: Reference['part']) =>
    Object.fromEntries(references.filter((one) => one.part === part).map((one) => [one.key, ids(one)]));
  const url = route.url.replace(/:(\w+)/g, (_all, key: string) => String(of('params')[key] ?? commonName(route, key)));
  const given = Object.entries(of('querystring')).map(([key, id]) => [key, String(id)]);
  const query = { ...samplesFor(route.schema.querystring), ...Object.fromEntries(given) } as Record<string, string>;
  const request: InjectOptions = { method: route.method, url, query };
  if (route.streams) return { ...request, payload: 'text\nhello', headers: { 'content-type': 'text/csv' } };
  if (route.schema.body === undefined) return request;
  if ((route.schema.body as { type?: string }).type === 'array') return { ...request, payload: [] };
  return { ...request, payload: { ...samplesFor(route.schema.body), ...of('body') } };
}

/** For what an address names that belongs to no project. */
function commonName({ schema }: Route, key: string): string | number {
  const property: { type?: string } | undefined = schema.params?.properties[key];
  return property?.type === 'integer' ? 1 : 'length';
}

function samplesFor(schema: TSchema | undefined): Record<string, unknown> {
  const required = (schema as { required?: string[] } | undefined)?.required ?? [];
  return Object.fromEntries(required.filter((key) => key in SAMPLES).map((key) => [key, SAMPLES[key]]));
}

/** The reply without what may differ: the request's own id and the number that was asked for. */
function comparable(reply: { status: number; body: Readonly<Record<string, unknown>> }, id: number): string {
  const { request_id: _own, id: _same, ...rest } = reply.body;
  return JSON.stringify([reply.status, rest]).replaceAll(String(id), 'ID');
}

/** Refused requests change nothing, so that these servers can be shared. */
const local = await testServer();
const remote = await testServer({ auth: { mode: 'tokens' } });
const { secret: REVOKED, token: revoked } = await local.app.people.invite({
  name: 'x',
  role: 'owner',
  projectId: null,
});
await local.app.people.revoke(revoked.id);
local.app.calls.length = 0;

describe('a thing of a foreign project', () => {
  it.each(withReferences)('$name, $reference.key: is not there', async ({ route, reference }) => {
    const pick =
      (id: number): Ids =>
      (one) =>
        one.key === reference.key && one.part === reference.part ? id : 1;
    for (const token of [SECRETS.anna, SECRETS.lead]) {
      const foreign = await local.call({ ...requestFor(route, pick(FOREIGN)), token });
      const missing = await local.call({ ...requestFor(route, pick(MISSING)), token });
      expect(foreign).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expect(comparable(foreign, FOREIGN)).toBe(comparable(missing, MISSING));
      expectUntouched(local);
    }
  });

  it.each(withReferences.filter(({ route }) => referencesOf(route.schema).length > 1))(
    '$name, $reference.key: does not mix with ours, even for the owner of both',
    async ({ route, reference }) => {
      const ids: Ids = (one) => (one.key === reference.key && one.part === reference.part ? FOREIGN : 1);
      expect(await local.call(requestFor(route, ids))).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      expectUntouched(local);
    },
  );
});

describe('without a known token', () => {
  it.each(guarded)('%s: an unknown or revoked token opens nothing, not even on loopback', async (_name, route) => {
    for (const token of ['guess', '', REVOKED, 'x'.repeat(300)]) {
      expect(await local.call({ ...requestFor(route, () => 1), token })).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Token realm="Headstart"' },
      });
    }
    expectUntouched(local);
  });

  it.each(guarded)('%s: no token opens nothing where the server listens beyond loopback', async (_name, route) => {
    const reply = await remote.call(requestFor(route, () => 1));
    expect(reply).toMatchObject({ status: 401, body: { code: 'AUTH_REQUIRED' } });
    expectUntouched(remote);
  });

  it('leaves only the health checks open, and the exchange of a token for itself', () => {
    const open = routes.filter(([, route]) => route.access === 'public');
    expect(open.map(([name]) => name)).toEqual(['health', 'serverLive', 'serverReady', 'tokenRefresh']);
  });
});

describe('an annotator', () => {
  const answered = guarded.filter(([name]) => name !== 'events');

  it.each(answered)('%s: may do it only if it belongs to labeling', async (_name, route) => {
    const test = await testServer();
    const reply = await test.call({ ...requestFor(route, () => 1), token: SECRETS.anna });
    if (route.access === 'annotator') {
      expect([200, 201, 204]).toContain(reply.status);
    } else {
      expect(reply).toMatchObject({ status: 403, body: { code: 'AUTH_FORBIDDEN' } });
      expectUntouched(test);
    }
  });

  it('may do exactly this', () => {
    const names = guarded.filter(([, route]) => route.access === 'annotator').map(([name]) => name);
    expect(names.sort()).toEqual(
      [
        'annotationCreate',
        'annotationDelete',
        'annotationGet',
        'annotationUpdate',
        'configValidate',
        'events',
        'projectGet',
        'projectList',
        'queueNext',
        'queueState',
        'recentAnnotations',
        'taskAnnotations',
        'taskGet',
        'taskMedia',
        'taskRelease',
        'taskSimilar',
        'taskVotes',
        'templateList',
        'uploadGet',
        'userToken',
        'version',
        'whoami',
      ].sort(),
    );
  });

  it("does not see a colleague's annotation in the same project", async () => {
    const test = await testServer();
    test.app.tables.annotations.set(7, annotationRow(7, 1, 1, 99));
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const payload = method === 'PATCH' ? { payload: { note: 'x' } } : {};
      const request = { method, url: '/api/annotations/7', token: SECRETS.anna, ...payload };
      expect(await test.call(request)).toMatchObject({ status: 404 });
    }
    expect((await test.call({ url: '/api/tasks/1/annotations', token: SECRETS.anna })).body).toMatchObject([{ id: 1 }]);
    expect((await test.call({ url: '/api/tasks/1', token: SECRETS.anna })).body).toMatchObject({
      total_annotations: 1,
    });
    const { body } = await test.call({ url: '/api/tasks/1/votes', token: SECRETS.anna });
    expect(JSON.stringify(body)).not.toContain('annotator:ben');
    expectUntouched(test);
  });

  it('sees no predictions outside the queue, so that blind tasks stay blind', async () => {
    const test = await testServer();
    const { body } = await test.call({ url: '/api/tasks/1', token: SECRETS.anna });
    expect(body).toMatchObject({ predictions: [], total_predictions: 0 });
  });

  it('sees only the own project in lists', async () => {
    const test = await testServer();
    expect((await test.call({ url: '/api/projects', token: SECRETS.anna })).body).toMatchObject({
      count: 1,
      results: [{ id: 1 }],
    });
  });
});

describe('the owner of one project', () => {
  it('sees jobs and tokens of that project only', async () => {
    const token = SECRETS.lead;
    expect((await local.call({ url: '/api/jobs', token })).body).toMatchObject([{ project: 1 }]);
    const tokens = await local.call({ url: '/api/tokens', token });
    expect(tokens.body).toMatchObject([{ label: 'anna' }, { label: 'lead' }]);
  });

  it.each([
    ['a token for everything', { name: 'x', role: 'owner' }],
    ['a token for everything, said aloud', { name: 'x', role: 'owner', project: null }],
  ])('cannot make %s', async (_what, payload) => {
    const request = { method: 'POST', url: '/api/tokens', payload, token: SECRETS.lead } as const;
    expect(await local.call(request)).toMatchObject({ status: 403, body: { code: 'AUTH_FORBIDDEN' } });
  });
});

function expectUntouched({ app }: TestServer): void {
  expect(app.calls).toEqual([]);
  expect(app.imported).toBe('');
}

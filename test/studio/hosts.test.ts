/** Hosts that are slow or die behind `predict`, and a server that is started again. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { connectProject, eventsSettled } from './world.ts';

const { folder, remove } = temporaryFolder();
const texts = makeTexts(30, 4);
let server: ServerProcess;
let connected: Awaited<ReturnType<typeof connectProject>>;
let path = '';

beforeAll(async () => {
  server = await startServerProcess(folder, ['--hosts', '1']);
  connected = await connectProject(server, { studio_project: 5 }, { retrain_every: 10 });
  path = new URL(connected.backend).pathname;
  await call('/predict', { tasks: texts.map(({ text }, i) => ({ id: i + 1, data: { text } })) });
  for (const [i, { label, text }] of texts.entries()) {
    const annotation = {
      ...{ id: i + 1, task: i + 1, result: [answerOf(label)], completed_by: 1 },
      updated_at: '2026-01-01T00:00:00Z',
    };
    const task = { id: i + 1, data: { text } };
    await call('/webhook', { action: 'ANNOTATION_CREATED', annotation, task, project: { id: 5 } });
  }
  await eventsSettled(server, connected.connectionId);
  await settle(server.client, connected.projectId);
}, 60_000);
afterAll(async () => {
  await server.stop();
  remove();
});

interface Item {
  readonly result: readonly object[];
  readonly score: number;
  readonly model_version: string;
}

async function call(method: string, body: object) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const reply = await fetch(`${server.url}${path}${method}`, init);
  return (await reply.json()) as { results: Item[]; model_version: string; versions: string[] };
}

/** Processes that run models: children of the server whose command says so. */
function hosts(): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('host-main')) return [];
      const parent = Number(
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')[1],
      );
      return parent === server.pid ? [Number(pid)] : [];
    } catch {
      // Ended while we looked.
      return [];
    }
  });
}

const unseen = (seed: number) => makeTexts(4, seed).map(({ text }, i) => ({ id: 1_000 * seed + i, data: { text } }));

describe.skipIf(process.platform !== 'linux')('a host behind predict', () => {
  it('that is slow costs an empty item for each task by the deadline; the next call is served', async () => {
    const params = { connection_id: connected.connectionId };
    await server.client.call('connectionUpdate', { params, body: { settings: { deadline_ms: 600 } } });
    const tasks = unseen(11);
    const stopped = hosts();
    expect(stopped.length).toBeGreaterThan(0);
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    // They go on only once there is a reply: one that waited for them would never come.
    const slow = await call('/predict', { tasks }).finally(() => {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    });
    const { model_version } = await call('/setup', {});
    expect(slow.results).toEqual(
      tasks.map(() => ({ result: [], score: 0, model_version: `${model_version}-pending` })),
    );
    await server.client.call('connectionUpdate', { params, body: { settings: { deadline_ms: 50_000 } } });
    const next = await call('/predict', { tasks });
    expect(next.results.map(({ result, model_version: version }) => [result.length, version])).toEqual(
      tasks.map(() => [1, model_version]),
    );
  }, 60_000);

  it('that dies in the middle costs no item either; the next call is served', async () => {
    const tasks = unseen(12);
    const stopped = hosts();
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    const reply = call('/predict', { tasks });
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const pid of stopped) process.kill(pid, 'SIGKILL');
    const { results } = await reply;
    expect(results).toHaveLength(tasks.length);
    for (const { result, score } of results) {
      if (result.length === 0) expect(score).toBe(0);
      else expect(score).toBeGreaterThan(0);
    }
    const next = await call('/predict', { tasks });
    expect(next.results.map(({ result }) => result.length)).toEqual(tasks.map(() => 1));
  }, 60_000);
});

it('the version and the answers outlive the server', async () => {
  const tasks = texts.map(({ text }, i) => ({ id: i + 1, data: { text } }));
  await settle(server.client, connected.projectId);
  const before = [await call('/setup', {}), await call('/predict', { tasks }), await call('/versions', {})];
  await server.stop();
  server = await startServerProcess(folder, ['--hosts', '1']);
  const after = [await call('/setup', {}), await call('/predict', { tasks }), await call('/versions', {})];
  expect(after).toEqual(before);
}, 60_000);

it('scores say the place in the queue on request, the next one lowest', async () => {
  const params = { connection_id: connected.connectionId };
  await server.client.call('connectionUpdate', { params, body: { settings: { scores: 'order' } } });
  const tasks = unseen(13);
  await call('/predict', { tasks });
  await settle(server.client, connected.projectId);
  const next = await server.client.call('queueNext', {
    params: { project_id: connected.projectId },
    query: { empty: '204' },
  });
  const all = [...unseen(11), ...unseen(12), ...tasks];
  const { results } = await call('/predict', { tasks: all });
  const lowest = results.reduce((low, { score }, i) => (score < results[low]!.score ? i : low), 0);
  expect(new Set(results.map(({ score }) => score)).size).toBeGreaterThan(1);
  expect(all[lowest]!.data.text).toBe(next!.data.text);
}, 60_000);

it('headstart studio connects, lists, looks, renews and removes through a real process', async () => {
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(['studio', ...args], folder);
    expect(code, stderr).toBe(0);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const project = String(connected.projectId);
  const [made] = await run('connect', '--project', project, '--studio-project', '9');
  const id = String(made!.connection);
  expect((await fetch(`${String(made!.backend_url)}/health`)).status).toBe(200);
  expect((await run('list', project)).map((one) => one.studio_project)).toEqual([5, 9]);
  const findings = await run('doctor', id);
  expect(findings.length).toBeGreaterThan(2);
  for (const { sentence } of findings) expect(sentence).toMatch(/\.$/);
  const [renewed] = await run('renew', id);
  expect((await fetch(`${String(made!.backend_url)}/health`)).status).toBe(404);
  expect((await fetch(`${String(renewed!.backend_url)}/health`)).status).toBe(200);
  // Nothing to sync with yet, and nothing offered: each is told in one sentence.
  for (const verb of ['sync', 'accept']) {
    const { code, stderr } = await runCommand(['studio', verb, id], folder);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Label Studio|address/);
  }
  await run('remove', id);
  expect(await run('list', project)).toHaveLength(1);
}, 60_000);

/** kill -9 between the acknowledgement of an event and its effect: nothing is lost, nothing counts twice. */
import { afterAll, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { connectProject, eventsSettled } from './world.ts';

const EVENTS = 120;
const KILLS = 4;

const { folder, remove } = temporaryFolder();
let server: ServerProcess | undefined;
afterAll(async () => {
  await server?.kill();
  remove();
});

it('keeps every acknowledged event', async () => {
  server = await startServerProcess(folder, ['--hosts', '1']);
  const { backend, connectionId, projectId } = await connectProject(
    server,
    { studio_project: 5 },
    { retrain_every: 10_000 },
  );
  const path = new URL(backend).pathname;
  const texts = makeTexts(EVENTS);
  const acknowledged = new Set<number>();
  const event = (i: number) => ({
    action: 'ANNOTATION_CREATED',
    annotation: {
      id: i,
      task: i,
      result: [answerOf(texts[i - 1]!.label)],
      updated_at: '2026-01-01T00:00:00Z',
      completed_by: 1,
    },
    task: { id: i, data: { text: texts[i - 1]!.text } },
    project: { id: 5 },
  });
  let next = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const { url } = server;
    const until = next + EVENTS / KILLS;
    const sending = [];
    for (; next < until; next++) {
      const i = next;
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(event(i)) };
      const send = fetch(`${url}${path}/webhook`, init).then((reply) => reply.ok && acknowledged.add(i));
      sending.push(send.catch(() => undefined));
    }
    // Dies as soon as some are acknowledged: most of them have had no effect yet.
    await Promise.race(sending);
    await server.kill();
    await Promise.all(sending);
    server = await startServerProcess(folder, ['--hosts', '1']);
  }
  // What was never acknowledged is sent again by people who look; so are some that were.
  for (let i = 1; i <= EVENTS; i++) {
    if (acknowledged.has(i) && i % 3 !== 0) continue;
    await fetch(`${server.url}${path}/webhook`, { method: 'POST', body: JSON.stringify(event(i)) });
  }
  await eventsSettled(server, connectionId);
  const params = { project_id: projectId };
  expect(await server.client.call('projectGet', { params })).toMatchObject({
    task_number: EVENTS,
    total_annotations_number: EVENTS,
  });
  expect((await server.client.call('connectionGet', { params: { connection_id: connectionId } })).waiting).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(0);
}, 60_000);

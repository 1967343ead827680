/** Answers that go both ways: made here or there, changed, deleted, on both sides at once, through cuts and crashes. */
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';
import { STUDIO_TOKEN, StandIn, type StandInAnnotation } from './stand-in.ts';
import { eventsSettled, type StudioWorld, studioWorld } from './world.ts';

const TASKS = 12;
const texts = makeTexts(TASKS, 5);
let world: StudioWorld;
afterEach(() => world?.close());

/** Connected both ways, all tasks here. */
async function open({ tellsKeys = true, webhooks = true } = {}) {
  world = await studioWorld();
  const { client, studio } = world;
  studio.tellsKeys = tellsKeys;
  for (const { text } of texts) studio.add({ text });
  const body = { url: studio.url, token: STUDIO_TOKEN, studio_project: 5 };
  const made = await client.call('studioConnect', { body });
  const project = { project_id: made.project };
  const settings = { embedder: 'lexical', retrain_every: 1_000 };
  await client.call('projectUpdate', { params: project, body: { settings } });
  if (webhooks) await studio.connect(made.backend_url);
  const sync = async (input: object) => {
    const { id } = await client.call('connectionSync', {
      params: { connection_id: made.id },
      body: { predictions: false, ...input },
    });
    await settle(client, made.project);
    const job = await client.call('jobGet', { params: { job_id: id } });
    expect(job.error).toBeNull();
    if (webhooks) await eventsSettled(world, made.id);
    return job.output as Record<string, unknown>;
  };
  await sync({});
  const { tasks } = await client.call('taskList', { query: { project: made.project, page_size: 100 } });
  const answer = async (i: number, label: string, by = client) =>
    by.call('annotationCreate', { params: { task_id: tasks[i]!.id }, body: { result: [answerOf(label)] } });
  const here = async (i: number) =>
    (await client.call('taskAnnotations', { params: { task_id: tasks[i]!.id } })).map(labelOf).sort();
  const there = (i: number) => [...studio.tasks.values()][i]!.annotations;
  return { project: made.project, sync, answer, here, there };
}

const labelOf = ({ result }: { result: readonly unknown[] }) =>
  (result[0] as { value: { choices: string[] } }).value.choices[0]!;

describe('answers made here', () => {
  it('go there once, under the name of whoever gave them, follow changes, and go away again', async () => {
    const { project, sync, answer, here, there } = await open();
    const { client } = world;
    const invite = { name: 'Ada Lovelace', role: 'annotator', project } as const;
    const { secret } = await client.call('tokenCreate', { body: invite });
    const first = await answer(0, 'spam', createClient(world.running.url, secret));
    const second = await answer(1, 'ham');
    expect(await sync({ direction: 'both', dry_run: true })).toMatchObject({ answers: { created: 2, deleted: 0 } });
    expect(there(0)).toEqual([]);
    expect(await sync({})).toMatchObject({ answers: null });
    expect(there(0)).toEqual([]);

    const done = await sync({ direction: 'both' });
    expect(done).toMatchObject({
      direction: 'both',
      answers: { created: 2, conflicts: 0, unknownPeople: { owner: 1 } },
    });
    expect(there(0)).toMatchObject([{ completed_by: 2, result: [answerOf('spam')] }]);
    expect(there(1)).toMatchObject([{ completed_by: 1, result: [answerOf('ham')] }]);
    // What came back by webhook and by the next pull is known for ours.
    expect(await sync({ direction: 'both' })).toMatchObject({ annotations: 0, answers: { created: 0, changed: 0 } });
    expect([await here(0), await here(1)]).toEqual([['spam'], ['ham']]);

    await client.call('annotationUpdate', {
      params: { annotation_id: first.id },
      body: { result: [answerOf('ham')], ground_truth: true },
    });
    await client.call('annotationDelete', { params: { annotation_id: second.id } });
    expect(await sync({ direction: 'push' })).toMatchObject({ answers: { created: 0, changed: 1, deleted: 1 } });
    expect(there(0)).toMatchObject([{ result: [answerOf('ham')], ground_truth: true }]);
    expect(there(1)).toEqual([]);
    expect(await sync({ direction: 'both' })).toMatchObject({ answers: { created: 0, changed: 0, deleted: 0 } });
    expect([await here(0), await here(1)]).toEqual([['ham'], []]);
  }, 60_000);

  it('of bulk acts stay here, and tasks deleted here take nothing along over there', async () => {
    const { project, sync, answer, there } = await open();
    const { client } = world;
    await answer(0, 'spam');
    await sync({ direction: 'both' });
    const { tasks } = await client.call('taskList', { query: { project, page_size: 1 } });
    await client.call('taskDelete', { params: { task_id: tasks[0]!.id } });
    expect(await sync({ direction: 'both' })).toMatchObject({ answers: { deleted: 0 } });
    expect(there(0)).toHaveLength(1);
  }, 60_000);
});

describe('an answer that both sides have changed', () => {
  const changeThere = (one: StandInAnnotation, label: string) => world.studio.change(one, [answerOf(label)]);

  it('is kept twice on both sides: theirs in its place, ours beside it', async () => {
    const { sync, here, there } = await open({ webhooks: false });
    const { client, studio } = world;
    for (const i of [0, 1, 2, 3]) await studio.annotate([...studio.tasks.keys()][i]!, [answerOf('spam')]);
    await sync({ direction: 'both' });
    const { tasks } = await client.call('taskList', { query: { project: 1, page_size: 10, fields: 'all' } });
    const mine = tasks.map((task) => (task as unknown as { annotations: { id: number }[] }).annotations[0]!);
    const change = (i: number) =>
      client.call('annotationUpdate', {
        params: { annotation_id: mine[i]!.id },
        body: { result: [answerOf('ham')], was_cancelled: false },
      });
    // 0: both changed. 1: changed here, deleted there. 2: deleted here, changed there. 3: changed to the same.
    await change(0);
    await studio.change(there(0)[0]!, [{ ...answerOf('spam'), id: 'other' }]);
    await change(1);
    await studio.remove(there(1)[0]!);
    await client.call('annotationDelete', { params: { annotation_id: mine[2]!.id } });
    await changeThere(there(2)[0]!, 'ham');
    await change(3);
    await changeThere(there(3)[0]!, 'ham');
    expect(await sync({ direction: 'push' })).toMatchObject({
      answers: { created: 2, changed: 0, deleted: 0, conflicts: 3 },
    });
    const all = () => Promise.all([0, 1, 2, 3].map(here));
    expect(await all()).toEqual([['ham', 'spam'], ['ham'], ['ham'], ['ham']]);
    expect([0, 1, 2, 3].map((i) => there(i).map(labelOf).sort())).toEqual(await all());
    const again = { annotations: 0, conflicts: 0, answers: { created: 0, changed: 0, deleted: 0, conflicts: 0 } };
    expect(await sync({ direction: 'both' })).toMatchObject(again);
    expect(await all()).toEqual([['ham', 'spam'], ['ham'], ['ham'], ['ham']]);
  }, 60_000);

  it('is kept twice too when the news comes by webhook', async () => {
    const { sync, answer, here, there } = await open();
    const mine = await answer(0, 'spam');
    await sync({ direction: 'both' });
    const body = { result: [answerOf('ham')] };
    await world.client.call('annotationUpdate', { params: { annotation_id: mine.id }, body });
    await world.studio.change(there(0)[0]!, [{ ...answerOf('spam'), id: 'other' }]);
    expect(await sync({ direction: 'both' })).toMatchObject({ answers: { created: 1, changed: 0 } });
    expect(await here(0)).toEqual(['ham', 'spam']);
    expect(there(0).map(labelOf).sort()).toEqual(['ham', 'spam']);
  }, 60_000);
});

describe.each([{ tellsKeys: true }, { tellsKeys: false }])('with a server that tells keys: $tellsKeys', (options) => {
  it('sends nothing twice when the answer to a call is lost', async () => {
    const { sync, answer, here, there } = await open({ ...options, webhooks: false });
    for (let i = 0; i < TASKS; i++) await answer(i, texts[i]!.label);
    world.studio.cutAfter = { path: /annotations\/$/, times: 2 };
    expect(await sync({ direction: 'both' })).toMatchObject({ answers: { created: TASKS } });
    for (let i = 0; i < TASKS; i++) {
      expect(there(i).map(labelOf)).toEqual([texts[i]!.label]);
      expect(await here(i)).toEqual([texts[i]!.label]);
    }
    expect(await sync({ direction: 'both' })).toMatchObject({ annotations: 0, answers: { created: 0, changed: 0 } });
  }, 60_000);
});

it('goes on after kill -9 in the middle of it, and sends nothing twice', async () => {
  const { folder, remove } = temporaryFolder();
  const studio = new StandIn(TEXT_CONFIG);
  await studio.start();
  for (const { text } of texts) studio.add({ text });
  const flags = ['--hosts', '1', '--allow-address', `127.0.0.1:${studio.port}`];
  let server: ServerProcess = await startServerProcess(folder, flags);
  try {
    const body = { url: studio.url, token: STUDIO_TOKEN, studio_project: 5 };
    const made = await server.client.call('studioConnect', { body });
    const params = { connection_id: made.id };
    await server.client.call('connectionSync', { params, body: { predictions: false } });
    await settle(server.client, made.project);
    const { tasks } = await server.client.call('taskList', { query: { project: made.project, page_size: 100 } });
    for (const [i, task] of tasks.entries()) {
      const answer = { result: [answerOf(texts[i]!.label)] };
      await server.client.call('annotationCreate', { params: { task_id: task.id }, body: answer });
    }
    for (let kill = 0; kill < 2; kill++) {
      let left = 3;
      const killed = new Promise<void>((done) => {
        // What became of the last one is never heard.
        studio.arrived = async () => {
          if (--left > 0) return;
          await server.kill();
          done();
        };
      });
      const both = { direction: 'both', predictions: false } as const;
      if (kill === 0) await server.client.call('connectionSync', { params, body: both });
      else server = await startServerProcess(folder, flags);
      await killed;
    }
    studio.arrived = null;
    server = await startServerProcess(folder, flags);
    await settle(server.client, made.project);
    for (const [i, task] of [...studio.tasks.values()].entries()) {
      expect(task.annotations.map(labelOf)).toEqual([texts[i]!.label]);
    }
    const { total_annotations_number } = await server.client.call('projectGet', {
      params: { project_id: made.project },
    });
    expect(total_annotations_number).toBe(TASKS);
  } finally {
    await server.kill();
    await studio.stop();
    remove();
  }
}, 60_000);

/** What a careful reader found once, held for good: stops, undo and redo, moved labels, copies, skips. */
import { beforeAll, expect, it } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const server = servedFolder();
const texts = makeTexts(120);
let client: Client;

beforeAll(() => {
  client = server.client;
});

/** A project whose active version has pre-labeled all of the texts. */
async function trainedProject(): Promise<number> {
  const id = await createTextProject(client, { blind_share: 0, retrain_every: 1_000 });
  await importTexts(client, id, texts);
  await settle(client, id);
  for (let i = 0; i < 30; i++) await answerNext(client, id, texts);
  await client.call('train', { params: { project_id: id } });
  await settle(client, id);
  return id;
}

async function predictionsOf(id: number) {
  return client.call('predictionList', { query: { project: id, page_size: 1_000 } });
}

it('a stop in the middle of an import loses nothing of it', async () => {
  const own = temporaryFolder();
  const first = await startServerProcess(own.folder);
  const id = await createTextProject(first.client);
  const rows = makeTexts(40_000, 5);
  const importing = importTexts(first.client, id, rows).catch((error: unknown) => error);
  const started = async (): Promise<boolean> => {
    const project = await first.client.call('projectGet', { params: { project_id: id } });
    return project.task_number > 0;
  };
  while (!(await started())) await new Promise((resolve) => setTimeout(resolve, 20));
  await first.stop();
  await importing;
  const second = await startServerProcess(own.folder);
  // What follows it, 40,000 embeddings, is not waited for.
  const kinds = async () =>
    (await second.client.call('jobList', { query: { project: id } })).map(({ kind, state }) => ({
      kind,
      state: kind === 'import' ? state : '',
    }));
  await expect.poll(kinds, { timeout: 100_000 }).toEqual(
    expect.arrayContaining([
      { kind: 'import', state: 'done' },
      { kind: 'embed', state: '' },
    ]),
  );
  const project = await second.client.call('projectGet', { params: { project_id: id } });
  expect(project.task_number).toBe(40_000);
  await second.stop();
  own.remove();
}, 120_000);

it('predictions follow the labels when their order changes', async () => {
  const id = await trainedProject();
  const turned = TEXT_CONFIG.replace('<Choice value="spam"/>', '').replace(
    '<Choice value="ham"/>',
    '<Choice value="ham"/><Choice value="spam"/>',
  );
  await client.call('projectUpdate', { params: { project_id: id }, body: { label_config: turned } });
  const more = makeTexts(40, 9);
  await importTexts(client, id, more, 1_001);
  await settle(client, id);
  const all = [...texts, ...Array<never>(1_000 - texts.length), ...more];
  const tasks = await client.call('projectTasks', { params: { project_id: id }, query: { page_size: 1_000 } });
  const predictions = await predictionsOf(id);
  expect(predictions).toHaveLength(160);
  const right = predictions.filter((one) => {
    const task = tasks.find((row) => row.id === one.task)!;
    return JSON.stringify(one.result).includes(`"${goldOf(all, task)}"`);
  });
  expect(right.length / predictions.length).toBeGreaterThan(0.8);
});

it('undone, predicted again and redone: one label per task', async () => {
  const id = await trainedProject();
  const runs = await client.call('runList', { params: { project_id: id } });
  const run = runs.filter((one) => one.kind === 'prelabel').at(-1)!;
  await client.call('runUndo', { params: { run_id: run.id } });
  await importTexts(client, id, makeTexts(4, 11), 2_001);
  await settle(client, id);
  await client.call('runRedo', { params: { run_id: run.id } });
  const chosen = (await predictionsOf(id)).map((one) => (one.result[0]!.value as { choices: string[] }).choices.length);
  expect(new Set(chosen)).toEqual(new Set([1]));
});

it('a copy of a project with a pinned version learns by itself', async () => {
  const id = await trainedProject();
  const [version] = await client.call('modelVersions', { params: { project_id: id } });
  await client.call('modelActivate', { params: { project_id: id, model_id: version!.id } });
  const copy = await client.call('projectDuplicate', { params: { project_id: id }, body: {} });
  await settle(client, copy.id);
  for (let i = 0; i < 15; i++) await answerNext(client, copy.id, texts);
  await client.call('train', { params: { project_id: copy.id } });
  await settle(client, copy.id);
  const versions = await client.call('modelVersions', { params: { project_id: copy.id } });
  expect(versions.filter((one) => one.active)).toHaveLength(1);
});

it('skips do not use up the order', async () => {
  const id = await createTextProject(client, { blind_share: 0 });
  await importTexts(client, id, texts);
  await settle(client, id);
  for (let i = 0; i < 75; i++) {
    const item = (await client.call('queueNext', { params: { project_id: id }, query: {} }))!;
    await client.call('annotationCreate', { params: { task_id: item.id }, body: { result: [], was_cancelled: true } });
  }
  const item = (await client.call('queueNext', { params: { project_id: id }, query: {} }))!;
  expect(item.reason!.rank).toBeGreaterThan(0);
});

it('a strategy for single choices is refused where several may hold', async () => {
  const several = TEXT_CONFIG.replace('choice="single"', 'choice="multiple"');
  const creating = client.call('projectCreate', {
    body: { title: 'Several', label_config: several, settings: { query_strategy: 'badge' } },
  });
  await expect(creating).rejects.toMatchObject({ code: 'INPUT_BAD_FIELD', message: expect.stringMatching(/several/) });
});

it('answers by script alone bring about the training that is due', async () => {
  const id = await createTextProject(client, { retrain_every: 10 });
  await importTexts(client, id, texts);
  await settle(client, id);
  await server.again();
  client = server.client;
  const tasks = await client.call('projectTasks', { params: { project_id: id }, query: { page_size: 12 } });
  for (const task of tasks) {
    const body = { result: [answerOf(goldOf(texts, task))] };
    await client.call('annotationCreate', { params: { task_id: task.id }, body });
  }
  const versions = () => client.call('modelVersions', { params: { project_id: id } });
  await expect.poll(versions, { timeout: 50_000 }).not.toEqual([]);
});

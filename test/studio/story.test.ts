/** The whole story: connect, predict 2,000 tasks, label 100, train, predict again, disconnect for a while, resume. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { connectProject, eventsSettled, type StudioWorld, studioWorld, until } from './world.ts';

const TASKS = 2_000;
const LABELED = 100;

describe('a Label Studio user pastes one address', () => {
  let world: StudioWorld;
  let connectionId = 0;
  let projectId = 0;
  const texts = makeTexts(TASKS);
  const gold = new Map<number, string>();

  beforeAll(async () => {
    world = await studioWorld();
    for (const { text, label } of texts) gold.set(world.studio.add({ text }).id, label);
    const connected = await connectProject(world, {}, { retrain_every: 50 });
    ({ connectionId, projectId } = connected);
    await world.studio.connect(connected.backend);
  }, 60_000);
  afterAll(() => world.close());

  it('gets one item for each of 2,000 tasks before there is any model', async () => {
    const { studio } = world;
    const ids = [...studio.tasks.keys()];
    expect(await studio.predictTasks(ids)).toBe(TASKS);
    expect([...studio.tasks.values()].every((task) => task.predictions.length === 1)).toBe(true);
    expect((await world.client.call('projectGet', { params: { project_id: projectId } })).task_number).toBe(TASKS);
    // The same version again: nothing is asked a second time.
    expect(await studio.predictTasks(ids)).toBe(0);
  }, 60_000);

  it('labels 100 tasks there, and the head here learns from them', async () => {
    const { studio, client } = world;
    const before = studio.modelVersion;
    await settle(client, projectId);
    for (const id of [...studio.tasks.keys()].slice(0, LABELED)) await studio.annotate(id, [answerOf(gold.get(id)!)]);
    expect(studio.webhooksLost).toBe(0);
    await eventsSettled(world, connectionId);
    const project = await client.call('projectGet', { params: { project_id: projectId } });
    expect(project.total_annotations_number).toBe(LABELED);
    const job = await studio.startTraining();
    await until('training', async () => (await studio.jobStatus(job)) === 'finished');
    await settle(client, projectId);
    await studio.predictTasks([]);
    expect(studio.modelVersion).not.toBe(before);
  }, 60_000);

  it('is asked again because the version is new, and is right', async () => {
    const { studio } = world;
    const ids = [...studio.tasks.keys()];
    expect(await studio.predictTasks(ids)).toBe(TASKS);
    expect(await studio.versions()).toContain(studio.modelVersion);
    const right = ids.filter((id) => {
      const region = studio.tasks.get(id)!.predictions.at(-1)!.result[0] as { value: { choices: string[] } };
      return region.value.choices[0] === gold.get(id);
    });
    expect(right.length / TASKS).toBeGreaterThan(0.85);
    for (const task of studio.tasks.values()) {
      const { score, model_version } = task.predictions.at(-1)!;
      expect(score).toBeGreaterThan(0);
      expect(model_version).toBe(studio.modelVersion);
    }
  }, 60_000);

  it('sends what is owed after Label Studio was away, none twice', async () => {
    const { studio, client } = world;
    const params = { connection_id: connectionId };
    // The address that `setup` gave is not called before the owner accepts it.
    expect(studio.requests).toEqual([]);
    expect((await client.call('connectionDoctor', { params })).find((one) => one.part === 'address')?.ok).toBe(false);
    await client.call('connectionUpdate', { params, body: { accept_offer: true } });
    const fresh = makeTexts(250, 9).map(({ text }) => studio.add({ text: `new ${text}` }).id);
    studio.down = true;
    const { id: job } = await client.call('connectionSync', { params, body: {} });
    await until('a call that finds nobody', () => studio.cut > 1);
    expect((await client.call('jobGet', { params: { job_id: job } })).state).toBe('running');
    studio.down = false;
    // Two answers get lost on their way back although the predictions have arrived.
    studio.cutAfter = { path: /import\/predictions/, times: 2 };
    await settle(client, projectId);
    const ended = await client.call('jobGet', { params: { job_id: job } });
    expect(ended).toMatchObject({ state: 'done', output: { newTasks: 250, goneTasks: 0 } });
    const version = studio.modelVersion;
    for (const id of fresh) {
      expect(studio.tasks.get(id)!.predictions.filter((one) => one.model_version === version)).toHaveLength(1);
    }
    for (const task of studio.tasks.values()) {
      expect(task.predictions.filter((one) => one.model_version === version).length).toBeLessThanOrEqual(1);
    }
  }, 120_000);
});

/** Label Studio asks for a training: one for each time that finds none waiting, of its own project, on everything it has told before. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { connectProject, type StudioWorld, studioWorld, until } from './world.ts';

const TEXTS = makeTexts(24, 9).map((one, i) => ({ ...one, task: { id: i + 1, data: { text: one.text } } }));

let world: StudioWorld;
let connected: Awaited<ReturnType<typeof connectProject>>;

beforeAll(async () => {
  world = await studioWorld();
  connected = await connectProject(world, { studio_project: 5 }, { retrain_every: 10_000 });
  await post('/predict', { tasks: TEXTS.map((one) => one.task) });
  await settle(world.client, connected.projectId);
});
afterAll(() => world.close());

async function post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const reply = await fetch(connected.backend + path, { method: 'POST', body: JSON.stringify(body) });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

const answer = ({ task, label }: (typeof TEXTS)[number]) => ({
  ...{ id: task.id, task: task.id, completed_by: 1, updated_at: '2026-01-01T00:00:00Z' },
  result: [answerOf(label)],
});

const jobOf = (id: unknown) => world.client.call('jobGet', { params: { job_id: Number(id) } });

const trainings = async () => (await settle(world.client, connected.projectId)).filter((one) => one.kind === 'train');

const trainedOn = async () => {
  const versions = await world.client.call('modelVersions', { params: { project_id: connected.projectId } });
  return Math.max(0, ...versions.map((one) => one.trained_on));
};

it('trains once on what was told before, which need not have taken effect', async () => {
  const [first, ...others] = TEXTS.slice(0, 16);
  for (const one of [first!, ...others]) {
    await post('/webhook', {
      action: 'ANNOTATION_CREATED',
      annotation: answer(one),
      task: one.task,
      project: { id: 5 },
    });
  }
  const { status, body } = await post('/webhook', { action: 'START_TRAINING', project: { id: 5 } });
  expect([status, (await trainings()).map((one) => String(one.id))]).toEqual([201, [body.job]]);
  expect(await trainedOn()).toBe(16);
});

it('does the same by the old call, which brings the answers itself', async () => {
  const annotations = TEXTS.map((one) => ({ ...one.task, annotations: [answer(one)] }));
  const { status, body } = await post('/train', { annotations, project: '5.1' });
  const [newest, ...before] = await trainings();
  expect([status, String(newest?.id), before.length]).toEqual([201, body.job, 1]);
  expect(await trainedOn()).toBe(TEXTS.length);
});

it('trains once more on what is told while a training runs', async () => {
  // So many that the fit takes a while.
  const texts = makeTexts(200, 10).map((one, i) => ({ ...one, task: { id: 1_000 + i, data: { text: one.text } } }));
  const [late, told] = [texts.slice(0, 5), texts.slice(5)];
  await post('/predict', { tasks: texts.map((one) => one.task) });
  await settle(world.client, connected.projectId);
  const annotations = told.map((one) => ({ ...one.task, annotations: [answer(one)] }));
  const first = (await post('/train', { annotations, project: '5.1' })).body.job;
  await until('the fit', async () => (await jobOf(first)).stage !== '');
  for (const one of late) {
    await post('/webhook', {
      action: 'ANNOTATION_CREATED',
      annotation: answer(one),
      task: one.task,
      project: { id: 5 },
    });
  }
  await post('/webhook', { action: 'START_TRAINING', project: { id: 5 } });
  await settle(world.client, connected.projectId);
  expect(await trainedOn()).toBe(TEXTS.length + texts.length);
});

it('is refused for another project, whatever is asked', async () => {
  const before = (await trainings()).length;
  const calls = [
    ['/webhook', { action: 'START_TRAINING', project: { id: 6 } }],
    ['/train', { annotations: [], project: '6.1' }],
    ['/predict', { tasks: [TEXTS[0]!.task], project: '6.1' }],
  ] as const;
  for (const [path, body] of calls) {
    expect(await post(path, body)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('belongs to Label Studio project 5, not 6') },
    });
  }
  expect(await trainings()).toHaveLength(before);
});

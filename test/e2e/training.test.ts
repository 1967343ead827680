/** When training starts: by the policy, by hand, by a webhook; what a dry run says; and never two at once. */
import { describe, expect, it } from 'vitest';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const texts = makeTexts(120);
const server = servedFolder();

async function project(settings: Record<string, unknown>): Promise<{ project_id: number }> {
  const project_id = await createTextProject(server.client, { blind_share: 0, retrain_on_drift: false, ...settings });
  await importTexts(server.client, project_id, texts);
  await settle(server.client, project_id);
  return { project_id };
}

async function answerMany(params: { project_id: number }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await answerNext(server.client, params.project_id, texts);
}

const plan = (params: { project_id: number }) => server.client.call('trainingPlan', { params });
const trainings = async ({ project_id }: { project_id: number }) =>
  (await settle(server.client, project_id)).filter((job) => job.kind === 'train');

describe('training', () => {
  it('explains itself before it starts, and a webhook starts it only when it is due', async () => {
    const params = await project({ retrain_every: 15 });
    expect(await plan(params)).toMatchObject({ would_train: false, obstacle: 'No embedded task has an answer yet.' });
    await answerMany(params, 12);
    const early = await server.client.call('trainingAsk', { params });
    expect(early.job).toBeNull();
    expect(early.plan.sentence).toBe('Would not train now. 12 new labeled tasks since the last training; due at 15.');
    await server.client.call('projectUpdate', { params, body: { settings: { retrain_every: 5 } } });
    expect(await plan(params)).toMatchObject({ would_train: true, labels: 12 });
    expect(await trainings(params)).toEqual([]);
    const due = await server.client.call('trainingAsk', { params });
    expect(due.plan.rules).toEqual([
      { name: 'annotations', met: true, sentence: '12 new labeled tasks since the last training; due at 5.' },
    ]);
    expect(due.job).toMatchObject({ kind: 'train' });
    expect(await trainings(params)).toHaveLength(1);
    expect(await plan(params)).toMatchObject({ would_train: false });
  });

  it('counts verified answers where the policy asks for them', async () => {
    const params = await project({ retrain_every: 0, retrain_every_verified: 3 });
    await answerMany(params, 15);
    expect(await trainings(params)).toEqual([]);
    const tasks = await server.client.call('projectTasks', { params, query: { page_size: 100 } });
    for (const task of tasks.slice(0, 3)) {
      const body = { result: [answerOf(goldOf(texts, task))], ground_truth: true };
      await server.client.call('annotationCreate', { params: { task_id: task.id }, body });
    }
    await expect.poll(async () => (await trainings(params)).length, { timeout: 30_000 }).toBe(1);
    expect((await plan(params)).sentence).toContain('0 new verified tasks since the last training');
  });

  it('is not asked for again by labels that no model can learn any more', async () => {
    const params = await project({ retrain_every: 0 });
    await answerMany(params, 30);
    await settle(server.client, params.project_id);
    const label_config = TEXT_CONFIG.replace('"spam"', '"offer"');
    const body = { label_config, label_migration: { removed: 'keep' as const } };
    await server.client.call('projectUpdate', { params, body });
    for (const text of ['one', 'two', 'three', 'four', 'five', 'six']) {
      const item = await server.client.call('queueNext', { params, query: {} });
      const result = [answerOf(text.length > 3 ? 'offer' : 'ham')];
      await server.client.call('annotationCreate', { params: { task_id: item!.id }, body: { result } });
    }
    await settle(server.client, params.project_id);
    await server.client.call('train', { params });
    await settle(server.client, params.project_id);
    await server.client.call('projectUpdate', { params, body: { settings: { retrain_every: 5 } } });
    expect((await plan(params)).sentence).toContain('0 new labeled tasks since the last training');
  });

  it('by itself does nothing when every rule is off; by hand it still works', async () => {
    const params = await project({ retrain_every: 0 });
    await answerMany(params, 20);
    expect(await trainings(params)).toEqual([]);
    expect((await plan(params)).sentence).toMatch(/every rule of the policy is off/);
    const state = await server.client.call('queueState', { params });
    expect(state.annotations_until_retrain).toBeNull();
    await server.client.call('train', { params });
    const [job] = await trainings(params);
    expect(job!.output).toMatchObject({ trained: true, accepted: true });
  });

  it('learns from labels accepted in bulk, and says how good it is by those of people alone', async () => {
    const params = await project({ retrain_every: 0 });
    await answerMany(params, 30);
    await server.client.call('train', { params });
    await settle(server.client, params.project_id);
    const promoted = await server.client.call('promote', { params, body: { name: 'the rest looks fine' } });
    await settle(server.client, params.project_id);
    const { output } = await server.client.call('jobGet', { params: { job_id: promoted.id } });
    const { annotated } = output as { annotated: number };
    expect(annotated).toBeGreaterThan(30);
    await server.client.call('train', { params });
    await settle(server.client, params.project_id);
    const newest = (await server.client.call('modelVersions', { params })).at(-1)!;
    expect(newest).toMatchObject({ trained_on: 30 + annotated, metrics: { n: 30 } });
    expect(await server.client.call('modelFigures', { params, query: { of: 'all' } })).toMatchObject({ n: 30 });
  });

  it('never runs twice at once, however often it is asked for', async () => {
    const params = await project({ retrain_every: 0 });
    await answerMany(params, 20);
    let most = 0;
    for (let round = 0; round < 6; round++) {
      await Promise.all([1, 2, 3].map(() => server.client.call('train', { params })));
      const jobs = await server.client.call('jobList', { query: { project: params.project_id, limit: 100 } });
      const states = jobs.filter((job) => job.kind === 'train').map((job) => job.state);
      most = Math.max(most, states.filter((state) => state === 'running').length);
      expect(states.filter((state) => state === 'queued').length).toBeLessThanOrEqual(1);
    }
    expect(most).toBeLessThanOrEqual(1);
    await settle(server.client, params.project_id);
    expect(await server.client.call('modelVersions', { params })).toHaveLength(1);
  });
});

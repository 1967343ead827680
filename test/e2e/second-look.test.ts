/** Wrong answers come up for a second look, and trainings held against each other give advice on stopping. */
import { beforeAll, describe, expect, it } from 'vitest';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts } from '../helpers/texts.ts';

const texts = makeTexts(160);
const server = servedFolder();
let projectId: number;
const wrong = new Set<number>();

/** Answers the next tasks, every tenth one wrong. */
async function answer(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const params = { project_id: projectId };
    const item = (await server.client.call('queueNext', { params, query: {} }))!;
    const gold = goldOf(texts, item);
    const label = i % 10 === 9 ? (gold === 'spam' ? 'ham' : 'spam') : gold;
    const body = { result: [answerOf(label)], lead_time: 1 };
    const { id } = await server.client.call('annotationCreate', { params: { task_id: item.id }, body });
    if (label !== gold) wrong.add(id);
  }
  await server.client.call('train', { params: { project_id: projectId } });
  await settle(server.client, projectId);
}

/** Skips the next task of the random slice, answering those before it. */
async function skipBlind(id: number): Promise<number> {
  for (;;) {
    const item = (await server.client.call('queueNext', { params: { project_id: id }, query: {} }))!;
    const result = [answerOf(goldOf(texts, item))];
    const body = item.blind ? { result: [], was_cancelled: true } : { result };
    const annotation = await server.client.call('annotationCreate', { params: { task_id: item.id }, body });
    if (item.blind) return annotation.id;
  }
}

const doubts = (limit: number) =>
  server.client.call('labelErrors', { params: { project_id: projectId }, query: { limit } });

beforeAll(async () => {
  projectId = await createTextProject(server.client, { retrain_every: 1000, seed: 3 });
  await importTexts(server.client, projectId, texts);
  await settle(server.client, projectId);
});

describe('a second look', () => {
  it('has nothing to say before the first training', async () => {
    expect(await doubts(10)).toEqual({ judged: 0, estimated: 0, results: [] });
  });

  it('lists planted errors far above their share', async () => {
    for (let round = 0; round < 3; round++) await answer(30);
    const { judged, results } = await doubts(wrong.size);
    expect(judged).toBeGreaterThan(80);
    const found = results.filter((one) => wrong.has(one.annotation));
    expect(found.length / wrong.size).toBeGreaterThan(0.4);
    for (const one of results) expect(one.suggested).not.toEqual(one.given);
    const [looked] = results;
    const params = { annotation_id: looked!.annotation };
    await server.client.call('annotationUpdate', { params, body: { ground_truth: true } });
    expect((await doubts(200)).results.map((one) => one.annotation)).not.toContain(looked!.annotation);
  });

  it('moves no figure of the random slice: what was given without a hint counts', async () => {
    const id = await createTextProject(server.client, { retrain_every: 0, blind_share: 0.5 });
    const params = { project_id: id };
    await importTexts(server.client, id, texts);
    await settle(server.client, id);
    for (let i = 0; i < 80; i++) await answerNext(server.client, id, texts);
    await server.client.call('train', { params });
    await settle(server.client, id);
    const figures = () => server.client.call('modelFigures', { params, query: { of: 'blind' } });
    const before = await figures();
    expect(before.n).toBeGreaterThan(20);
    const answers = await server.client.call('projectAnnotations', { params, query: {} });
    for (const { id: annotation, result } of answers.filter((one) => one.blind).slice(0, 5)) {
      const turned = JSON.stringify(result).includes('"spam"') ? 'ham' : 'spam';
      const settled = { params: { annotation_id: annotation } };
      await server.client.call('annotationUpdate', {
        ...settled,
        body: { result: [answerOf(turned)], ground_truth: true },
      });
      // Thinking again after that is no blind answer either.
      await server.client.call('annotationUpdate', { ...settled, body: { result: [answerOf(turned)] } });
    }
    expect(await figures()).toEqual(before);
    const insights = async () => (await server.client.call('insights', { params })).blind_accuracy;
    const skipped = await skipBlind(id);
    const standing = await insights();
    const settled = { result: [answerOf('ham')], was_cancelled: false, ground_truth: true };
    await server.client.call('annotationUpdate', { params: { annotation_id: skipped }, body: settled });
    expect(await figures()).toEqual(before);
    expect(await insights()).toEqual(standing);
    const all = await server.client.call('modelFigures', { params, query: { of: 'all' } });
    expect(all.accuracy!.correct).toBeLessThan(all.n);
  });

  it('holds trainings against each other', async () => {
    const { stop_advice: advice } = await server.client.call('insights', { params: { project_id: projectId } });
    expect(advice.state).toBe('early');
    expect(advice.windows.length).toBeGreaterThanOrEqual(2);
    for (const one of advice.windows) {
      expect(one.tasks).toBe(160);
      expect(one.to_labels).toBeGreaterThan(one.from_labels);
      expect(one.kappa).toBeLessThanOrEqual(1);
    }
  });
});

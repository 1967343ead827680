/** The suggestion over all votes, through a real server: rules and head together, calibrated or without a number, undone at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

const data = temporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(data.folder);
});

afterAll(async () => {
  await server.stop();
  data.remove();
});

const DOCUMENT = `headstart_rules: 1
rules:
  - {id: always, label: ham, regex: {pattern: '.'}}
  - {id: prize, label: spam, keywords: [prize, winner]}
`;

const tasksOf = (projectId: number) =>
  server.client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: 1000 } });

async function suggestionsOf(projectId: number) {
  const list = await server.client.call('predictionList', {
    query: { project: projectId, page_size: 1000 },
  });
  return new Map(list.map((one) => [one.task, one]));
}

async function apply(projectId: number, document: string): Promise<number> {
  const params = { project_id: projectId };
  await server.client.call('ruleSave', { params, body: { document } });
  const job = await server.client.call('ruleApply', { params, body: {} });
  await settle(server.client, projectId);
  const { output } = await server.client.call('jobGet', { params: { job_id: job.id } });
  return (output as { runId: number }).runId;
}

describe('the suggestion', () => {
  const texts = makeTexts(160);

  it('comes from rules before anything is annotated, without a number, and goes when they are undone', async () => {
    const projectId = await createTextProject(server.client, { blind_share: 0 });
    await importTexts(server.client, projectId, texts);
    await settle(server.client, projectId);
    expect((await suggestionsOf(projectId)).size).toBe(0);
    const prize = DOCUMENT.replace(/^.*always.*\n/m, '');
    const runId = await apply(projectId, prize);
    const suggested = await suggestionsOf(projectId);
    const holding = (await tasksOf(projectId)).filter((task) => /prize|winner/i.test(String(task.data.text)));
    expect([...suggested.keys()].sort()).toEqual(holding.map((task) => task.id).sort());
    const one = suggested.get(holding[0]!.id)!;
    expect(one).toMatchObject({ score: null, model_version: expect.stringMatching(/^label-model@[0-9a-f]{12}$/) });
    expect(one.result[0]).toMatchObject({ value: { choices: ['spam'] } });

    await server.client.call('runUndo', { params: { run_id: runId } });
    expect((await suggestionsOf(projectId)).size).toBe(0);
    await settle(server.client, projectId);
    await server.client.call('runRedo', { params: { run_id: runId } });
    await settle(server.client, projectId);
    expect((await suggestionsOf(projectId)).size).toBe(suggested.size);
  });

  it('weighs rules by what proved right, and with the head; without rules it is exactly the head', async () => {
    const projectId = await createTextProject(server.client, { blind_share: 0, retrain_every: 40 });
    await importTexts(server.client, projectId, texts);
    await settle(server.client, projectId);
    for (let i = 0; i < 60; i++) await answerNext(server.client, projectId, texts);
    await settle(server.client, projectId);
    await server.client.call('train', { params: { project_id: projectId } });
    await settle(server.client, projectId);
    const head = await suggestionsOf(projectId);
    expect([...head.values()].every((one) => one.model_version!.startsWith('head@'))).toBe(true);

    const runId = await apply(projectId, DOCUMENT);
    const both = await suggestionsOf(projectId);
    expect([...both.values()].every((one) => one.model_version!.startsWith('label-model@') && one.score !== null)).toBe(
      true,
    );
    const tasks = await tasksOf(projectId);
    const rightIn = (suggestions: typeof both) =>
      tasks.filter((task) => {
        const value = suggestions.get(task.id)?.result[0]?.value as { choices: string[] } | undefined;
        return value?.choices[0] === goldOf(texts, task);
      }).length;
    // A rule that calls everything ham must not talk the head out of what it knows.
    expect(rightIn(both)).toBeGreaterThanOrEqual(rightIn(head) - 2);

    const item = await server.client.call('queueNext', { params: { project_id: projectId }, query: {} });
    expect(item!.predictions[0]).toMatchObject({ model_version: expect.stringMatching(/^label-model@/) });
    const votes = await server.client.call('taskVotes', { params: { task_id: item!.id } });
    expect(votes.some((vote) => vote.labeler.startsWith('rule:always@'))).toBe(true);
    await server.client.call('annotationCreate', {
      params: { task_id: item!.id },
      body: { result: [answerOf('ham')] },
    });

    await server.client.call('runUndo', { params: { run_id: runId } });
    await settle(server.client, projectId);
    const after = await suggestionsOf(projectId);
    for (const [task, one] of head) {
      if (after.get(task)!.model_version === one.model_version) expect(after.get(task)!.score).toBe(one.score);
    }
    expect([...after.values()].every((one) => one.model_version!.startsWith('head@'))).toBe(true);
  });
});

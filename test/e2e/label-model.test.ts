/** The suggestion over all votes, through a real server: rules and head together, calibrated or without a number, undone at once. */
import { describe, expect, it } from 'vitest';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts } from '../helpers/texts.ts';

const server = servedFolder();

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

  it('comes with how far its labelers disagree, in the reason of the task and of the head of the queue', async () => {
    const project_id = await createTextProject(server.client, { blind_share: 0 });
    await importTexts(server.client, project_id, texts);
    await settle(server.client, project_id);
    const lone = DOCUMENT.replace(/^.*prize.*\n/m, '');
    await apply(project_id, lone);
    const params = { project_id };
    const alone = await server.client.call('queueNext', { params });
    expect(alone!.reason).toMatchObject({ disagreement: null, sentence: expect.not.stringContaining('disagree') });
    await apply(project_id, `${lone}  - {id: contrary, label: spam, regex: {pattern: '.'}}\n`);
    const said = {
      disagreement: 0.5,
      sentence: expect.stringMatching(/disagree: 1 of 2 is against the leading label/),
    };
    expect((await server.client.call('queueNext', { params }))!.reason).toMatchObject(said);
    const ahead = await server.client.call('queuePreview', { params, query: { limit: 5 } });
    for (const one of ahead) expect(one.reason).toMatchObject(said);
  });

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

    // One more label is another model: it is fitted at once, and the rules go on.
    const params = { project_id: projectId };
    const { label_config } = await server.client.call('projectGet', { params });
    const body = { label_config: label_config.replace('</Choices>', '<Choice value="unsure"/></Choices>') };
    await server.client.call('projectUpdate', { params, body });
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

  it('becomes annotations by a named act, of tasks nobody has dealt with; it proves nothing, and undo takes it back', async () => {
    const projectId = await createTextProject(server.client, { blind_share: 0 });
    await importTexts(server.client, projectId, texts);
    await settle(server.client, projectId);
    const runId = await apply(projectId, DOCUMENT.replace(/^.*always.*\n/m, ''));
    const suggested = await suggestionsOf(projectId);
    const [first, ...others] = [...suggested.keys()];
    await server.client.call('annotationCreate', { params: { task_id: first! }, body: { result: [answerOf('ham')] } });
    const params = { project_id: projectId };
    const promote = async (body: { name: string; run?: number; min_score?: number }) => {
      const job = await server.client.call('promote', { params, body });
      await settle(server.client, projectId);
      const { output } = await server.client.call('jobGet', { params: { job_id: job.id } });
      return output as { runId: number; annotated: number };
    };
    // Nothing here carries a number yet, so nothing reaches a least one.
    expect(await promote({ name: 'sure ones', min_score: 0.5 })).toMatchObject({ annotated: 0 });
    const done = await promote({ name: 'prizes are always spam', run: runId });
    expect(done.annotated).toBe(others.length);
    const runs = await server.client.call('runList', { params });
    expect(runs.at(-1)).toMatchObject({ kind: 'promote', written: others.length });
    expect(runs.at(-1)!.summary).toContain('prizes are always spam');
    const project = await server.client.call('projectGet', { params });
    expect(project.num_tasks_with_annotations).toBe(1 + others.length);

    const report = await server.client.call('ruleReport', { params, body: {} });
    expect(report).toMatchObject({ annotated: 1, accuracy: 0 });
    expect((await server.client.call('insights', { params })).blind_accuracy).toBeNull();

    await server.client.call('runUndo', { params: { run_id: done.runId } });
    expect((await server.client.call('projectGet', { params })).num_tasks_with_annotations).toBe(1);
    await expect(server.client.call('promote', { params, body: { name: 'again', run: done.runId } })).rejects.toThrow(
      /kind promote/,
    );
    await expect(server.client.call('promote', { params, body: { name: ' ' } })).rejects.toThrow(/name/);
  });

  it('is what a rule may ask of a model: how sure it is', async () => {
    const projectId = await createTextProject(server.client, { blind_share: 0, retrain_every: 0 });
    await importTexts(server.client, projectId, texts);
    await settle(server.client, projectId);
    for (let i = 0; i < 42; i++) await answerNext(server.client, projectId, texts);
    // By hand: the policy asks for a training a moment after the answer.
    await server.client.call('train', { params: { project_id: projectId } });
    await settle(server.client, projectId);
    const head = await suggestionsOf(projectId);
    const least = 0.8;
    const sure = [...head.values()].filter((one) => {
      const { choices } = one.result[0]!.value as { choices: string[] };
      return choices[0] === 'spam' && one.score! >= least;
    });
    expect(sure.length).toBeGreaterThan(5);
    const document = `headstart_rules: 1\nrules:\n  - {id: sure, label: spam, score: {model: head, label: spam, min: ${least}}}\n`;
    const preview = await server.client.call('rulePreview', { params: { project_id: projectId }, body: { document } });
    expect(preview.rules[0]!.hits).toBe(sure.length);
    const runId = await apply(projectId, document);
    expect(await server.client.call('runGet', { params: { run_id: runId } })).toMatchObject({ written: sure.length });
  });
});

/** Spreading labels over a real server: preview, apply, undo, corrections, bulk labels, copies, spans, kills. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { runCommand } from '../helpers/process.ts';
import { answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf, type LabeledText, makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const COUNT = 400;
const SLICE = 0.3;
const texts = makeTexts(COUNT);
const server = servedFolder();
let client: Client;

beforeAll(async () => {
  client = server.client;
});
/** Runs a job to its end and returns its output. */
async function finish(job: { id: number }): Promise<Record<string, unknown>> {
  for (;;) {
    const now = await client.call('jobGet', { params: { job_id: job.id } });
    expect(now.error, JSON.stringify(now.error)).toBeNull();
    if (now.state === 'done') return now.output as Record<string, unknown>;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function tasksOf(projectId: number) {
  return client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: 1_000 } });
}

/** A project whose first `answered` tasks are labeled right. */
async function labeledProject(answered: number, given: readonly LabeledText[] = texts) {
  const projectId = await createTextProject(client, { blind_share: SLICE });
  await importTexts(client, projectId, given);
  await settle(client, projectId);
  const tasks = await tasksOf(projectId);
  for (const task of tasks.slice(0, answered)) await answer(task.id, goldOf(given, task));
  await settle(client, projectId);
  return { projectId, tasks };
}

const answer = (taskId: number, label: string) =>
  client.call('annotationCreate', { params: { task_id: taskId }, body: { result: [answerOf(label)] } });

const votesOf = async (taskId: number) =>
  (await client.call('taskVotes', { params: { task_id: taskId } })).filter((vote) => vote.kind === 'neighbour');

describe('spreading labels', () => {
  it('previews, applies under a promise, says where each vote comes from, and undoes without a trace', async () => {
    const { projectId, tasks } = await labeledProject(200);
    const params = { project_id: projectId };
    const looked = tasks.slice(150).filter((_, i) => i % 4 === 0);
    expect(await client.call('spreadPlan', { params })).toBeNull();
    const before = await Promise.all(looked.map((task) => votesOf(task.id)));
    await finish(await client.call('spreadPreview', { params, body: {} }));
    const plan = (await client.call('spreadPlan', { params }))!;
    expect(plan.stale).toBe(false);
    expect(plan.verified).toBeGreaterThan(30);
    expect(plan.questions[0]!.evidence.length).toBeGreaterThan(3);
    expect(plan.labels.reduce((sum, one) => sum + one.accepted, 0)).toBeGreaterThan(100);
    expect(plan.clusters.reduce((sum, one) => sum + one.size, 0)).toBeGreaterThan(0);
    expect(await Promise.all(looked.map((task) => votesOf(task.id)))).toEqual(before);

    const { runId, votes } = await finish(await client.call('spreadApply', { params, body: {} }));
    expect(votes).toBe(plan.labels.reduce((sum, one) => sum + one.accepted, 0));
    const after = await Promise.all(looked.map((task) => votesOf(task.id)));
    const voted = looked.filter((_, i) => after[i]!.length > 0);
    expect(voted.length).toBeGreaterThan(30);
    const right = voted.filter((task) => after[looked.indexOf(task)]![0]!.label === goldOf(texts, task));
    expect(right.length / voted.length).toBeGreaterThanOrEqual(0.94);
    const [vote] = after.find((own) => own.length > 0)!;
    expect(vote!.labeler).toMatch(new RegExp(`^neighbour:${runId}@`));
    expect(vote!.sources!.length).toBe(5);
    const answered = new Set(tasks.slice(0, 200).map((task) => task.id));
    expect(vote!.sources!.every((source) => answered.has(source.task))).toBe(true);

    await client.call('runUndo', { params: { run_id: Number(runId) } });
    expect(await Promise.all(looked.map((task) => votesOf(task.id)))).toEqual(before);
    await client.call('runRedo', { params: { run_id: Number(runId) } });
    expect(await Promise.all(looked.map((task) => votesOf(task.id)))).toEqual(after);
  });

  it('abstains with few answers, says how many would help, and puts random tasks before all others', async () => {
    const { projectId, tasks } = await labeledProject(12);
    const params = { project_id: projectId };
    await finish(await client.call('spreadPreview', { params, body: {} }));
    const plan = (await client.call('spreadPlan', { params }))!;
    expect(plan.questions[0]).toMatchObject({ rule: 'too-few', coverage: 0, more: 30 - plan.verified });
    const outcome = await finish(await client.call('spreadApply', { params, body: {} }));
    expect(outcome.votes).toBe(0);
    const asked = await runCommand(['propagate', 'ask', String(projectId), '--count', '40'], server.folder);
    expect(JSON.parse(asked.stdout)).toEqual({ queued: 40 });
    for (let i = 0; i < 40; i++) {
      const item = (await client.call('queueNext', { params, query: {} }))!;
      expect(item.blind).toBe(true);
      await answer(item.id, goldOf(texts, item));
    }
    await finish(await client.call('spreadPreview', { params, body: {} }));
    const now = (await client.call('spreadPlan', { params }))!;
    expect(now.verified).toBeGreaterThanOrEqual(40);
    expect(now.questions[0]!.rule).toBe('platt');
    expect(tasks).toHaveLength(COUNT);
    await expect(client.call('spreadPreview', { params, body: { target: 1.5 } })).rejects.toMatchObject({
      code: 'INPUT_BAD_FIELD',
    });
  });

  it('spreads anew after a correction, takes the old run back, and asks people about what changed', async () => {
    const { projectId, tasks } = await labeledProject(160);
    const params = { project_id: projectId };
    const first = await finish(await client.call('spreadApply', { params, body: {} }));
    const annotations = await client.call('taskAnnotations', { params: { task_id: tasks[0]!.id } });
    const wrong = goldOf(texts, tasks[0]!) === 'spam' ? 'ham' : 'spam';
    await client.call('annotationUpdate', {
      params: { annotation_id: annotations[0]!.id },
      body: { result: [answerOf(wrong)] },
    });
    const spreads = async () => (await client.call('runList', { params })).filter((run) => run.kind === 'propagation');
    await expect.poll(async () => (await spreads()).length, { timeout: 20_000 }).toBe(2);
    await settle(client, projectId);
    const runs = await spreads();
    expect(runs[0]!.id).toBe(first.runId);
    expect(runs[0]!.revoked_at).not.toBeNull();
    expect(runs[1]!.summary).toContain(`in place of run ${runs[0]!.id}`);
    expect(runs[1]!.revoked_at).toBeNull();
  });

  it('forgets a preview whose labels have other places by now', async () => {
    const { projectId } = await labeledProject(60);
    const params = { project_id: projectId };
    await finish(await client.call('spreadPreview', { params, body: {} }));
    expect(await client.call('spreadPlan', { params })).not.toBeNull();
    const [spam, ham] = ['<Choice value="spam"/>', '<Choice value="ham"/>'];
    const turned = TEXT_CONFIG.replace(spam, '').replace(ham, `${ham}${spam}`);
    await client.call('projectUpdate', { params, body: { label_config: turned } });
    expect(await client.call('spreadPlan', { params })).toBeNull();
    const cards = client.call('spreadCards', { params, query: { source: 'proposals' } });
    await expect(cards).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('leaves to people what they have looked at when a bulk act is undone', async () => {
    const { projectId, tasks } = await labeledProject(20);
    const params = { project_id: projectId };
    const items = tasks.slice(30, 40).map((task) => ({ task: task.id, labels: ['spam'] }));
    const { runId } = await finish(await client.call('bulkLabel', { params, body: { items } }));
    const given = async (taskId: number) => client.call('taskAnnotations', { params: { task_id: taskId } });
    const [looked] = await given(tasks[30]!.id);
    await client.call('annotationUpdate', { params: { annotation_id: looked!.id }, body: { ground_truth: true } });
    await client.call('runUndo', { params: { run_id: Number(runId) } });
    expect(await given(tasks[30]!.id)).toHaveLength(1);
    expect(await given(tasks[31]!.id)).toHaveLength(0);
  });

  it('labels a cluster in bulk as one run, which one undo takes back; a sample gives a bound', async () => {
    const { projectId } = await labeledProject(120);
    const params = { project_id: projectId };
    await finish(await client.call('spreadPreview', { params, body: {} }));
    const query = { source: 'proposals' as const, label: 'spam', least: 0.5 };
    const { cards, total } = await client.call('spreadCards', { params, query: { ...query, limit: 50 } });
    expect(total).toBeGreaterThanOrEqual(cards.length);
    expect(cards.every((card) => card.label === 'spam' && card.confidence! >= 0.5)).toBe(true);
    const sample = await client.call('spreadSample', { params, query });
    expect(sample.cards).toHaveLength(Math.min(20, total));
    expect(sample.cards.every((card) => card.labels.length > 0 && card.answered === null)).toBe(true);
    expect(sample.bounds[0]!).toBeLessThan(0.1);
    expect(sample.bounds[3]!).toBeGreaterThan(sample.bounds[0]!);
    const cluster = await client.call('spreadCards', { params, query: { source: 'cluster', cluster: 0 } });
    expect(cluster.total).toBeGreaterThan(0);
    const all = await client.call('spreadCards', { params, query: { source: 'all', text: 'NO SUCH WORD' } });
    expect(all).toEqual({ cards: [], total: 0, unread: 0 });
    const whole = await client.call('spreadCards', { params, query: { source: 'all', limit: 500 } });
    expect(whole.total).toBe(COUNT);
    expect(whole.cards.filter((card) => card.answered !== null)).toHaveLength(120);
    expect(whole.cards.filter((card) => card.answered === null && card.label !== null).length).toBeGreaterThan(200);
    const near = await client.call('spreadCards', { params, query: { source: 'similar', task: cards[0]!.task.id } });
    expect(near.cards[0]!.similarity!).toBeGreaterThanOrEqual(near.cards[1]!.similarity!);

    const before = await client.call('projectGet', { params });
    const items = cards.slice(0, 30).map((card) => ({ task: card.task.id, labels: ['spam'] }));
    const done = await finish(await client.call('bulkLabel', { params, body: { items } }));
    expect(done.labeled).toBe(30);
    const again = await finish(await client.call('bulkLabel', { params, body: { items } }));
    expect(again).toMatchObject({ labeled: 0, leftOut: 30 });
    expect((await client.call('projectGet', { params })).total_annotations_number).toBe(
      before.total_annotations_number! + 30,
    );
    await client.call('runUndo', { params: { run_id: Number(done.runId) } });
    expect((await client.call('projectGet', { params })).total_annotations_number).toBe(
      before.total_annotations_number,
    );
    await expect(
      client.call('bulkLabel', { params, body: { items: [{ task: items[0]!.task, labels: ['eggs'] }] } }),
    ).rejects.toThrow(/no label "eggs"/);
  });

  it('finds copies, warns where they contradict each other, and keeps one', async () => {
    const copied = [...texts.slice(0, 60), texts[0]!, { ...texts[1]!, text: ` ${texts[1]!.text}  ` }];
    const { projectId, tasks } = await labeledProject(0, copied);
    const params = { project_id: projectId };
    await answer(tasks[0]!.id, 'spam');
    await answer(tasks[60]!.id, 'ham');
    await finish(await client.call('duplicatesFind', { params }));
    const found = (await client.call('duplicatesGet', { params }))!;
    expect(found.conflicts).toBe(1);
    expect(found.groups[0]!.tasks).toEqual(expect.arrayContaining([tasks[0]!.id, tasks[60]!.id]));
    expect(Object.keys(found.groups[0]!.labels).sort()).toEqual(['ham', 'spam']);
    const second = found.groups.find((group) => group.tasks.includes(tasks[61]!.id))!;
    expect(second.tasks).toContain(tasks[1]!.id);
    const { labeled } = await finish(await client.call('duplicatesKeepOne', { params, body: { task: tasks[1]!.id } }));
    expect(labeled).toBe(second.tasks.length - 1);
    const skipped = await client.call('taskAnnotations', { params: { task_id: tasks[61]!.id } });
    expect(skipped[0]!.was_cancelled).toBe(true);
    const now = (await client.call('duplicatesGet', { params }))!;
    expect(now.groups.find((group) => group.tasks.includes(tasks[61]!.id))!.open).toEqual([tasks[1]!.id]);
    expect(found.groups.find((group) => group.tasks.includes(tasks[61]!.id))!.open).toContain(tasks[61]!.id);
  });

  it('proposes a labeled span at its other occurrences, as one run of predictions', { timeout: 120_000 }, async () => {
    const config = `<View><Text name="text" value="$text"/><Labels name="ner" toName="text"><Label value="LOC"/></Labels></View>`;
    const project = await client.call('projectCreate', { body: { title: 'Spans', label_config: config } });
    const params = { project_id: project.id };
    const lines = ['Oslo is cold, and oslo is far.', 'From OSLO to Bergen', 'Osloites live here'];
    await client.upload(
      'projectImport',
      { params, query: { name: 'texts.jsonl' } },
      bytesOf(lines.map((text, i) => JSON.stringify({ id: i + 1, data: { text } })).join('\n')),
    );
    await settle(client, project.id);
    const tasks = await tasksOf(project.id);
    const region = {
      from_name: 'ner',
      to_name: 'text',
      type: 'labels',
      value: { start: 0, end: 4, text: 'Oslo', labels: ['LOC'] },
    };
    const spread = (scope: 'task' | 'project') =>
      client.call('spanSpread', { params, body: { task: tasks[0]!.id, region, scope } });
    const body = { task: tasks[0]!.id, region, scope: 'project' as const, preview: true };
    const seen = await finish(await client.call('spanSpread', { params, body }));
    expect(seen).toMatchObject({ tasks: 2, spans: 2 });
    expect((seen.examples as unknown[])[1]).toEqual({
      task: tasks[1]!.id,
      before: 'From ',
      words: 'OSLO',
      after: ' to Bergen',
      more: 0,
    });
    expect((await client.call('runList', { params })).map((run) => run.kind)).toEqual(['import']);
    const done = await finish(await spread('project'));
    expect(done).toMatchObject({ tasks: 2, spans: 2 });
    const predictions = await client.call('predictionList', { query: { task: tasks[1]!.id } });
    expect(predictions[0]!.result[0]).toMatchObject({ value: { start: 5, end: 9, text: 'OSLO', labels: ['LOC'] } });
    await client.call('runUndo', { params: { run_id: Number(done.runId) } });
    expect(await client.call('predictionList', { query: { task: tasks[1]!.id } })).toEqual([]);
    expect(await finish(await spread('task'))).toMatchObject({ tasks: 1, spans: 1 });
    await client.call('annotationCreate', { params: { task_id: tasks[0]!.id }, body: { result: [region] } });
    const span = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCommand(
        ['propagate', 'span', String(tasks[0]!.id), ...args],
        server.folder,
      );
      return code === 0 ? JSON.parse(stdout.trim()) : stderr;
    };
    expect(await span()).toEqual({ words: 'Oslo', label: 'LOC' });
    expect(await span('Oslo', '--part-words', '--preview')).toEqual({ label: 'LOC', tasks: 3, spans: 3 });
    expect(await span('Oslo', '--match-case', '--preview')).toEqual({ label: 'LOC', tasks: 0, spans: 0 });
    expect(await span('Bergen')).toMatch(/No span .*Bergen.* is annotated in this task/);
    const { runId } = await span('Oslo');
    expect((await client.call('predictionList', { query: { task: tasks[1]!.id } }))[0]!.result).toHaveLength(1);
    const undone = await runCommand(['propagate', 'undo', String(project.id)], server.folder);
    expect(JSON.parse(undone.stdout)).toMatchObject({ id: runId });
    expect(await client.call('predictionList', { query: { task: tasks[1]!.id } })).toEqual([]);
    await expect(
      client.call('spanSpread', { params, body: { task: tasks[0]!.id, region: { from_name: 'x' }, scope: 'task' } }),
    ).rejects.toMatchObject({ code: 'INPUT_BAD_FIELD' });
  });
});

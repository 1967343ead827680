/** The main job through a real process and real HTTP: import, embed, order, answer, retrain, pre-label, undo, export. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerNext, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

const texts = makeTexts(300);
const data = temporaryFolder();
let server: ServerProcess;
let projectId: number;

beforeAll(async () => {
  server = await startServerProcess(data.folder);
  projectId = await createTextProject(server.client, { retrain_every: 20, seed: 3 });
});

afterAll(async () => {
  await server.stop();
  data.remove();
});

describe('the main job', () => {
  it('imports a file and embeds it in the background', async () => {
    const done = await importTexts(server.client, projectId, texts);
    expect(done).toMatchObject({ task_count: 300, data_columns: ['text'], skipped: [] });
    const jobs = await settle(server.client, projectId);
    expect(jobs.filter((job) => job.state !== 'done')).toEqual([]);
    const state = await server.client.call('queueState', { params: { project_id: projectId } });
    expect(state).toMatchObject({ ranked: 300, tasks: 300, phase: 'seed', model_version: null });
  });

  it('leases different tasks in the order of the policy, with a reason and, later, a suggestion', async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 60; i++) {
      const step = await answerNext(server.client, projectId, texts);
      expect(seen.has(step!.item.id)).toBe(false);
      seen.add(step!.item.id);
      if (!step!.item.blind) expect(step!.item.reason?.sentence.length).toBeGreaterThan(10);
      if (step!.item.blind) expect(step!.item.predictions).toEqual([]);
    }
    const { item, annotation } = (await answerNext(server.client, projectId, texts))!;
    const shown = item.predictions[0];
    if (!item.blind) expect(shown?.score).toBeGreaterThan(0.4);
    expect(annotation.outcome).toMatch(item.blind ? /unaided/ : /accepted|changed/);
    if (shown) expect(annotation.parent_prediction).toBe(shown.id);
  });

  it('retrains by itself and pre-labels everything, mostly right', async () => {
    // What the last answers ask for comes behind their replies; a training waits for them.
    await server.client.call('train', { params: { project_id: projectId } });
    await settle(server.client, projectId);
    const versions = await server.client.call('modelVersions', { params: { project_id: projectId } });
    expect(versions.length).toBeGreaterThanOrEqual(2);
    expect(versions.filter((version) => version.active)).toHaveLength(1);
    const query = { project: projectId, page_size: 1000 };
    const predictions = await server.client.call('predictionList', { query });
    expect(predictions).toHaveLength(300);
    const tasks = await server.client.call('projectTasks', {
      params: { project_id: projectId },
      query: { page_size: 1000 },
    });
    const right = predictions.filter((one) => {
      const task = tasks.find((row) => row.id === one.task)!;
      return JSON.stringify(one.result).includes(`"${goldOf(texts, task)}"`);
    });
    expect(right.length / 300).toBeGreaterThan(0.85);
  });

  it('undoes a pre-label run as a whole and brings it back', async () => {
    const runs = await server.client.call('runList', { params: { project_id: projectId } });
    const active = runs.filter((run) => run.kind === 'prelabel').at(-1)!;
    const predictionCount = async () =>
      (await server.client.call('predictionList', { query: { project: projectId, page_size: 1000 } })).length;
    await server.client.call('runUndo', { params: { run_id: active.id } });
    expect(await predictionCount()).toBe(0);
    await server.client.call('runRedo', { params: { run_id: active.id } });
    expect(await predictionCount()).toBe(300);
  });

  it('exports every answer with its labeler and takes the file back unchanged', async () => {
    const params = { project_id: projectId };
    const body = await server.client.download('projectExport', { params, query: { exportType: 'JSON' } });
    const rows = JSON.parse(await textOf(body)) as { annotations: { labeler: string; result: unknown[] }[] }[];
    expect(rows).toHaveLength(61);
    expect(rows.every((row) => row.annotations[0]?.labeler === 'annotator:owner')).toBe(true);

    const copy = await createTextProject(server.client);
    const upload = { params: { project_id: copy }, query: { name: 'export.json' } };
    const again = await server.client.upload('projectImport', upload, [Buffer.from(JSON.stringify(rows))] as never);
    expect(again).toMatchObject({ task_count: 61, annotation_count: 61 });
    const second = await server.client.download('projectExport', {
      params: { project_id: copy },
      query: { exportType: 'JSON' },
    });
    const results = (JSON.parse(await textOf(second)) as typeof rows).map((row) => row.annotations[0]?.result);
    expect(results).toEqual(rows.map((row) => row.annotations[0]?.result));
  });

  it('keeps every answer and the order over a restart', async () => {
    const params = { project_id: projectId };
    const before = await server.client.call('queuePreview', { params, query: { limit: 10 } });
    await server.stop();
    server = await startServerProcess(data.folder);
    const after = await server.client.call('queuePreview', { params, query: { limit: 10 } });
    expect(after.map((one) => one.task.id)).toEqual(before.map((one) => one.task.id));
    expect((await server.client.call('projectGet', { params })).num_tasks_with_annotations).toBe(61);
  });

  it('writes nothing of the texts into its log', () => {
    expect(server.log()).not.toMatch(/prize|meeting|guaranteed/);
  });
});

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

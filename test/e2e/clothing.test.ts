/** Real photos through the whole system: uploaded, embedded by a model that was dropped in, judged by their neighbours. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { describeShared } from '../backends/shared.ts';
import { sharedPath } from '../backends/shared-models.ts';
import { runCommand } from '../helpers/process.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';

const CONFIG =
  '<View><Image name="image" value="$image"/><Choices name="kind" toName="image"><Choice value="dress"/><Choice value="shirt"/></Choices></View>';
const NEIGHBOURS = 5;

interface Photo {
  readonly file: string;
  readonly label: string;
  readonly isTest: boolean;
}

describeShared('5-NN on clothing-small', () => {
  const photos = ['validation', 'test'].flatMap((split): Photo[] => {
    const lines = readFileSync(sharedPath('data/images/clothing-small', `${split}.csv`), 'utf8')
      .trim()
      .split('\n');
    return lines.slice(1).map((line) => {
      const [file = '', label = ''] = line.split(',');
      return { file, label, isTest: split === 'test' };
    });
  });
  const server = servedFolder();
  let projectId: number;
  /** Task -> photo. */
  const photoOf = new Map<number, Photo>();

  beforeAll(async () => {
    const { client } = server;
    const settings = { embedder: 'lexical', blind_share: 0 };
    projectId = (await client.call('projectCreate', { body: { title: 'Clothes', label_config: CONFIG, settings } })).id;
    const form = new FormData();
    for (const [i, { file }] of photos.entries()) {
      form.append('file', new Blob([readFileSync(sharedPath('data/images/clothing-small', file))]), `${i}.jpg`);
    }
    const answer = await fetch(`${server.url}/api/projects/${projectId}/uploads?as_tasks=true`, {
      method: 'POST',
      body: form,
    });
    expect(answer.status).toBe(201);
    await settle(client, projectId);
    const tasks = await client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: 1_000 } });
    for (const { id, meta } of tasks) photoOf.set(id, photos[Number.parseInt(String(meta.file), 10)]!);
  }, 120_000);

  async function accuracy(): Promise<number> {
    const tested = [...photoOf].filter(([, photo]) => photo.isTest);
    let right = 0;
    for (const [id, { label }] of tested) {
      const near = await server.client.call('taskSimilar', { params: { task_id: id }, query: { limit: 100 } });
      const known = near.map(({ task }) => photoOf.get(task.id)!).filter(({ isTest }) => !isTest);
      const votes = new Map<string, number>();
      for (const one of known.slice(0, NEIGHBOURS)) votes.set(one.label, (votes.get(one.label) ?? 0) + 1);
      // Of equals the one that came first, which is nearer.
      const best = [...votes].reduce((a, b) => (b[1] > a[1] ? b : a));
      right += Number(best[0] === label);
    }
    return right / tested.length;
  }

  it('by the descriptor that needs no model is far above chance', async () => {
    expect(await accuracy()).toBeGreaterThan(0.3);
    expect(await server.client.call('queueState', { params: { project_id: projectId } })).toMatchObject({
      embedder: 'image-descriptor',
      ranked: photos.length,
    });
  }, 60_000);

  it('by MobileNet, dropped in and chosen as embedder, is right on at least 70 %', async () => {
    const added = await runCommand(
      ['models', 'add', sharedPath('models/mobilenet_v2'), '--name', 'mobilenet-v2', '--license', 'Apache-2.0'],
      server.folder,
    );
    expect(added.code, added.stderr).toBe(0);
    const params = { project_id: projectId };
    await server.client.call('projectUpdate', { params, body: { settings: { embedder: 'mobilenet-v2' } } });
    await settle(server.client, projectId);
    const state = await server.client.call('queueState', { params });
    expect(state).toMatchObject({ embedder: 'mobilenet-v2', ranked: photos.length });
    expect(await accuracy()).toBeGreaterThanOrEqual(0.7);
  }, 240_000);
});

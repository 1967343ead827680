/** Several questions about one item: each control has its own head, versions and suggestion; one result carries them all. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TOKENIZER, textClassifier } from '../helpers/models.ts';
import { runCommand } from '../helpers/process.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf } from '../helpers/texts.ts';

const CONFIG = `<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
  <Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="room"/><Choice value="staff"/></Choices>
  <View visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad">
    <Choices name="refund" toName="text"><Choice value="yes"/><Choice value="no"/></Choices>
  </View>
</View>`;

const TOPICS = {
  food: ['soup tasted', 'breakfast eggs were'],
  room: ['bed sheets looked', 'bathroom shower felt'],
  staff: ['waiter was', 'reception clerk seemed'],
};
type Topic = keyof typeof TOPICS;

interface Gold {
  readonly text: string;
  readonly mood: 'good' | 'bad';
  readonly topics: readonly Topic[];
  readonly refund: 'yes' | 'no';
}

const gold: readonly Gold[] = Array.from({ length: 120 }, (_, i) => {
  const names = Object.keys(TOPICS) as Topic[];
  const topics = [...new Set([names[i % 3]!, ...(i % 4 === 0 ? [names[(i + 1) % 3]!] : [])])];
  const mood = i % 2 === 0 ? 'good' : 'bad';
  const words = mood === 'good' ? 'wonderful and lovely' : 'terrible and awful';
  const refund = i % 5 < 2 ? 'yes' : 'no';
  const said = topics.map((topic) => TOPICS[topic][i % 2]).join(' and the ');
  const ask = refund === 'yes' ? 'please return my money' : 'just so you know';
  return { text: `Visit ${i}: the ${said} ${words}, ${ask}`, mood, topics, refund };
});

const server = servedFolder();
let projectId: number;

beforeAll(async () => {
  const settings = { embedder: 'lexical', retrain_every: 20, blind_share: 0, seed: 5 };
  projectId = (await server.client.call('projectCreate', { body: { title: 'Hotel', label_config: CONFIG, settings } }))
    .id;
  const lines = gold.map(({ text }, i) => JSON.stringify({ id: i + 1, data: { text } })).join('\n');
  const where = { params: { project_id: projectId }, query: { name: 'hotel.jsonl' } };
  await server.client.upload('projectImport', where, bytesOf(lines));
  await settle(server.client, projectId);
});
const region = (name: string, choices: readonly string[]) => ({
  from_name: name,
  to_name: 'text',
  type: 'choices',
  value: { choices },
});

async function answer(count: number) {
  const shown = [];
  for (let i = 0; i < count; i++) {
    const item = (await server.client.call('queueNext', { params: { project_id: projectId } }))!;
    const { mood, topics, refund } = gold[Number(item.meta.sourceId) - 1]!;
    const result = [
      region('mood', [mood]),
      region('topics', topics),
      ...(mood === 'bad' ? [region('refund', [refund])] : []),
    ];
    const annotation = await server.client.call('annotationCreate', { params: { task_id: item.id }, body: { result } });
    shown.push({ item, annotation });
  }
  await settle(server.client, projectId);
  return shown;
}

const versions = () => server.client.call('modelVersions', { params: { project_id: projectId } });
const predictions = () => server.client.call('predictionList', { query: { project: projectId, page_size: 1000 } });
const saysOf = (result: readonly unknown[], name: string): string[] => {
  const found = (result as ReturnType<typeof region>[]).find((one) => one.from_name === name);
  return [...(found?.value.choices ?? [])];
};

describe('several controls', () => {
  it('get a head each from the same answers', async () => {
    await answer(60);
    const all = await versions();
    expect(
      all
        .filter(({ active }) => active)
        .map(({ control }) => control)
        .sort(),
    ).toEqual(['mood', 'refund', 'topics']);
    const jobs = await server.client.call('jobList', { query: { project: projectId, limit: 200 } });
    expect(jobs.filter(({ state }) => state !== 'done')).toEqual([]);
  });

  it('are suggested together in one result, hidden ones left out', async () => {
    const all = await predictions();
    expect(all).toHaveLength(120);
    const tasks = await server.client.call('projectTasks', {
      params: { project_id: projectId },
      query: { page_size: 1000 },
    });
    const right = { mood: 0, topics: 0 };
    for (const { task, result, score } of all) {
      const { mood, topics } = gold[Number(tasks.find(({ id }) => id === task)!.meta.sourceId) - 1]!;
      right.mood += Number(saysOf(result, 'mood')[0] === mood);
      right.topics += Number(saysOf(result, 'topics').sort().join() === [...topics].sort().join());
      expect(saysOf(result, 'refund').length).toBe(saysOf(result, 'mood')[0] === 'bad' ? 1 : 0);
      const scores = (result as { score: number }[]).map((one) => one.score);
      expect(score).toBeCloseTo(Math.min(...scores), 6);
    }
    expect(right.mood / 120).toBeGreaterThan(0.9);
    expect(right.topics / 120).toBeGreaterThan(0.8);
  });

  it('come with the next item, and the answer is held against all of them', async () => {
    const [{ item, annotation } = (await answer(1))[0]!] = await answer(1);
    const [shown] = item.predictions;
    expect(saysOf(shown!.result, 'mood')).toHaveLength(1);
    expect((shown!.result as unknown[]).length).toBeGreaterThanOrEqual(2);
    expect(annotation.parent_prediction).toBe(shown!.id);
  });

  it('go back to an older version one by one, and training then passes the pinned one by', async () => {
    const before = await versions();
    const old = before.find(({ control, active }) => control === 'topics' && !active)!;
    const params = { project_id: projectId, model_id: old.id };
    await server.client.call('modelActivate', { params });
    await settle(server.client, projectId);
    await answer(40);
    const after = await versions();
    const active = (control: string) => after.find((one) => one.control === control && one.active)!;
    expect(active('topics').id).toBe(old.id);
    const newest = after.filter(({ control }) => control === 'mood').at(-1)!;
    expect(newest.trained_on).toBeGreaterThan(
      before.find(({ control, active: on }) => control === 'mood' && on)!.trained_on,
    );
    const all = await predictions();
    expect(all.every(({ result }) => saysOf(result, 'mood').length === 1)).toBe(true);
    await server.client.call('modelUnpin', { params: { project_id: projectId } });
  });

  it('are exported as one prediction each', async () => {
    const where = {
      params: { project_id: projectId },
      query: { exportType: 'JSON', download_all_tasks: true } as never,
    };
    const body = await server.client.download('projectExport', where);
    let text = '';
    for await (const part of body) text += Buffer.from(part).toString('utf8');
    const tasks = JSON.parse(text) as { annotations: { result: unknown[] }[] }[];
    expect(tasks.flatMap((task) => task.annotations).every(({ result }) => result.length >= 2)).toBe(true);
  });
});

describe('a further control without answers', () => {
  it('is suggested by the model that is bound to it', async () => {
    const folder = join(server.folder, 'drop', 'prizes');
    mkdirSync(folder, { recursive: true });
    const words = [
      ['meeting', 'lunch'],
      ['win', 'prize'],
    ];
    writeFileSync(join(folder, 'model.onnx'), textClassifier(words));
    writeFileSync(join(folder, 'labels.txt'), 'work\nprize');
    writeFileSync(join(folder, 'tokenizer.json'), TOKENIZER);
    const added = await runCommand(['models', 'add', folder], server.folder);
    expect(added.code, added.stderr).toBe(0);
    const { client } = server;
    const config = `<View><Text name="text" value="$text"/>
      <Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
      <Choices name="about" toName="text"><Choice value="work"/><Choice value="prize"/></Choices></View>`;
    const settings = { embedder: 'lexical', blind_share: 0 };
    const { id } = await client.call('projectCreate', { body: { title: 'Two', label_config: config, settings } });
    const lines = ['win a prize', 'meeting and lunch'].map((text) => JSON.stringify({ data: { text } })).join('\n');
    const params = { project_id: id };
    await client.upload('projectImport', { params, query: { name: 'two.jsonl' } }, bytesOf(lines));
    await settle(client, id);
    await client.call('modelBind', { params, body: { control: 'about', model: 'prizes' } });
    await client.call('modelPrelabel', { params });
    await settle(client, id);
    const found = await client.call('predictionList', { query: { project: id, page_size: 10 } });
    expect(found.map(({ result }) => saysOf(result, 'about')[0]).sort()).toEqual(['prize', 'work']);
    const next = await client.call('queueNext', { params });
    expect(saysOf(next!.predictions[0]!.result, 'about')).toHaveLength(1);
  });
});

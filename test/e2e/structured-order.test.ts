/**
 * The queue of projects that ask for spans, boxes or numbers: ordered by what is predicted, on real texts and photos, by
 * the policy that fits what is asked, with a reason that says so.
 */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { BOXES, SPANS } from '../helpers/labeled.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf } from '../helpers/texts.ts';

const server = servedFolder();

interface Prediction {
  readonly result: readonly object[];
  readonly score?: number;
}

interface Row {
  readonly data: Readonly<Record<string, unknown>>;
  readonly predictions?: readonly Prediction[];
}

async function project(config: string, rows: readonly Row[], settings: Record<string, unknown> = {}): Promise<number> {
  const body = { title: 'Order', label_config: config, settings: { blind_share: 0, embedder: 'lexical', ...settings } };
  const { id } = await server.client.call('projectCreate', { body });
  const file = { params: { project_id: id }, query: { name: 'rows.json' } };
  await server.client.upload('projectImport', file, bytesOf(JSON.stringify(rows)));
  await settle(server.client, id);
  return id;
}

const preview = (id: number, limit = 10) =>
  server.client.call('queuePreview', { params: { project_id: id }, query: { limit } });
const state = (id: number) => server.client.call('queueState', { params: { project_id: id } });

const wnut = resolve(import.meta.dirname, '../../../shared/data/ner/wnut17/valid.jsonl');
const bccd = resolve(import.meta.dirname, '../../../shared/data/images/bccd/boxes.csv');
const lacks = (path: string): boolean => !existsSync(path) && process.env.CI !== 'true';

/** Real sentences; a made-up tagger finds the true entities, and is sure of each by a fixed draw. */
function sentences(): { rows: Row[]; scores: number[][] } {
  const random = seededRandom('tagger');
  const lines = readFileSync(wnut, 'utf8').trim().split('\n').slice(0, 400);
  const scores: number[][] = [];
  const rows = lines.map((line): Row => {
    const { text, spans } = JSON.parse(line) as { text: string; spans: { start: number; end: number }[] };
    const own = spans.map(() => Math.round((0.35 + 0.64 * random.next()) * 1_000) / 1_000);
    scores.push(own);
    const result = spans.map(({ start, end }, k) => ({
      from_name: 'ner',
      to_name: 'text',
      type: 'labels',
      score: own[k],
      value: { start, end, text: text.slice(start, end), labels: ['PER'] },
    }));
    return { data: { text }, predictions: [{ result }] };
  });
  return { rows, scores };
}

/** Places of the items with the highest score, first ones first among equals. */
function best(scores: readonly number[], count: number): number[] {
  const rounded = scores.map((score) => Math.round(score * 1e6));
  return [...scores.keys()].sort((a, b) => rounded[b]! - rounded[a]! || a - b).slice(0, count);
}

describe.skipIf(lacks(wnut))('spans in real sentences (../shared/data/ner)', () => {
  it('come by how unsure their tagger is, normalised by length, without any setting', async () => {
    const { rows, scores } = sentences();
    const id = await project(SPANS, rows);
    const { settings } = await server.client.call('projectGet', { params: { project_id: id } });
    expect(settings.query_strategy).toBe('mnlp');
    expect(await state(id)).toMatchObject({ strategy: 'mnlp', phase: 'uncertainty', ranked: 400 });
    const mnlp = scores.map(
      (own) => own.reduce((sum, p) => sum - Math.log(Math.fround(p)), 0) / Math.max(1, own.length),
    );
    const order = await preview(id);
    expect(order.map(({ task }) => task.inner_id - 1)).toEqual(best(mnlp, 10));
    expect(order[0]!.reason.sentence).toMatch(/^A model has marked (one|\d+) spans? in it, .*\d+ %/);

    const next = (await server.client.call('queueNext', { params: { project_id: id } }))!;
    expect(next.id).toBe(order[0]!.task.id);
    const result = [
      { from_name: 'ner', to_name: 'text', type: 'labels', value: { start: 0, end: 2, text: '', labels: ['PER'] } },
    ];
    const text = String(next.data.text).slice(0, 2);
    await server.client.call('annotationCreate', {
      params: { task_id: next.id },
      body: { result: [{ ...result[0], value: { ...result[0]!.value, text } }] },
    });
    const first = async () => (await preview(id, 1))[0]!.task.id;
    await expect.poll(first, { timeout: 30_000 }).toBe(order[1]!.task.id);
  });

  it('can be ordered otherwise, seen before it is used; what does not fit is refused with what does', async () => {
    const { rows, scores } = sentences();
    const id = await project(SPANS, rows);
    const params = { project_id: id };
    const lowest = scores.map((own) => Math.max(0, ...own.map((p) => 1 - Math.fround(p))));
    const query = { query_strategy: 'lowest-token-probability', limit: 20 };
    const { before, after } = await server.client.call('queueCompare', { params, query });
    expect(after.map(({ task }) => task.inner_id - 1)).toEqual(best(lowest, 20));
    expect(before).toHaveLength(20);
    const use = (query_strategy: string) =>
      server.client.call('projectUpdate', { params, body: { settings: { query_strategy } } });
    await use('lowest-token-probability');
    expect((await preview(id)).map(({ task }) => task.inner_id)).toEqual(
      after.slice(0, 10).map(({ task }) => task.inner_id),
    );
    await use('mnlp/cost');
    const [first] = await preview(id, 1);
    expect(first!.reason.sentence).toMatch(/Ranked by what it teaches per cost; it costs \d+\.\d times the usual\./);
    await use('sequential');
    expect((await preview(id, 3)).map(({ task }) => task.inner_id)).toEqual([1, 2, 3]);
    await expect(use('margin')).rejects.toThrow(/'margin' orders choices, and this project asks for spans; .*mnlp/);
    await expect(use('box-margin-max')).rejects.toThrow(/orders shapes on pictures/);
    await expect(use('nothing/cost')).rejects.toThrow(/no query strategy 'nothing'/);
  });

  it('hears of a prediction that comes later', async () => {
    const { rows } = sentences();
    const id = await project(
      SPANS,
      rows.slice(0, 40).map(({ data: { text } }) => ({ data: { text } })),
    );
    expect(await preview(id)).toEqual([]);
    const tasks = await server.client.call('projectTasks', { params: { project_id: id }, query: { page_size: 40 } });
    const add = async (at: number, score: number) => {
      const text = String(tasks[at]!.data.text).slice(0, 3);
      const region = {
        from_name: 'ner',
        to_name: 'text',
        type: 'labels',
        score,
        value: { start: 0, end: 3, text, labels: ['PER'] },
      };
      await server.client.call('predictionCreate', { body: { task: tasks[at]!.id, result: [region] } });
    };
    await add(7, 0.9);
    await add(20, 0.4);
    expect((await preview(id)).map(({ task }) => task.id)).toEqual([tasks[20]!.id, tasks[7]!.id]);
    await add(20, 0.99);
    expect((await preview(id)).map(({ task }) => task.id)).toEqual([tasks[7]!.id, tasks[20]!.id]);
  });
});

describe.skipIf(lacks(bccd))('boxes on real photos (../shared/data/images)', () => {
  it('are summed over a photo, so that the most unsure cells come first', async () => {
    const random = seededRandom('detector');
    const byFile = new Map<string, number[][]>();
    for (const line of readFileSync(bccd, 'utf8').trim().split('\n').slice(1, 1_500)) {
      const [file, , ...corners] = line.split(',');
      byFile.set(file!, [...(byFile.get(file!) ?? []), corners.slice(0, 4).map(Number)]);
    }
    const margins: number[] = [];
    const rows = [...byFile].map(([file, boxes]): Row => {
      let sum = 0;
      const result = boxes.map(([left, top, right, bottom]) => {
        const score = Math.round((0.3 + 0.69 * random.next()) * 1_000) / 1_000;
        sum += 1 - Math.abs(2 * score - 1);
        const value = {
          x: (100 * left!) / 640,
          y: (100 * top!) / 480,
          width: (100 * (right! - left!)) / 640,
          height: (100 * (bottom! - top!)) / 480,
          rotation: 0,
          rectanglelabels: ['cat'],
        };
        const size = { original_width: 640, original_height: 480, image_rotation: 0 };
        return { from_name: 'box', to_name: 'image', type: 'rectanglelabels', score, ...size, value };
      });
      margins.push(sum);
      return { data: { image: file }, predictions: [{ result }] };
    });
    expect(rows.length).toBeGreaterThan(80);
    const id = await project(BOXES, rows);
    expect((await state(id)).strategy).toBe('box-margin-sum');
    const order = await preview(id);
    const gaps = order.map(({ task, reason }) => Math.abs(reason.score - margins[task.inner_id - 1]!));
    expect(Math.max(...gaps)).toBeLessThan(1e-4);
    expect(order.map(({ task }) => task.inner_id - 1)).toEqual(best(margins, 10));
    expect(order[0]!.reason.sentence).toMatch(
      /^A model has marked \d+ shapes in it, \d+ of them about as likely wrong/,
    );
  });
});

describe('numbers', () => {
  const NUMBERS = `<View><Text name="text" value="$text"/><Number name="price" toName="text"/></View>`;
  const WORDS = ['cheap', 'fair', 'costly'];

  it('are asked for where models fitted on the answers differ', async () => {
    const rows = Array.from({ length: 120 }, (_, i): Row => ({ data: { text: `${WORDS[i % 3]} chair number ${i}` } }));
    const id = await project(NUMBERS, rows);
    const params = { project_id: id };
    expect(await state(id)).toMatchObject({ strategy: 'committee-variance', phase: 'seed', ranked: 120 });
    for (let i = 0; i < 15; i++) {
      const item = (await server.client.call('queueNext', { params }))!;
      const number = 100 * WORDS.findIndex((word) => String(item.data.text).startsWith(word)) + (item.inner_id % 7);
      await server.client.call('annotationCreate', {
        params: { task_id: item.id },
        body: { result: [{ from_name: 'price', to_name: 'text', type: 'number', value: { number } }] },
      });
    }
    await expect.poll(async () => (await state(id)).phase, { timeout: 30_000 }).toBe('uncertainty');
    const order = await preview(id);
    expect(order[0]!.reason.sentence).toMatch(
      /^Five models, each fitted on a sample of the answers, differ here by about ±\d/,
    );
    const scores = order.map(({ reason }) => reason.score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores[0]).toBeGreaterThan(0);
    const plan = await server.client.call('trainingPlan', { params });
    expect(plan.would_train).toBe(false);
  });
});

describe('a project that changes what it asks', () => {
  it('gets the policy that fits, and keeps one that fits both', async () => {
    const id = await project(`<View><Text name="text" value="$text"/><Number name="n" toName="text"/></View>`, [
      { data: { text: 'one' } },
    ]);
    const params = { project_id: id };
    const strategy = async (): Promise<string> =>
      (await server.client.call('projectGet', { params })).settings.query_strategy;
    expect(await strategy()).toBe('committee-variance');
    await server.client.call('projectUpdate', { params, body: { label_config: SPANS } });
    expect(await strategy()).toBe('mnlp');
    await server.client.call('projectUpdate', { params, body: { settings: { query_strategy: 'random' } } });
    const choices = `<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>`;
    await server.client.call('projectUpdate', { params, body: { label_config: choices } });
    expect(await strategy()).toBe('random');
  });
});

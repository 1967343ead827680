/** The map over HTTP: drawn by a job, kept, grown by new tasks, its areas opened in bulk and queued first. */
import { beforeAll, describe, expect, it } from 'vitest';
import { insidePolygon, type Point } from '../../src/core/geometry.ts';
import { answerNext, answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts } from '../helpers/texts.ts';

const texts = makeTexts(150);
const server = servedFolder();
let id: number;

beforeAll(async () => {
  id = await createTextProject(server.client, { blind_share: 0, retrain_every: 0 });
  await importTexts(server.client, id, texts.slice(0, 120));
  await settle(server.client, id);
});

const params = (): { project_id: number } => ({ project_id: id });

async function draw(anew = false): Promise<Record<string, unknown>> {
  const job = await server.client.call('mapDraw', { params: params(), body: { anew } });
  await settle(server.client, id);
  const { state, output } = await server.client.call('jobGet', { params: { job_id: job.id } });
  expect(state).toBe('done');
  return output as Record<string, unknown>;
}

async function readMap() {
  const map = (await server.client.call('mapGet', { params: params() }))!;
  const bytes = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer;
  return {
    ...map,
    tasks: [...new Uint32Array(bytes(map.tasks))],
    xy: new Float32Array(bytes(map.xy)),
    given: new Int16Array(bytes(map.given)),
    suggested: new Int16Array(bytes(map.suggested)),
    unsure: new Uint8Array(bytes(map.unsure)),
  };
}

/** Around the left half. */
function half(xy: Float32Array): Point[] {
  const x = [...xy].filter((_, i) => i % 2 === 0).sort((a, b) => a - b);
  const middle = (x[59]! + x[60]!) / 2;
  return [
    [-500, -500],
    [middle, -500],
    [middle, 500],
    [-500, 500],
  ];
}

describe('the map', () => {
  it('is not there before it is drawn; then every task has a place', async () => {
    expect(await server.client.call('mapGet', { params: params() })).toBeNull();
    expect(await draw()).toEqual({ placed: 120, anew: true });
    const map = await readMap();
    expect(map).toMatchObject({ n: 120, unplaced: 0, labels: ['spam', 'ham'] });
    expect(new Set(map.tasks).size).toBe(120);
    expect(map.given.every((label) => label === -1)).toBe(true);
  });

  it('shows answers at once, and what is suggested with how unsure it is', async () => {
    const given = new Map<number, string>();
    for (let i = 0; i < 30; i++) {
      const { item } = (await answerNext(server.client, id, texts))!;
      given.set(item.id, goldOf(texts, item));
    }
    await server.client.call('train', { params: params() });
    await settle(server.client, id);
    const map = await readMap();
    for (const [i, task] of map.tasks.entries()) expect(map.labels[map.given[i]!]).toBe(given.get(task));
    expect(map.suggested.filter((label) => label >= 0).length).toBeGreaterThan(80);
    for (const [i, label] of map.suggested.entries()) expect(map.unsure[i] === 255).toBe(label === -1);
  });

  it('opens an area in bulk, and puts its items first in the queue', async () => {
    const map = await readMap();
    const corners = half(map.xy);
    const inside = map.tasks.filter((_, i) => insidePolygon(corners, map.xy[2 * i]!, map.xy[2 * i + 1]!));
    expect(inside).toHaveLength(60);
    const area = corners.map((corner) => corner.join()).join(' ');
    const query = { source: 'map', area, drawn: map.drawn, limit: 100 } as const;
    const { cards, total } = await server.client.call('spreadCards', { params: params(), query });
    expect(total).toBe(60);
    expect(cards.map((card) => card.task.id).sort((a, b) => a - b)).toEqual(inside);
    const other = server.client.call('spreadCards', { params: params(), query: { ...query, drawn: 'another' } });
    await expect(other).rejects.toThrow(/drawn anew/);
    const line = server.client.call('spreadCards', { params: params(), query: { ...query, area: '1,2 3,4' } });
    await expect(line).rejects.toThrow(/area/);

    const open = inside.filter((task) => map.given[map.tasks.indexOf(task)] === -1);
    const answered = inside.length - open.length;
    const { queued } = await server.client.call('queueFirst', {
      params: params(),
      body: { tasks: [...inside, 999_999] },
    });
    expect(queued).toBe(60 - answered);
    const next = (await server.client.call('queueNext', { params: params() }))!;
    expect(open).toContain(next.id);
    await server.client.call('annotationCreate', {
      params: { task_id: next.id },
      body: { result: [answerOf(goldOf(texts, next))] },
    });
  });

  it('places new tasks beside the others, who stay, and survives a restart', async () => {
    const before = await readMap();
    await importTexts(server.client, id, texts.slice(120), 121);
    await settle(server.client, id);
    expect(await readMap()).toMatchObject({ n: 120, unplaced: 30 });
    expect(await draw()).toEqual({ placed: 30, anew: false });
    await server.again();
    const after = await readMap();
    expect(after).toMatchObject({ n: 150, unplaced: 0, drawn: before.drawn });
    expect(after.xy.subarray(0, 240)).toEqual(before.xy);
    expect(await draw(true)).toEqual({ placed: 150, anew: true });
    expect((await readMap()).drawn).not.toBe(before.drawn);
  });

  it('keeps its columns by task when tasks are edited and deleted', async () => {
    const before = await readMap();
    const [edited, deleted] = [before.tasks[3]!, before.tasks[5]!];
    await server.client.call('taskUpdate', { params: { task_id: edited }, body: { data: { text: 'another text' } } });
    await server.client.call('taskDelete', { params: { task_id: deleted } });
    await settle(server.client, id);
    expect(await readMap()).toMatchObject({ n: 148, unplaced: 1 });
    await draw();
    const after = await readMap();
    expect(after.tasks).toEqual(before.tasks.filter((task) => task !== deleted));
    for (const [i, task] of after.tasks.entries()) {
      const old = before.tasks.indexOf(task);
      expect(after.given[i]).toBe(before.given[old]);
      if (task !== edited)
        expect(after.xy.subarray(2 * i, 2 * i + 2)).toEqual(before.xy.subarray(2 * old, 2 * old + 2));
    }
  });
});

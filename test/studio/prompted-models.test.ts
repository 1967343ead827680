/** Models that take clicks: registered as one file or as a pair, asked by Label Studio, answered as brushes and polygons. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { formOf } from '../../src/cli/model-files.ts';
import { decodeBrush } from '../../src/labelconfig/index.ts';
import { settle } from '../helpers/project.ts';
import { PLAIN_COLOURS, promptedDecoder, promptedEncoder, promptedModel } from '../helpers/prompted-models.ts';
import { STUDIO_TOKEN } from './stand-in.ts';
import { type StudioWorld, studioWorld } from './world.ts';

const CONFIG = `<View><Image name="image" value="$image"/>
  <KeyPointLabels name="point" toName="image" smart="true"><Label value="Cell"/></KeyPointLabels>
  <RectangleLabels name="box" toName="image" smart="true"><Label value="Cell"/></RectangleLabels>
  <BrushLabels name="brush" toName="image"><Label value="Cell"/></BrushLabels>
  <PolygonLabels name="outline" toName="image"><Label value="Cell"/></PolygonLabels></View>`;

const SIZE = { width: 128, height: 64 };

/** Two bright squares, a quarter and three quarters of the way to the right. */
async function picture(): Promise<Buffer> {
  const pixels = Buffer.alloc(3 * SIZE.width * SIZE.height);
  for (let y = 24; y < 40; y++) {
    for (const from of [24, 88]) pixels.fill(255, 3 * (y * SIZE.width + from), 3 * (y * SIZE.width + from + 16));
  }
  return sharp(pixels, { raw: { ...SIZE, channels: 3 } })
    .png()
    .toBuffer();
}

const click = (x: number, y: number, is_positive = true) => ({
  ...{ from_name: 'point', to_name: 'image', type: 'keypointlabels', is_positive },
  value: { x, y, width: 0.3, keypointlabels: ['Cell'] },
});

let world: StudioWorld;
afterEach(() => world?.close());

async function open(files: Record<string, string | Uint8Array>, control: string) {
  world = await studioWorld({ labelConfig: CONFIG });
  const { client, studio } = world;
  studio.files.set('upload/5/cells.png', await picture());
  const task = studio.add({ image: '/data/upload/5/cells.png' });
  const body = { url: studio.url, token: STUDIO_TOKEN, studio_project: 5 };
  const made = await client.call('studioConnect', { body });
  await studio.connect(made.backend_url);
  const folder = join(world.folder, 'trained');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const form = formOf(Object.keys(files).map((name) => join(folder, name)));
  const added = await client.upload('libraryAdd', { query: { name: 'clicks' } }, form.body, form.contentType);
  const params = { project_id: made.project };
  await client.call('modelBind', { params, body: { control, model: 'clicks' } });
  const ask = async (result: object[]) =>
    (await studio.interactive(task.id, { result, user_id: 1 })) as unknown as {
      result: { from_name: string; type: string; score: number; value: Record<string, unknown> }[];
      score: number;
    };
  return { added, params, ask };
}

/** Bounds of the set pixels. */
function boundsOf(mask: Uint8Array) {
  const at = [...mask.keys()].filter((i) => mask[i]! > 0);
  const [xs, ys] = [at.map((i) => i % SIZE.width), at.map((i) => Math.floor(i / SIZE.width))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

const PAIR = {
  'encoder.onnx': promptedEncoder(),
  'decoder.onnx': promptedDecoder(),
  'preprocessor_config.json': PLAIN_COLOURS,
};
const ONE = { 'segmenter.onnx': promptedModel(), 'preprocessor_config.json': PLAIN_COLOURS };

describe.each([
  ['an encoder and a decoder', PAIR],
  ['one graph for both', ONE],
])('%s', (_name, files) => {
  it('brings the brush of what is under the click, under the label that was drawn', async () => {
    const { added, params, ask } = await open(files, 'brush');
    expect(added).toMatchObject({ name: 'clicks', kind: 'prompted-segmentation', serving: true });
    const left = await ask([click(25, 50)]);
    expect(left.result).toMatchObject([{ from_name: 'brush', type: 'brushlabels', value: { brushlabels: ['Cell'] } }]);
    expect(left.score).toBeGreaterThan(0.5);
    const mask = decodeBrush(left.result[0]!.value.rle as number[], SIZE);
    expect(boundsOf(mask)).toEqual([24, 24, 39, 39]);
    const right = await ask([click(75, 50)]);
    expect(boundsOf(decodeBrush(right.result[0]!.value.rle as number[], SIZE))).toEqual([88, 24, 103, 39]);
    // Nothing bright there, and what was clicked away.
    expect((await ask([click(50, 10)])).result).toEqual([]);
    expect((await ask([click(25, 50), click(25, 50, false)])).result).toEqual([]);
    // Nothing is labeled unasked.
    await world.client.call('connectionSync', { params: { connection_id: 1 }, body: { predictions: false } });
    await settle(world.client, params.project_id);
    await world.client.call('modelPrelabel', { params });
    await settle(world.client, params.project_id);
    const [task] = (await world.client.call('taskList', { query: { project: params.project_id } })).tasks;
    const predictions = await world.client.call('predictionList', { query: { task: task!.id } });
    expect(predictions).toEqual([]);
  }, 60_000);
});

it('answers as a polygon where that is the control, and takes a box as a prompt', async () => {
  const { ask } = await open(PAIR, 'outline');
  const box = {
    ...{ from_name: 'box', to_name: 'image', type: 'rectanglelabels' },
    value: { x: 18, y: 36, width: 14, height: 28, rotation: 0, rectanglelabels: ['Cell'] },
  };
  const { result } = await ask([box]);
  expect(result).toMatchObject([{ from_name: 'outline', type: 'polygonlabels', value: { polygonlabels: ['Cell'] } }]);
  const points = result[0]!.value.points as [number, number][];
  expect(points.length).toBeGreaterThanOrEqual(4);
  for (const [x, y] of points) {
    expect(x).toBeGreaterThanOrEqual(18);
    expect(x).toBeLessThanOrEqual(32);
    expect(y).toBeGreaterThanOrEqual(36);
    expect(y).toBeLessThanOrEqual(64);
  }
}, 60_000);

it('refuses a decoder without its encoder, with a sentence', async () => {
  const files = { 'decoder.onnx': promptedDecoder() };
  await expect(open(files, 'brush')).rejects.toThrow(/put its encoder beside it/);
}, 60_000);

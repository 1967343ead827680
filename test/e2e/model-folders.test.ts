/** A model and a labels.txt in a folder are enough, whatever the model says: each kind through a real server to regions. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { formOf } from '../../src/cli/model-files.ts';
import {
  brightMask,
  colourClassifierPixels,
  halfDetector,
  lightPoint,
  pitchClassifier,
  soundEmbedder,
} from '../helpers/models.ts';
import { runCommand } from '../helpers/process.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { tone, wav } from '../helpers/sounds.ts';

const server = servedFolder();

type Files = Readonly<Record<string, Uint8Array | string>>;

function folderWith(name: string, files: Files): string {
  const folder = join(server.folder, name);
  mkdirSync(folder);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

async function command(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCommand(args, server.folder);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout.split('\n')[0]!) as Record<string, unknown>;
}

/** A project of these files, embedded. */
async function projectOf(name: string, labelConfig: string, files: Files): Promise<number> {
  const settings = { embedder: 'lexical', blind_share: 0 };
  const body = { title: name, label_config: labelConfig, settings };
  const { id } = await server.client.call('projectCreate', { body });
  const folder = folderWith(`${name}-files`, files);
  const form = formOf(Object.keys(files).map((file) => join(folder, file)));
  const where = { params: { project_id: id }, query: { as_tasks: true } };
  await server.client.upload('uploadsCreate', where, form.body, form.contentType);
  await settle(server.client, id);
  return id;
}

/** What a bound model marked in the only task, and the votes on it. */
async function answersOf(projectId: number, model: string) {
  const job = await command('models', 'bind', String(projectId), model);
  expect(job).toMatchObject({ state: 'done', failed: 0 });
  const [task] = await server.client.call('projectTasks', { params: { project_id: projectId } });
  const predictions = await server.client.call('predictionList', { query: { task: task!.id } });
  const votes = await server.client.call('taskVotes', { params: { task_id: task!.id } });
  return { regions: predictions.flatMap(({ result }) => result), votes };
}

/** 160 x 80, black but for a white square of 40 at (100, 20). */
async function whiteSquare(): Promise<Uint8Array> {
  const square = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 160, height: 80, channels: 3, background: '#000' } })
    .composite([{ input: square, left: 100, top: 20 }])
    .png()
    .toBuffer();
}

const image = (control: string): string => `<View><Image name="image" value="$image"/>${control}</View>`;

describe('model.onnx and labels.txt in a folder', () => {
  it('masks become polygons around what the model marked', async () => {
    const added = await command(
      'models',
      'add',
      folderWith('bright', { 'model.onnx': brightMask(), 'labels.txt': 'background\nbright' }),
    );
    expect(added).toMatchObject({ kind: 'segmentation', classes: 2 });
    const config = image('<PolygonLabels name="shape" toName="image"><Label value="Bright"/></PolygonLabels>');
    const projectId = await projectOf('Masks', config, { 'a.png': await whiteSquare() });
    const { regions } = await answersOf(projectId, 'bright');
    expect(regions).toHaveLength(1);
    const { points, polygonlabels } = regions[0]!.value as { points: [number, number][]; polygonlabels: string[] };
    expect(polygonlabels).toEqual(['Bright']);
    // In percent of the picture: 62.5 to 87.5 across, 25 to 75 down; a cell of the mask is 6.25 wide.
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    for (const [found, wanted] of [
      [Math.min(...xs), 62.5],
      [Math.max(...xs), 87.5],
      [Math.min(...ys), 25],
      [Math.max(...ys), 75],
    ] as const) {
      expect(Math.abs(found - wanted)).toBeLessThanOrEqual(6.25);
    }
  });

  it.each(['rows', 'apart'] as const)('finished boxes, %s, become rectangles', async (form) => {
    const folder = folderWith(`half-${form}`, { 'model.onnx': halfDetector(form), 'labels.txt': 'left\nright' });
    expect(await command('models', 'add', folder)).toMatchObject({ kind: 'object-detection', classes: 2 });
    const config = image('<RectangleLabels name="box" toName="image"><Label value="right"/></RectangleLabels>');
    const projectId = await projectOf(`Boxes-${form}`, config, { 'a.png': await whiteSquare() });
    const { regions } = await answersOf(projectId, `half-${form}`);
    expect(regions.map(({ value }) => value)).toMatchObject([
      { x: 50, y: 0, width: 50, height: 100, rectanglelabels: ['right'] },
    ]);
  });

  it('key points land where the model saw them', async () => {
    const folder = folderWith('spots', { 'model.onnx': lightPoint(), 'labels.txt': 'spot' });
    expect(await command('models', 'add', folder)).toMatchObject({ kind: 'key-points', classes: 1 });
    const config = image('<KeyPointLabels name="point" toName="image"><Label value="spot"/></KeyPointLabels>');
    const projectId = await projectOf('Points', config, { 'a.png': await whiteSquare() });
    const { regions } = await answersOf(projectId, 'spots');
    expect(regions).toHaveLength(1);
    const { x, y, keypointlabels } = regions[0]!.value as { x: number; y: number; keypointlabels: string[] };
    expect(keypointlabels).toEqual(['spot']);
    // Its middle is at (120, 40).
    expect(Math.abs(x - 75)).toBeLessThan(1);
    expect(Math.abs(y - 50)).toBeLessThan(1);
  });

  it('pictures go in with their colours last where the model wants them so', async () => {
    const files = { 'model.onnx': colourClassifierPixels(), 'labels.txt': 'red\ngreen\nblue' };
    expect(await command('models', 'add', folderWith('colours', files))).toMatchObject({
      kind: 'image-classification',
    });
    const config = image('<Choices name="colour" toName="image"><Choice value="Red"/><Choice value="Blue"/></Choices>');
    const red = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#d01010' } })
      .png()
      .toBuffer();
    const { votes } = await answersOf(await projectOf('Colours', config, { 'a.png': red }), 'colours');
    expect(votes.map(({ label }) => label)).toEqual(['Red']);
  });

  it.each(['whole', 'frames'] as const)('classes of sounds, said of the %s, become choices', async (form) => {
    const name = `pitch-${form}`;
    const folder = folderWith(name, { 'model.onnx': pitchClassifier(form), 'labels.txt': 'low\nhigh' });
    expect(await command('models', 'add', folder)).toMatchObject({
      kind: 'audio-classification',
      input: 'audio',
      classes: 2,
    });
    const config =
      '<View><Audio name="audio" value="$audio"/><Choices name="pitch" toName="audio"><Choice value="High"/><Choice value="Low"/></Choices></View>';
    // At other rates, in stereo, shorter and longer than a window: what counts is what is heard.
    const low = { rate: 44_100, level: 0.3 };
    const projectId = await projectOf(`Pitch-${form}`, config, {
      'low.wav': wav([tone(200, 0.7, low), tone(200, 0.7, low)], { rate: low.rate }),
      'high.wav': wav([tone(3_500, 0.6)]),
      'short.wav': wav([tone(3_500, 0.1, { rate: 8_000 })], { rate: 8_000, depth: '8' }),
    });
    const job = await command('models', 'bind', String(projectId), name);
    expect(job).toMatchObject({ state: 'done', failed: 0, predicted: 3 });
    const tasks = await server.client.call('projectTasks', { params: { project_id: projectId } });
    for (const [file, label] of [
      ['low.wav', 'Low'],
      ['high.wav', 'High'],
      ['short.wav', 'High'],
    ] as const) {
      const { id } = tasks.find(({ meta }) => meta.file === file)!;
      const votes = await server.client.call('taskVotes', { params: { task_id: id } });
      expect(votes.map((vote) => vote.label)).toEqual([label]);
    }
  });

  it('a model that hears sounds gives them their neighbours', async () => {
    const added = await command('models', 'add', folderWith('ears', { 'model.onnx': soundEmbedder() }));
    expect(added).toMatchObject({ kind: 'embedding', input: 'audio', dim: 2 });
    const config =
      '<View><Audio name="audio" value="$audio"/><Choices name="kind" toName="audio"><Choice value="a"/><Choice value="b"/></Choices></View>';
    const tones = { 'low1.wav': 200, 'low2.wav': 230, 'high1.wav': 3_000, 'high2.wav': 3_200 };
    const sounds = Object.fromEntries(Object.entries(tones).map(([name, hertz]) => [name, wav([tone(hertz, 0.5)])]));
    const projectId = await projectOf('Sounds', config, sounds);
    const params = { project_id: projectId };
    await server.client.call('projectUpdate', { params, body: { settings: { embedder: 'ears' } } });
    await settle(server.client, projectId);
    expect(await server.client.call('queueState', { params })).toMatchObject({ embedder: 'ears', ranked: 4 });
    const tasks = await server.client.call('projectTasks', { params });
    const [low, high] = ['low1.wav', 'high1.wav'].map((name) => tasks.find(({ meta }) => meta.file === name)!);
    for (const [task, nearest] of [
      [low!, 'low2.wav'],
      [high!, 'high2.wav'],
    ] as const) {
      const near = await server.client.call('taskSimilar', { params: { task_id: task.id }, query: { limit: 1 } });
      expect(near[0]!.task.meta.file).toBe(nearest);
    }
  });
});

/** A trained model taken home: the exported folder says what the server says, without a server, and moves in elsewhere. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { formOf } from '../../src/cli/model-files.ts';
import { colourClassifier, soundEmbedder, TOKENIZER, textEmbedder } from '../helpers/models.ts';
import { MAIN, runCommand } from '../helpers/process.ts';
import { answerNext, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { tone, wav } from '../helpers/sounds.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const server = servedFolder();

async function command(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCommand(args, server.folder);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Neither a server nor a data folder. */
async function predict(home: string, texts: readonly string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'models', 'predict', home, ...texts]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function folderWith(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = join(server.folder, 'drop', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

/** A project with an active version on this embedder. */
async function trained(embedder: string): Promise<number> {
  const body = { title: 'Home', label_config: TEXT_CONFIG, settings: { embedder, blind_share: 0 } };
  const { id } = await server.client.call('projectCreate', { body });
  const texts = makeTexts(60);
  await importTexts(server.client, id, texts);
  await settle(server.client, id);
  for (let i = 0; i < 24; i++) await answerNext(server.client, id, texts);
  await settle(server.client, id);
  await server.client.call('train', { params: { project_id: id } });
  await settle(server.client, id);
  return id;
}

/** Scores of the head's own run on the server, by text. */
async function serverScores(projectId: number): Promise<Map<string, { label: string; score: number }>> {
  const params = { project_id: projectId };
  const tasks = await server.client.call('projectTasks', { params, query: { page_size: 100 } });
  const scores = new Map<string, { label: string; score: number }>();
  for (const { id, data: shown } of tasks) {
    const votes = await server.client.call('taskVotes', { params: { task_id: id } });
    const own = votes.filter(({ labeler }) => labeler.startsWith('model:head@')).at(-1);
    if (own) scores.set(String(shown.text), { label: own.label, score: own.score! });
  }
  return scores;
}

it.each(['lexical', 'rows'])('export of a head on %s: scores equal within 1e-5', async (embedder) => {
  if (embedder === 'rows') {
    await command('models', 'add', folderWith('rows', { 'model.onnx': textEmbedder(), 'tokenizer.json': TOKENIZER }));
  }
  const projectId = await trained(embedder);
  const home = join(server.folder, `home-${embedder}`);
  const written = (await command('models', 'export', String(projectId), '-o', home)).map(({ file }) => String(file));
  expect(written.some((file) => file.endsWith('model.onnx'))).toBe(embedder === 'rows');
  const expected = await serverScores(projectId);
  expect(expected.size).toBe(60);
  const texts = [...expected.keys()];
  const answers = await predict(home, texts);
  for (const { input, labels, probabilities } of answers) {
    const { label, score } = expected.get(String(input))!;
    expect(labels).toEqual([label]);
    expect(Math.abs((probabilities as Record<string, number>)[label]! - score)).toBeLessThan(1e-5);
  }
  if (embedder !== 'rows') return;
  const [moved] = await command('models', 'add', home, '--name', 'moved-in');
  expect(moved).toMatchObject({ kind: 'text-classification', classes: 2 });
  const description = JSON.parse(readFileSync(join(home, 'home.json'), 'utf8')) as { embedder: { name: string } };
  expect(description.embedder.name).toBe('rows');
});

const FILES = 24;

/** Reddish and bluish pictures, low and high tones: the first half of each is `a`, the other `b`. */
const KINDS = {
  image: {
    tag: 'Image',
    ending: 'png',
    file: (i: number): Promise<Uint8Array> => {
      const [r, b] = i < FILES / 2 ? [150 + 4 * i, 20] : [20, 100 + 4 * i];
      return sharp({ create: { width: 30, height: 20, channels: 3, background: { r, g: 7 * i, b } } })
        .png()
        .toBuffer();
    },
  },
  audio: {
    tag: 'Audio',
    ending: 'wav',
    file: async (i: number): Promise<Uint8Array> => wav([tone(i < FILES / 2 ? 200 + 10 * i : 2_000 + 40 * i, 0.3)]),
  },
} as const;

it('says of what it cannot read where it lies and what to do', async () => {
  const wrong = async (...args: string[]): Promise<string> => {
    const asked = promisify(execFile)(process.execPath, [MAIN, 'models', 'predict', ...args]);
    const { stderr } = await asked.then(
      () => ({ stderr: 'it went well' }),
      (error: { stderr: string }) => error,
    );
    expect(stderr).not.toContain('INTERNAL');
    return stderr;
  };
  expect(await wrong('nowhere', 'a text')).toMatch(/There is no 'nowhere.home\.json'; .*models export/);
  expect(await wrong(folderWith('half', { 'home.json': '{"format":"headstart-model/1"}' }), 'a text')).toMatch(
    /half.home\.json' is not that of an exported model/,
  );
  const description = { classes: ['a'], input: 'image', embedder: { name: 'image-descriptor', version: '0' } };
  const pictures = { 'home.json': JSON.stringify({ format: 'headstart-model/1', graph: null, ...description }) };
  expect(await wrong(folderWith('eyes', pictures), 'no.png')).toMatch(/'no\.png' could not be read/);
});

it.each([
  { input: 'image', embedder: 'image-descriptor' },
  { input: 'audio', embedder: 'audio-descriptor' },
  { input: 'image', embedder: 'own-eye', model: colourClassifier(), graph: true },
  // Sounds are heard in windows of which the mean is taken: no graph of one window says the same.
  { input: 'audio', embedder: 'own-ear', model: soundEmbedder(), files: ['embedder/model.onnx'] },
] as const)('export of a head on $embedder ($input): scores equal within 1e-5', async (given) => {
  const { input, embedder } = given;
  const { tag, ending, file } = KINDS[input];
  if ('model' in given) await command('models', 'add', folderWith(embedder, { 'model.onnx': given.model }));
  const labelConfig = `<View><${tag} name="it" value="$it"/><Choices name="label" toName="it"><Choice value="a"/><Choice value="b"/></Choices></View>`;
  const settings = { embedder, blind_share: 0 };
  const body = { title: embedder, label_config: labelConfig, settings };
  const { id } = await server.client.call('projectCreate', { body });
  const names = Array.from({ length: FILES }, (_, i) => `${i}.${ending}`);
  const contents = await Promise.all(names.map((_, i) => file(i)));
  const folder = folderWith(`${embedder}-files`, Object.fromEntries(names.map((name, i) => [name, contents[i]!])));
  const form = formOf(names.map((name) => join(folder, name)));
  const params = { project_id: id };
  await server.client.upload('uploadsCreate', { params, query: { as_tasks: true } }, form.body, form.contentType);
  await settle(server.client, id);
  const tasks = await server.client.call('projectTasks', { params, query: { page_size: 100 } });
  for (const task of tasks) {
    const label = Number.parseInt(String(task.meta.file), 10) < FILES / 2 ? 'a' : 'b';
    const result = [{ from_name: 'label', to_name: 'it', type: 'choices', value: { choices: [label] } }];
    await server.client.call('annotationCreate', { params: { task_id: task.id }, body: { result } });
  }
  await server.client.call('train', { params });
  await settle(server.client, id);

  const home = join(server.folder, `home-${embedder}`);
  const written = (await command('models', 'export', String(id), '-o', home)).map(({ file: path }) => String(path));
  expect(written.filter((path) => path.endsWith('.onnx'))).toEqual(
    ('files' in given ? given.files : 'graph' in given ? ['model.onnx'] : []).map((path) => join(home, path)),
  );
  // More than the models are given at once.
  const asked = [...names, ...names, ...names].map((name) => join(folder, name));
  const answers = await predict(home, asked);
  expect(answers.map(({ input: path }) => path)).toEqual(asked);
  for (const { id: taskId, meta } of tasks) {
    const votes = await server.client.call('taskVotes', { params: { task_id: taskId } });
    const own = votes.filter(({ labeler }) => labeler.startsWith('model:head@')).at(-1)!;
    const same = answers.filter(({ input: path }) => path === join(folder, String(meta.file)));
    expect(same).toHaveLength(3);
    for (const { labels, probabilities } of same) {
      expect(labels).toEqual([own.label]);
      expect(Math.abs((probabilities as Record<string, number>)[own.label]! - own.score!)).toBeLessThan(1e-5);
    }
  }
});

/** A trained model taken home: the exported folder says what the server says, without a server, and moves in elsewhere. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { TOKENIZER, textEmbedder } from '../helpers/models.ts';
import { MAIN, runCommand } from '../helpers/process.ts';
import { answerNext, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
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

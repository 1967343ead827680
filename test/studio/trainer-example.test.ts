/** `examples/trainer`: labels go out by a signed call, a process of its own trains on them, and its model answers the project. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { until } from './world.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/trainer/trainer.mjs');
const TRAINING = resolve(import.meta.dirname, 'train-words.mjs');
/** Words of the first four tell the last two. */
const TEXTS = [
  ['win a free prize', 'spam'],
  ['lunch meeting today', 'ham'],
  ['claim the free prize', 'spam'],
  ['report of the meeting', 'ham'],
  ['prize free', 'spam'],
  ['meeting report', 'ham'],
] as const;
const VERIFIED = 4;

const data = temporaryFolder();
let server: ServerProcess;
let trainer: ChildProcess;
let port = 0;
const said: string[] = [];

beforeAll(async () => {
  port = await freePort();
  server = await startServerProcess(data.folder, ['--hosts', '1', '--allow-address', `127.0.0.1:${port}`]);
});

afterAll(async () => {
  trainer?.kill();
  await server?.stop();
  data.remove();
});

it('trains elsewhere after four ground truths and serves what comes back', async () => {
  const { client, url } = server;
  const project = await createTextProject(client, { retrain_every: 1_000 });
  await importTexts(
    client,
    project,
    TEXTS.map(([text, label]) => ({ text, label })),
  );
  const { tasks } = await client.call('taskList', { query: { project, page_size: 10 } });
  const address = `http://127.0.0.1:${port}/go`;
  const set = await runCommand(
    [
      'trainer',
      'set',
      String(project),
      '--url',
      address,
      '--every',
      String(VERIFIED),
      '--counts',
      'verified',
      '--json',
    ],
    data.folder,
  );
  const { secret } = JSON.parse(set.stdout) as { secret: string };
  const shown = await runCommand(['trainer', 'show', String(project), '--json'], data.folder);
  expect(JSON.parse(shown.stdout)).toMatchObject({ url: address, every: VERIFIED, counts: 'verified', called_at: 0 });
  expect(shown.stdout).not.toContain(secret);
  const { secret: token } = await client.call('tokenCreate', { body: { name: 'trainer', role: 'owner' } });
  await start({ HEADSTART_URL: url, HEADSTART_TOKEN: token, TRAINER_SECRET: secret });

  // What nobody signed, and what was recorded long ago, trains nothing.
  const forged = JSON.stringify({ project, export: '/api/tokens', delivery: '1' });
  expect((await fetch(address, { method: 'POST', body: forged })).status).toBe(401);
  const old = String(Math.floor(Date.now() / 1000) - 3_600);
  const signature = `sha256=${createHmac('sha256', secret).update(`${old}.${forged}`).digest('hex')}`;
  const headers = { 'x-headstart-timestamp': old, 'x-headstart-signature': signature };
  expect((await fetch(address, { method: 'POST', body: forged, headers })).status).toBe(401);

  expect((await fetch(address, { method: 'POST', body: 'x'.repeat(65_537) })).status).toBe(413);
  // Nor does somebody who hangs up in the middle stop it.
  await new Promise<void>((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST /go HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
      setTimeout(() => socket.destroy(), 50);
    }).on('close', () => done());
  });
  await until('the broken call', () => said.some((line) => line.startsWith('a call broke off')));

  for (const [i, [, label]] of TEXTS.slice(0, VERIFIED).entries()) {
    const { id } = await client.call('annotationCreate', {
      params: { task_id: tasks[i]!.id },
      body: { result: [answerOf(label)] },
    });
    // An answer counts as verified when somebody says so.
    await client.call('annotationUpdate', { params: { annotation_id: id }, body: { ground_truth: true } });
  }
  await until('the model', () => said.some((line) => /delivery \d+: mails@\w+ serves/.test(line)), 45_000);
  await settle(client, project);
  const model = (await client.call('libraryList', {})).find(({ name }) => name === 'mails')!;
  expect(model).toMatchObject({ kind: 'text-classification', serving: true });
  for (const [i, [, label]] of TEXTS.entries()) {
    const [prediction] = await client.call('predictionList', { query: { task: tasks[i]!.id } });
    expect(prediction!.result[0]).toMatchObject(answerOf(label));
  }
  const removed = await runCommand(['trainer', 'remove', String(project)], data.folder);
  expect(removed.code).toBe(0);
  expect(await client.call('trainerGet', { params: { project_id: project } })).toEqual({ trainer: null });
}, 90_000);

async function start(variables: Record<string, string>): Promise<void> {
  const flags = ['--port', String(port), '--model', 'mails', '--control', 'label'];
  trainer = spawn(process.execPath, [EXAMPLE, ...flags, '--', process.execPath, TRAINING], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: trainer.stdout! }).on('line', (line) => said.push(line));
  await until('the trainer', () => said.some((line) => line.startsWith('listening')));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port: free } = probe.address() as { port: number };
  await new Promise((done) => probe.close(done));
  return free;
}

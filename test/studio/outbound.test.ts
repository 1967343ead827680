/** Training elsewhere, the whole way round: call, export, training, model back, pre-labels, another version. */
import { createHash, createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formOf } from '../../src/cli/model-files.ts';
import { TOKENIZER, textClassifier } from '../helpers/models.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf, settle } from '../helpers/project.ts';
import { connectProject, eventsSettled, until } from './world.ts';

/** What the trainer makes of the labels: a word speaks for the label that stands beside it. */
const WORDS = { ham: ['meeting', 'lunch', 'report'], spam: ['win', 'prize', 'free'] };
const TEXTS = [
  ['win a free prize', 'spam'],
  ['lunch meeting', 'ham'],
  ['free prize', 'spam'],
  ['the report', 'ham'],
] as const;

const data = temporaryFolder();
const files: Record<string, string | Uint8Array> = { 'labels.txt': 'ham\nspam', 'tokenizer.json': TOKENIZER };
const calls: { body: Record<string, unknown>; text: string; headers: Record<string, unknown> }[] = [];
let trainer: Server;
let trainerUrl: string;
let server: ServerProcess;

beforeAll(async () => {
  trainer = createServer(async (request, response) => {
    const file = files[request.url!.slice(1)];
    if (request.method === 'GET') return void response.writeHead(file ? 200 : 404).end(file);
    let text = '';
    for await (const chunk of request) text += chunk;
    calls.push({ body: JSON.parse(text), text, headers: request.headers });
    response.end('{}');
  });
  await new Promise<void>((done) => trainer.listen(0, '127.0.0.1', done));
  const { port } = trainer.address() as AddressInfo;
  trainerUrl = `http://127.0.0.1:${port}`;
  server = await startServerProcess(data.folder, ['--hosts', '1', '--allow-address', `127.0.0.1:${port}`]);
});

afterAll(async () => {
  trainer?.close();
  await server?.stop();
  data.remove();
});

it('brings a model back by file, the next one by address, and Label Studio a new version each time', async () => {
  const { client } = server;
  const { projectId, connectionId, backend } = await connectProject(
    server,
    { studio_project: 5 },
    { retrain_every: 1_000 },
  );
  const ask = async (path: string, body: object) =>
    (await fetch(backend + path, { method: 'POST', body: JSON.stringify(body) })).json();
  const params = { project_id: projectId };
  const body = { url: `${trainerUrl}/go`, every: TEXTS.length };
  const { secret } = await client.call('trainerSet', { params, body });
  const versions = [((await ask('/versions', {})) as { versions: string[] }).versions[0]];
  const isNew = async () => {
    const { versions: all } = (await ask('/versions', {})) as { versions: string[] };
    expect(versions).not.toContain(all[0]);
    expect(((await ask('/setup', {})) as { model_version: string }).model_version).toBe(all[0]);
    versions.push(all[0]);
  };

  for (const [i, [text, label]] of TEXTS.entries()) {
    const annotation = {
      ...{ id: i + 1, task: i + 1, completed_by: 1, updated_at: '2026-01-01T00:00:00Z' },
      result: [answerOf(label)],
    };
    await ask('/webhook', {
      action: 'ANNOTATION_CREATED',
      annotation,
      task: { id: i + 1, data: { text } },
      project: { id: 5 },
    });
  }
  await eventsSettled(server, connectionId);
  await until('the call of the trainer', () => calls.length === 1);
  const [{ body: call, text, headers }] = calls as [(typeof calls)[0]];
  const signed = `${String(headers['x-headstart-timestamp'])}.${text}`;
  const signature = createHmac('sha256', secret).update(signed).digest('hex');
  expect(headers['x-headstart-signature']).toBe(`sha256=${signature}`);

  // The trainer reads the export that it was pointed to.
  const token = (await client.call('tokenCreate', { body: { name: 'trainer', role: 'owner', project: projectId } }))
    .secret;
  const exported = await fetch(server.url + String(call.export), { headers: { authorization: `Token ${token}` } });
  const labels = ((await exported.json()) as { annotations: { result: object[] }[] }[]).map(
    ({ annotations }) => annotations[0]!.result[0],
  );
  expect(labels).toMatchObject(TEXTS.map(([, label]) => answerOf(label)));

  // What is no model is refused, and changes nothing.
  const folder = join(data.folder, 'trained');
  mkdirSync(folder);
  const upload = async (model: string | Uint8Array) => {
    for (const [name, content] of Object.entries({ ...files, 'model.onnx': model }))
      writeFileSync(join(folder, name), content);
    const form = formOf(['model.onnx', ...Object.keys(files)].map((name) => join(folder, name)));
    return client.upload('libraryAdd', { query: { name: 'mails' } }, form.body, form.contentType);
  };
  await expect(upload('no model')).rejects.toThrow();
  expect(((await ask('/versions', {})) as { versions: string[] }).versions[0]).toBe(versions[0]);

  const prelabel = async () => {
    await client.call('modelPrelabel', { params });
    await settle(client, projectId);
  };
  expect(await upload(textClassifier([WORDS.ham, WORDS.spam]))).toMatchObject({ name: 'mails', serving: true });
  await client.call('modelBind', { params, body: { control: 'label', model: 'mails' } });
  await prelabel();
  await isNew();

  files['mails.onnx'] = textClassifier([WORDS.ham, WORDS.spam], 0.1);
  const sha256 = createHash('sha256').update(files['mails.onnx']).digest('hex');
  const source = `${trainerUrl}/mails.onnx`;
  const beside = ['labels.txt', 'tokenizer.json'].map((name) => `${trainerUrl}/${name}`);
  const { id } = await client.call('libraryPull', { body: { source, beside, name: 'mails', sha256 } });
  await until('the model', async () => (await client.call('jobGet', { params: { job_id: id } })).state === 'done');
  await prelabel();
  await isNew();
  const { results } = (await ask('/predict', { tasks: TEXTS.map(([text], i) => ({ id: i + 1, data: { text } })) })) as {
    results: { result: object[]; model_version: string }[];
  };
  expect(results.map(({ model_version }) => model_version)).toEqual(TEXTS.map(() => versions[2]));
  expect(results.map(({ result }) => result[0])).toMatchObject(TEXTS.map(([, label]) => answerOf(label)));
}, 60_000);

/** What the doctor says of labels when models of one's own answer a control. */
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { formOf } from '../../src/cli/model-files.ts';
import { startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { TOKENIZER, textClassifier } from '../helpers/models.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { connectProject, type StudioWorld, studioWorld } from './world.ts';

const { folder, remove } = temporaryFolder();
let world: StudioWorld;
beforeAll(async () => {
  world = await studioWorld();
});
afterAll(async () => {
  await world.close();
  remove();
});

const choices = (...labels: string[]) =>
  `<View><Text name="text" value="$text"/><Choices name="label" toName="text">${labels
    .map((label) => `<Choice value="${label}"/>`)
    .join('')}</Choices></View>`;

it('names the labels that no class of a bound model means', async () => {
  const { client } = world;
  const files = {
    'labels.txt': 'ham\nspam',
    'tokenizer.json': TOKENIZER,
    'model.onnx': textClassifier([['lunch'], ['prize']]),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const form = formOf(Object.keys(files).map((name) => join(folder, name)));
  await client.upload('libraryAdd', { query: { name: 'mails' } }, form.body, form.contentType);
  const { projectId, connectionId } = await connectProject(world);
  const params = { project_id: projectId };
  await client.call('modelBind', { params, body: { control: 'label', model: 'mails' } });
  const says = async () => {
    const findings = await client.call('connectionDoctor', { params: { connection_id: connectionId } });
    return findings.filter((one) => one.part === 'labels').map(({ ok, sentence }) => [ok, sentence]);
  };
  expect(await says()).toEqual([[true, 'The built-in model learns "label". "label" is answered by \'mails\'.']]);
  await client.call('projectUpdate', { params, body: { label_config: choices('ham', 'spam', 'other') } });
  expect(await says()).toEqual([
    [false, 'No class of \'mails\' means "other" of "label"; name the class in the label\'s predicted_values.'],
  ]);
});

it('tells of a server that takes calls and answers none, once for all that is asked there', async () => {
  const silent = createServer();
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const { port } = silent.address() as AddressInfo;
  const own = temporaryFolder();
  const flags = { data: own.folder, port: '0', hosts: '1', log: 'silent', allowAddress: `127.0.0.1:${port}` };
  const running = await startServer(readConfig(flags, {}));
  const client = createClient(running.url, running.secret);
  try {
    const label_config =
      '<View><Image name="i" value="$image"/><Choices name="c" toName="i"><Choice value="a"/></Choices></View>';
    const project = await client.call('projectCreate', { body: { title: 'Pictures', label_config } });
    const body = { url: `http://127.0.0.1:${port}`, token: 'token', studio_project: 5 };
    const made = await client.call('connectionCreate', { params: { project_id: project.id }, body });
    const tasks = [{ id: 1, data: { image: '/data/upload/5/a.png' } }];
    await fetch(`${made.backend_url}/predict`, { method: 'POST', body: JSON.stringify({ tasks, project: '5.1' }) });
    const findings = await client.call('connectionDoctor', { params: { connection_id: made.id } });
    const of = (part: string) => findings.find((one) => one.part === part)?.sentence;
    expect(of('server')).toMatch(/check that it runs/);
    // Not one address after the other, each for as long as files of strangers may take.
    expect(of('media')).toMatch(/"image" of task 1 cannot be read: it was not there within \d+ s/);
    expect(of('events')).toBe('All events have taken effect.');
  } finally {
    await running.close();
    silent.close();
    own.remove();
  }
}, 60_000);

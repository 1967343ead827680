/** What the doctor says of labels when models of one's own answer a control. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formOf } from '../../src/cli/model-files.ts';
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

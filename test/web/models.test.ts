/** The models page: a model dropped into it is tried, offered, bound, and its suggestions are run and told. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'vitest';
import { TOKENIZER, textClassifier } from '../helpers/models.ts';
import { keepScreenshot } from './browser.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

it('takes a model, says what it assumed, and lets it pre-label', async () => {
  const project = await server.project({ title: 'Mails', texts: ['win a free prize', 'lunch meeting', 'the report'] });
  const { page } = await visit(`/projects/${project}/models`);
  await page.getByText('No model here answers').waitFor();
  const folder = join(server.folder, 'words');
  mkdirSync(folder, { recursive: true });
  const words = [
    ['win', 'prize', 'free'],
    ['meeting', 'lunch', 'report'],
  ];
  const files = { 'model.onnx': textClassifier(words), 'labels.txt': 'spam\nham', 'tokenizer.json': TOKENIZER };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  await page.getByLabel('Files').setInputFiles(Object.keys(files).map((name) => join(folder, name)));
  await page.getByLabel('Name').fill('words');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('Assumed:').waitFor();
  await keepScreenshot(page, 'models-added');
  await page.getByRole('button', { name: 'Let it pre-label' }).click();
  await page.getByText('2 of 2 classes have a label here.').waitFor();
  await page.getByRole('button', { name: 'Pre-label what is new or failed' }).waitFor();
  await keepScreenshot(page, 'models-bound');
  await page.goto(`${server.url}/projects/${project}/runs`);
  await page.getByText('by words@').first().waitFor();
});

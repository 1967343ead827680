/** The Label Studio page: an address to paste, what the doctor finds, and what changes once Label Studio has called. */
import { afterAll, expect, it } from 'vitest';
import { TEXT_CONFIG } from '../helpers/texts.ts';
import { STUDIO_TOKEN, StandIn } from '../studio/stand-in.ts';
import { keepScreenshot } from './browser.ts';
import { visits } from './visits.ts';

const studio = new StandIn(TEXT_CONFIG);
await studio.start();
const { server, visit } = visits(['--allow-address', `127.0.0.1:${studio.port}`]);
afterAll(() => studio.stop());

it('makes an address, says in sentences what is wrong, and takes what Label Studio offers', async () => {
  const project = await server.project({ title: 'Mails', texts: ['win a free prize', 'lunch meeting'] });
  const { page } = await visit(`/projects/${project}/studio`);
  await page.getByRole('button', { name: 'Make an address' }).click();
  const backend = await page.getByLabel('Address for Label Studio').inputValue();
  expect(backend).toContain('/ml/');
  await page.getByRole('heading', { name: 'Not called yet' }).waitFor();
  const findings = page.getByRole('list', { name: 'What was found' }).getByRole('listitem');
  await findings.first().waitFor();
  expect(await findings.filter({ hasText: 'look' }).count()).toBeGreaterThan(0);
  for (const sentence of await findings.allInnerTexts()) expect(sentence).toMatch(/\.$/);
  await keepScreenshot(page, 'studio-not-called');

  const setup = { project: '5.1', schema: TEXT_CONFIG, hostname: 'https://labels.example.com', access_token: 'theirs' };
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(setup) };
  expect((await fetch(`${backend}/setup`, init)).status).toBe(200);
  await page.getByRole('button', { name: 'Look again' }).click();
  await page.getByRole('heading', { name: 'Label Studio project 5' }).waitFor();
  await page.getByRole('button', { name: 'Accept https://labels.example.com' }).waitFor();
  await keepScreenshot(page, 'studio-called');
});

it('syncs both ways by address and token, says what came of it, and sets a trainer', async () => {
  for (const text of ['win a free prize', 'lunch meeting']) studio.add({ text });
  const project = await server.project({ title: 'Mails', texts: ['a task that is only here'] });
  const { page } = await visit(`/projects/${project}/studio`);
  await page.getByRole('button', { name: 'Make an address' }).click();
  await page.getByText('Address and token of Label Studio').click();
  await page.getByLabel('Address', { exact: true }).fill(studio.url);
  await page.getByLabel(/^Token/).fill(STUDIO_TOKEN);
  await page.getByLabel('Project number there').fill('5');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Label Studio project 5' }).waitFor();
  await page.getByLabel('Keep in step').selectOption('both');
  await page.getByRole('button', { name: 'Only count' }).click();
  await page.getByText('Nothing was done; it would be: Here: 2 new tasks').waitFor();
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.getByText(/^Here: 2 new tasks, .* There: 0 answers new/).waitFor();
  await page.getByLabel(/^Write the order/).check();
  await page.getByRole('button', { name: 'Sync now' }).click();
  await page.getByText(/2 places in the queue written/).waitFor();
  expect([...studio.tasks.values()].map((task) => task.data.headstart_order).sort()).toEqual([1, 2]);
  await keepScreenshot(page, 'studio-synced');

  await page.getByLabel('Address to call').fill('https://trainer.example.com/go');
  await page.getByLabel('After every').fill('50');
  await page.getByRole('button', { name: 'Call it' }).click();
  await page.getByText('shown once', { exact: false }).last().waitFor();
  await page.getByText('Every 50 labeled tasks').waitFor();
  await keepScreenshot(page, 'studio-trainer');
  await page.getByRole('button', { name: 'Call nobody' }).click();
  await page.getByText('Every 50 labeled tasks').waitFor({ state: 'detached' });
}, 60_000);

/** The insights page as an owner uses it: figures with their items, the training policy, another order tried and taken. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot, launchBrowser, openWatched } from './browser.ts';
import { labelsOf, ServerProcess } from './server.ts';

const WORDS = ['prize', 'offer', 'winner', 'cash', 'lunch', 'meeting', 'dinner', 'train'];
const server = new ServerProcess();
let browser: Browser;
let id: number;

/** What the text is about; every ninth item reads like the other label. */
function labelOf(text: string): string {
  const spam = WORDS.slice(0, 4).some((word) => text.startsWith(word));
  return spam === !text.endsWith('9') ? 'spam' : 'ham';
}

beforeAll(async () => {
  [browser] = await Promise.all([launchBrowser(), server.start()]);
  const texts = Array.from({ length: 240 }, (_, i) => `${WORDS[i % 8]} ${WORDS[(i * 3 + 1) % 4]} number ${i}`);
  id = await server.project({ title: 'Insights', texts, settings: { blind_share: 0.4, retrain_every: 0 } });
  for (let i = 0; i < 80; i++) {
    const item = await server.call('queueNext', 'GET', `/api/projects/${id}/next`);
    const choice = labelOf(String(item!.data.text));
    await server.call('annotationCreate', 'POST', `/api/tasks/${item!.id}/annotations`, {
      result: [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [choice] } }],
    });
  }
  const job = await server.call('train', 'POST', `/api/projects/${id}/train`);
  while ((await server.call('jobGet', 'GET', `/api/jobs/${job.id}`)).state !== 'done') {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

describe('insights', () => {
  it('show where the model errs, down to the items, on a fair sample or on every answer', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    const model = page.getByRole('region', { name: 'What the model gets right and wrong' });
    await model.getByText(/^Version \d+:/).waitFor();
    await model.getByRole('button', { name: 'All answers' }).click();
    await model.getByText(/on 80 answers/).waitFor();
    expect(await model.getByRole('row', { name: /^spam \d+ % \(/ }).count()).toBe(1);
    const wrong = model.getByRole('button', { name: /people say (spam, the model ham|ham, the model spam)/ }).first();
    const shown = Number(await wrong.textContent());
    await wrong.click();
    await model
      .getByText(/^item \d+$/)
      .first()
      .waitFor();
    expect(await model.getByText(/^item \d+$/).count()).toBe(Math.min(20, shown));
    await keepScreenshot(page, 'insights-model');
    await context.close();
    expect(problems).toEqual([]);
  });

  it('list answers worth a second look, which one click settles', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    const doubts = page.getByRole('region', { name: 'Answers worth a second look' });
    const items = doubts.getByRole('listitem');
    await items.first().waitFor();
    const number = (await items.first().textContent())!.match(/item (\d+)/)![1]!;
    await keepScreenshot(page, 'insights-doubts');
    const annotations = await server.annotations(id);
    const before = annotations.find((one) => one.task === Number(number))!;
    const [given] = labelsOf(before.result);
    await items
      .first()
      .getByRole('button', { name: /^Change to/ })
      .click();
    await expect.poll(async () => (await doubts.textContent())!.includes(`item ${number}`)).toBe(false);
    const after = (await server.annotations(id)).find((one) => one.id === before.id)!;
    expect(after.ground_truth).toBe(true);
    expect(labelsOf(after.result)).not.toEqual([given]);
    await context.close();
    expect(problems).toEqual([]);
  });

  it('say when the model trains next, and give the versions', async () => {
    const { page, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    const training = page.getByRole('region', { name: 'Training' });
    await training.getByText(/hidden suggestion.* of the random slice/).waitFor();
    await training.getByText('Version 1', { exact: true }).waitFor();
    await training.getByText('serving').waitFor();
    await context.close();
  });

  it('let the owner say when to train, beside what that would do now', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    const form = page.getByRole('form', { name: 'When to train' });
    const save = form.getByRole('button', { name: 'Save when to train' });
    await form.getByLabel(/newly labeled items/).fill('500');
    await form.getByLabel(/hours/).fill('0.5');
    await form.getByRole('checkbox').uncheck();
    await save.click();
    await form.getByText('Saved.').waitFor();
    const saved = { retrain_every: 500, retrain_every_verified: 0, retrain_every_hours: 0.5, retrain_on_drift: false };
    expect((await server.call('projectGet', 'GET', `/api/projects/${id}`)).settings).toMatchObject(saved);
    await page.getByText(/due at 500\./).waitFor();
    await keepScreenshot(page, 'insights-training');
    // A field that is left empty is no rule.
    await form.getByLabel(/newly verified/).fill('');
    await save.click();
    expect(await form.getByText('Saved.').count()).toBe(0);
    expect((await server.call('projectGet', 'GET', `/api/projects/${id}`)).settings).toMatchObject(saved);
    await context.close();
    expect(problems).toEqual([]);
  });

  it('try another order before it is used', async () => {
    const { page, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    const policy = page.getByRole('region', { name: 'Order of the queue' });
    await policy.getByRole('combobox').fill('margin:2, random:1');
    await policy.getByRole('button', { name: 'Show the first 20' }).click();
    await policy.getByText(/of the first 20 stay/).waitFor();
    expect(await policy.locator('tbody tr').count()).toBe(20);
    await keepScreenshot(page, 'insights-policy');
    await policy.getByRole('button', { name: 'Use it' }).click();
    await policy.getByText('In use.').waitFor();
    const project = await server.call('projectGet', 'GET', `/api/projects/${id}`);
    expect(project.settings.query_strategy).toBe('margin:2, random:1');
    await policy.getByRole('combobox').fill('margins');
    await policy.getByRole('button', { name: 'Show the first 20' }).click();
    await policy.getByText("There is no query strategy 'margins'").waitFor();
    await page.screenshot({ path: 'test/screenshots/insights-whole.png', fullPage: true });
    await context.close();
  });
});

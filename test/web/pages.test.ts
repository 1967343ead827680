/** The pages around the label page: a new project from a file, the queue, a retrain and its rollback, runs, quality. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { TEMPLATES } from '../../src/labelconfig/index.ts';
import type { Reply } from '../../src/server/contract/index.ts';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer } from './hands.ts';
import { labelsOf } from './server.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

const WORDS = ['prize', 'offer', 'winner', 'cash', 'lunch', 'meeting', 'dinner', 'train'];
const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${WORDS[i % 8]} ${WORDS[(i * 3 + 1) % 4]} at ${i}`);

/** Answers by what the text says, so that a model can learn it. */
async function answerRightly(page: Page): Promise<void> {
  const text = (await page.locator('.text-body').first().textContent()) ?? '';
  await answer(page, WORDS.slice(0, 4).some((word) => text.startsWith(word)) ? '1' : '2');
}

describe('home', () => {
  it('makes a project from a dropped file and typed labels', async () => {
    const { page } = await visit('/');
    await page.getByText('Start with texts, pictures or sounds').waitFor();
    const file = join(server.folder, 'reviews.csv');
    mkdirSync(server.folder, { recursive: true });
    writeFileSync(file, 'id,stars,review\n1,5,"Lovely, would come again"\n2,1,Never again\n3,4,Fine\n');
    await page.locator('input[type=file]').setInputFiles(file);
    expect(await page.getByLabel('Text to label').inputValue()).toBe('review');
    expect(await page.getByLabel('Title').inputValue()).toBe('reviews');
    await page.getByLabel('Labels, separated').fill('good, bad');
    await keepScreenshot(page, 'new-project');
    await page.getByRole('button', { name: 'Create and start labeling' }).click();
    await answer(page, '1');
    await allSaved(page);
    const { results } = await server.call('projectList', 'GET', '/api/projects');
    expect(results.map((one) => [one.title, one.task_number])).toEqual([['reviews', 3]]);
    expect(labelsOf((await server.annotations(results[0]!.id))[0]!.result)).toEqual(['good']);
  });

  it('shows what the file that was chosen last holds, however long an earlier one takes to read', async () => {
    const { page } = await visit('/');
    await page.getByRole('button', { name: 'New project' }).click();
    await page.evaluate(`{
      const read = Blob.prototype.text;
      const gate = new Promise((open) => { globalThis.openGate = open; });
      Blob.prototype.text = async function () {
        const text = await read.call(this);
        if (text.startsWith('slow')) await gate;
        return text;
      };
    }`);
    const rows = (name: string) => ({
      name: `${name}.csv`,
      mimeType: 'text/csv',
      buffer: Buffer.from(`${name},stars\nLovely and would come again,5\nNever in my life again,1\n`),
    });
    const choose = page.locator('input[type=file]');
    const field = page.getByLabel('Text to label');
    await page.getByLabel('Labels, separated').fill('good, bad');
    await choose.setInputFiles(rows('slow'));
    expect(await page.getByRole('button', { name: 'Create and start labeling' }).isDisabled()).toBe(true);
    await choose.setInputFiles(rows('quick'));
    await page.getByText('quick.csv').waitFor();
    await page.evaluate('new Promise((done) => { openGate(); setTimeout(done); })');
    expect(await field.inputValue()).toBe('quick');
    expect(await page.getByText('slow.csv').count()).toBe(0);
    await choose.setInputFiles([rows('quick'), rows('slow')]);
    await page.getByRole('alert').getByText('Take one file of rows').waitFor();
    expect(await field.count()).toBe(0);
    expect(await page.locator('.sample').count()).toBe(0);
  });

  it('names the place in a pasted config that is wrong, while it is typed', async () => {
    const { page, problems } = await visit('/');
    await page.getByRole('button', { name: 'New project' }).click();
    await page.getByText('Paste a Label Studio config').click();
    const field = page.getByLabel('Label config');
    await field.fill(
      '<View>\n  <Text name="t" value="$text"/>\n  <Choices name="c" toName="t"><Choice value="a"/>\n</View>',
    );
    await page.getByText(/^Line \d+, column \d+:/).waitFor();
    await field.fill(
      '<View><Text name="t" value="$text"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>',
    );
    await page.getByText('Choices "c": a').waitFor();
    // The browser itself logs the refused check.
    expect(problems.splice(0)).toEqual([expect.stringContaining('400')]);
  });

  it('offers every template, and puts the picked one where it can be changed', async () => {
    const { page } = await visit('/');
    await page.getByRole('button', { name: 'New project' }).click();
    await page.getByText('start from a template').click();
    const list = page.getByRole('combobox', { name: 'Start from a template' });
    const boxes = TEMPLATES.find(({ name }) => name === 'boxes')!;
    await list.locator(`option[value="${boxes.name}"]`).waitFor({ state: 'attached' });
    expect(await list.locator('option').count()).toBe(1 + TEMPLATES.length);
    await list.selectOption(boxes.name);
    expect(await page.getByLabel('Label config').inputValue()).toBe(boxes.config);
  });

  it('keeps the open tab in view on a narrow screen', async () => {
    const id = await server.project({ title: 'Narrow', texts: texts(3) });
    const { page } = await visit('/');
    await page.setViewportSize({ width: 360, height: 700 });
    for (const tab of ['label', 'people']) {
      await page.goto(`${server.url}/projects/${id}/${tab}`);
      const open = page.locator('nav [aria-current="page"]');
      await open.waitFor();
      const box = (await open.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(360);
    }
  });

  it('says what is wrong with a file, and leaves nothing half-made behind', async () => {
    const { page, problems } = await visit('/');
    await page.getByRole('button', { name: 'New project' }).click();
    const before = (await server.call('projectList', 'GET', '/api/projects')).count;
    await page.locator('input[type=file]').setInputFiles({
      name: 'broken.jsonl',
      mimeType: 'application/json',
      buffer: Buffer.from('{"text":"fine"}\n{"text": oops}\n'),
    });
    await page.getByLabel('Labels, separated').fill('a, b');
    await page.getByRole('button', { name: 'Create and start labeling' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(/2/);
    expect((await server.call('projectList', 'GET', '/api/projects')).count).toBe(before);
    expect(problems.splice(0)).toHaveLength(1);
  });
});

describe('after a retrain', () => {
  it('says which version serves and what flipped, and goes back by one key', async () => {
    const id = await server.project({ title: 'Retrain', texts: texts(80), settings: { retrain_every: 0 } });
    const { page } = await visit(`/projects/${id}/label`);
    const notice = page.getByLabel('New model version');
    for (let i = 0; i < 12; i++) await answerRightly(page);
    await allSaved(page);
    await server.model(id);
    await server.settled(id);
    // It is news only to whoever knew the version before.
    await Promise.all([page.waitForResponse((reply) => reply.url().endsWith(`/${id}/queue/state`)), page.reload()]);
    for (let i = 0; i < 12; i++) await answerRightly(page);
    await allSaved(page);
    await server.call('train', 'POST', `/api/projects/${id}/train`);
    await server.settled(id);
    const versions = async () => await server.call('modelVersions', 'GET', `/api/projects/${id}/models`);
    // A new version that is no better does not serve by itself, and which it is hangs on the items that came.
    const newest = (await versions()).reduce((a, b) => (a.number > b.number ? a : b));
    await server.call('modelActivate', 'POST', `/api/projects/${id}/models/${newest.id}/activate`);
    await notice.waitFor();
    expect(await notice.textContent()).toMatch(/Version \d+ is serving: \d+ items? flipped/);
    if (await page.getByRole('button', { name: 'See which' }).isVisible()) {
      await page.keyboard.press('v');
      await notice.getByRole('list').waitFor();
    }
    await keepScreenshot(page, 'retrain');
    await page.keyboard.press('Shift+R');
    await notice.getByText(/Back on version/).waitFor();
    const after = (await versions()).find((one) => one.active)!;
    expect(after.number).toBeLessThan(newest.number);
    await allSaved(page);
  });
});

describe('owner pages', () => {
  it('show the queue with reasons, and runs that can be undone and done again', async () => {
    const id = await server.project({ title: 'Owner', texts: texts(30) });
    const { page } = await visit(`/projects/${id}/queue`);
    await page.locator('tbody tr').first().waitFor();
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(10);
    expect(await page.locator('.row-why').first().textContent()).toMatch(/\w+ \w+/);
    await keepScreenshot(page, 'queue');
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('button', { name: 'Undo run' }).click();
    await page.getByRole('button', { name: 'Redo run' }).waitFor();
    const tasks = async () => (await server.call('projectGet', 'GET', `/api/projects/${id}`)).task_number;
    expect(await tasks()).toBe(0);
    await page.getByRole('button', { name: 'Redo run' }).click();
    await page.getByRole('button', { name: 'Undo run' }).waitFor();
    expect(await tasks()).toBe(30);
    await keepScreenshot(page, 'runs');
  });

  it('say nothing about quality before there is enough data', async () => {
    const id = await server.project({ title: 'Young', texts: texts(10) });
    const { page } = await visit(`/projects/${id}/quality`);
    await page.getByText('There are too few answers to say').waitFor();
    await page.getByText('Too few blind answers yet').waitFor();
  });

  it('draw the learning curve and speak of time and bias when there is', async () => {
    const id = await server.project({ title: 'Old', texts: texts(10) });
    const { page } = await visit('/');
    await page.route('**/insights', (route) => route.fulfill({ json: MATURE }));
    await page.goto(`${server.url}/projects/${id}/quality`);
    await page.getByText('Suggestions save 41 % of the time and bias people towards the model by 2 points').waitFor();
    await page.locator('svg.curve [aria-label="area"] path').first().waitFor();
    await page.getByText('As a table').click();
    expect(await page.locator('details table tbody tr').count()).toBe(MATURE.curve.length);
    await keepScreenshot(page, 'quality');
  });

  it('hold together in the dark and on a phone', async () => {
    const id = await server.project({ title: 'Looks', texts: texts(12) });
    const looks: readonly (readonly [string, (page: Page) => Locator])[] = [
      ['/', (page) => page.getByRole('heading', { name: 'Looks' })],
      [`/projects/${id}/label`, (page) => page.locator('article.item')],
      [`/projects/${id}/queue`, (page) => page.locator('tbody tr').first()],
      [`/projects/${id}/runs`, (page) => page.getByRole('button', { name: 'Undo run' })],
      [`/projects/${id}/people`, (page) => page.getByText('Nobody has labeled yet.')],
    ];
    for (const [path, drawn] of looks) {
      const name = path.split('/').at(-1) || 'home';
      const dark = await visit(path, { dark: true });
      await drawn(dark.page).waitFor();
      await keepScreenshot(dark.page, `dark-${name}`);
      const phone = await visit(path, { width: 390, height: 844 });
      await drawn(phone.page).waitFor();
      await keepScreenshot(phone.page, `phone-${name}`);
      const overflow = await phone.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(overflow, `${path} scrolls sideways on a phone`).toBeLessThanOrEqual(0);
    }
  });
});

const MATURE: Reply<'insights'> = {
  curve: [20, 40, 60, 90, 120, 160, 200, 260].map((labels, i) => {
    const accuracy = 0.97 - 0.3 / (i + 1.4);
    const half = 0.22 / Math.sqrt(i + 1.5);
    const n = labels / 10;
    return {
      labels,
      n,
      correct: Math.round(n * accuracy),
      accuracy,
      low: accuracy - half,
      high: Math.min(1, accuracy + half * 0.6),
    };
  }),
  acceptance: { shown: 352, accepted: 317, rate: 0.9, low: 0.865, high: 0.929 },
  blind_accuracy: { n: 42, correct: 37, accuracy: 0.88, low: 0.75, high: 0.95 },
  time_saved: { aided_ms: 1890, blind_ms: 3200, saved: 0.41, low: 0.3, high: 0.5, n_aided: 352, n_blind: 42 },
  bias: { points: 2, low: 0.4, high: 3.6 },
  projection: {
    goal: 0.95,
    accuracy: { median: 0.92, low: 0.89, high: 0.95 },
    more_labels: { median: 120, low: 70, high: 210 },
    sentence: 'Now about 0.92; about 120 more labels to 0.95; 80 % interval 70-210.',
  },
  stop_advice: { state: 'early', sentence: 'Too early to say: 1 more training to compare.', windows: [] },
};

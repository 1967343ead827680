/** Every page, light and dark, wide and on a phone: readable, named for screen readers, no wider than the screen. */
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer } from './hands.ts';
import { flawsOf } from './looks.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

const PAGES = 'label queue bulk quality rules models runs data people studio settings'.split(' ');

const LOOKS = [
  { name: 'light', width: 1280, height: 800 },
  { name: 'dark', dark: true, width: 1280, height: 800 },
  { name: 'phone', width: 390, height: 844 },
];

const texts = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? `win a prize, offer ${i}` : `lunch at table ${i}`));

/** Answered in part, with a model that serves, a rule that was tried, and a link that lets people in. */
let project = 0;

beforeAll(async () => {
  project = await server.project({ title: 'Looks', texts, settings: { retrain_every: 6 } });
  const { page } = await visit(`/projects/${project}/label`);
  for (let i = 0; i < 12; i++) {
    const text = (await page.locator('.text-body').textContent()) ?? '';
    await answer(page, text.includes('prize') ? '1' : '2');
  }
  await allSaved(page);
  await server.model(project);
  await server.call('tokenCreate', 'POST', '/api/tokens', { name: 'Ada', role: 'annotator', project });
}, 60_000);

/** All that a page asked for is on it: it says so by no longer changing. */
async function drawn(page: Page): Promise<void> {
  await page.getByRole('main').waitFor();
  let before = '';
  for (let now = await page.content(); now !== before; now = await page.content()) {
    before = now;
    await page.waitForTimeout(400);
  }
}

describe.each(LOOKS)('$name', ({ name, ...look }) => {
  it.each(['', ...PAGES])('%s', async (path) => {
    const { page } = await visit(path === '' ? '/' : `/projects/${project}/${path}`, look);
    await drawn(page);
    await keepScreenshot(page, `looks-${name}-${path || 'home'}`);
    expect(await flawsOf(page)).toEqual({ faint: [], edgeless: [], nameless: [], overflow: 0 });
  });
});

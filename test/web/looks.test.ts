/** Every page, light and dark, wide and on a phone: readable, named for screen readers, no wider than the screen. */
import { beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer } from './hands.ts';
import { flawsOf } from './looks.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

/** Pages and what stands on them last, once all that they asked for is there. */
const PAGES: readonly (readonly [string, readonly string[]])[] = [
  ['', ['a:text("Settings")']],
  ['label', ['article.item', 'section:has(h2:text("Who says so")) :is(li, p)', '.similar li']],
  ['queue', ['tbody tr']],
  ['bulk', ['text=A preview works out', '.bulk-cards li']],
  [
    'quality',
    ['.versions li', '[aria-labelledby=model-title] p:not(.muted)', 'text=Draw the map', 'datalist#strategies option'],
  ],
  ['rules', ['.rule-code[data-ready=true]', '[role=tabpanel]']],
  ['models', ['table[aria-label="Models of this server"]']],
  ['runs', ['table[aria-label=Runs]', 'table[aria-label="Model versions"]']],
  ['data', ['text=12 labeled', 'text=The format holds']],
  ['people', ['table[aria-label=Annotators]', 'table[aria-label=Access]']],
  ['studio', ['text=Training elsewhere']],
  ['settings', ['text=Delete for good']],
];

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

describe.each(LOOKS)('$name', ({ name, ...look }) => {
  it.each(PAGES)('%s', async (path, landmarks) => {
    const { page } = await visit(path === '' ? '/' : `/projects/${project}/${path}`, look);
    for (const landmark of landmarks) await page.locator(landmark).first().waitFor({ state: 'attached' });
    await keepScreenshot(page, `looks-${name}-${path || 'home'}`);
    expect(await flawsOf(page)).toEqual({ faint: [], edgeless: [], nameless: [], overflow: 0 });
  });
});

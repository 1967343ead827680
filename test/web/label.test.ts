/** The label page in a real browser against the real server: what an annotator does all day. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer, itemNumber } from './hands.ts';
import { choicesConfig, labelsOf } from './server.ts';
import { visits } from './visits.ts';

const { server, visit: open } = visits();

const visit = async (path: string): Promise<Page> => (await open(path)).page;

const item = (page: Page) => page.locator('article.item');

const texts = (count: number): string[] =>
  Array.from({ length: count }, (_, i) =>
    i % 2 === 0 ? `win a free prize now, offer ${i}` : `see you at lunch, table ${i}`,
  );

describe('label page', () => {
  it('loads at most 100 kB of script before the first item', async () => {
    const id = await server.project({ title: 'Light', texts: texts(4) });
    const page = await visit(`/projects/${id}/label`);
    await itemNumber(page);
    const urls = await page.evaluate<string[]>("performance.getEntriesByType('resource').map((entry) => entry.name)");
    const scripts = urls.map((url) => new URL(url).pathname).filter((path) => path.endsWith('.js'));
    const sizes = scripts.map((path) => statSync(join(import.meta.dirname, '../../dist/web', `${path}.gz`)).size);
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100_000);
  });

  it('labels 30 items by keyboard alone, from the list of projects on', async () => {
    const id = await server.project({ title: 'Thirty', texts: texts(40) });
    const page = await visit('/');
    const start = page.locator('li', { hasText: 'Thirty' }).getByRole('link', { name: 'Start labeling' });
    await start.waitFor();
    const focused = page.locator('li', { hasText: 'Thirty' }).locator('a.primary:focus');
    for (let i = 0; i < 60 && (await focused.count()) === 0; i++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const seen: number[] = [];
    for (let i = 0; i < 30; i++) seen.push(await answer(page, String((i % 2) + 1)));
    await allSaved(page);
    const annotations = await server.annotations(id);
    expect(annotations.map((one) => one.task).sort()).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(30);
    expect(annotations.every((one) => one.via === 'key' && (one.visible_ms ?? 0) > 0)).toBe(true);
    expect(labelsOf(annotations[0]!.result)).toEqual(['spam']);
    expect(labelsOf(annotations[1]!.result)).toEqual(['ham']);
    await keepScreenshot(page, 'label');
  });

  it('offers a guess by the names of the labels before anything is learned, without a percentage', async () => {
    const guessable = [
      ...['The team won the football match', 'She plays tennis at the championship', 'The coach trains the players'],
      ...['Chop the onions and fry them in butter', 'A soup recipe with garlic', 'Bake the bread in the oven'],
    ];
    const labels = ['Sports', 'Cooking'];
    const settings = { embedder: 'use-lite' };
    const id = await server.project({ title: 'Names', texts: guessable, labels, settings });
    const embedded = async () => (await server.call('queueState', 'GET', `/api/projects/${id}/queue/state`)).embedder;
    await expect.poll(embedded, { timeout: 20_000 }).toBe('use-lite');
    const page = await visit(`/projects/${id}/label`);
    await itemNumber(page);
    const text = (await item(page).innerText()).trim();
    const gold = guessable.findIndex((one) => text.includes(one)) < 3 ? 'Sports' : 'Cooking';
    const strip = page.locator('.suggestion');
    await strip.getByText(`Guess by name: ${gold}`).waitFor();
    expect(await strip.locator('.percent').count()).toBe(0);
    await keepScreenshot(page, 'label-guess');
    await page.keyboard.press('Enter');
    await allSaved(page);
    const [given] = await server.annotations(id);
    expect(labelsOf(given!.result)).toEqual([gold]);
    expect(given).toMatchObject({ parent_prediction: null });
  });

  it('accepts, rejects and skips, and the server knows which was which', async () => {
    const id = await server.project({ title: 'Suggested', texts: texts(60), settings: { retrain_every: 5 } });
    const page = await visit(`/projects/${id}/label`);
    for (let i = 0; i < 12; i++) {
      const spam = (await item(page).textContent())?.includes('prize');
      await answer(page, spam ? '1' : '2');
    }
    const accept = page.getByRole('button', { name: 'Accept' });
    await allSaved(page);
    await server.model(id);
    // Items that are here already carry no suggestion; the first model's come behind them.
    for (let i = 0; i < 8 && !(await accept.isVisible()); i++) {
      const spam = (await item(page).textContent())?.includes('prize');
      await answer(page, spam ? '1' : '2');
    }
    expect(await page.locator('.suggestion .percent').textContent()).toMatch(/%$/);
    const accepted = await answer(page, 'Enter');
    await accept.waitFor();
    const rejected = await answer(page, 'x');
    const skipped = await answer(page, ' ');
    await allSaved(page);
    const byTask = new Map((await server.annotations(id)).map((one) => [one.task, one]));
    expect(byTask.get(accepted)?.outcome).toBe('accepted');
    expect(byTask.get(rejected)?.outcome).toBe('changed');
    expect(byTask.get(skipped)?.was_cancelled).toBe(true);
    expect(byTask.get(skipped)?.result).toEqual([]);
    await keepScreenshot(page, 'label-suggestion');
  });

  it('gives no hint on blind items, which look the same otherwise', async () => {
    const settings = { retrain_every: 5, blind_share: 0.5 };
    const id = await server.project({ title: 'Blind', texts: texts(80), settings });
    const page = await visit(`/projects/${id}/label`);
    const rightly = async (): Promise<number> =>
      await answer(page, (await item(page).textContent())?.includes('prize') ? '1' : '2');
    const accept = page.getByRole('button', { name: 'Accept' });
    const plain = page.getByText('A plain sample, shown without hints');
    for (let i = 0; i < 10; i++) await rightly();
    await allSaved(page);
    await server.model(id);
    for (let i = 0; i < 30 && !(await accept.isVisible()); i++) await rightly();
    await accept.waitFor();
    // With a model at work, whatever comes without a suggestion is blind.
    for (let i = 0; i < 30 && !(await plain.isVisible()); i++) await rightly();
    await plain.waitFor();
    expect(await page.getByText('No suggestion for this one').isVisible()).toBe(true);
    expect(await page.locator('.percent, .label.suggested, mark').count()).toBe(0);
    expect(await page.getByText('Who says so').count()).toBe(0);
    expect(await page.getByText('Similar items').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.keyboard.press('x');
    await keepScreenshot(page, 'label-blind');
    const blind = await rightly();
    await allSaved(page);
    const given = (await server.annotations(id)).filter((one) => one.task === blind);
    expect(given.map((one) => [one.blind, one.outcome])).toEqual([[true, 'unaided']]);
  });

  it('takes an answer back, on the server too, and lets it be given anew', async () => {
    const id = await server.project({ title: 'Undo', texts: texts(12) });
    const page = await visit(`/projects/${id}/label`);
    await answer(page, '1');
    const second = await answer(page, '1');
    await page.keyboard.press('Backspace');
    await page.locator(`article.item[aria-label="Item ${second}"]`).waitFor();
    await allSaved(page);
    expect(await server.annotations(id)).toHaveLength(1);
    await answer(page, '2');
    await allSaved(page);
    const again = (await server.annotations(id)).filter((one) => one.task === second);
    expect(again.map((one) => labelsOf(one.result))).toEqual([['ham']]);
  });

  it('keeps every label above the foot of a phone, at the same place for a long text and a short one', async () => {
    const labels = Array.from({ length: 10 }, (_, i) => `topic ${i + 1}`);
    const id = await server.project({ title: 'Phone', texts: ['so much to read. '.repeat(120), 'short'], labels });
    const { page } = await open(`/projects/${id}/label`, { width: 390, height: 844 });
    const places: number[] = [];
    for (let i = 0; i < 2; i++) {
      await item(page).waitFor();
      const foot = (await page.locator('.foot').boundingBox())!;
      const boxes = await Promise.all((await page.locator('.label').all()).map((label) => label.boundingBox()));
      expect(boxes).toHaveLength(10);
      for (const box of boxes) expect(box!.y + box!.height).toBeLessThanOrEqual(foot.y);
      places.push(boxes[0]!.y);
      await keepScreenshot(page, `phone-label-${i}`);
      if (i === 0) await answer(page, '1');
    }
    expect(places[0]).toBeCloseTo(places[1]!, 0);
  });

  it('takes back an answer from before a reload, too', async () => {
    const id = await server.project({ title: 'Undo earlier', texts: texts(12) });
    const page = await visit(`/projects/${id}/label`);
    await answer(page, '1');
    const last = await answer(page, '1');
    await allSaved(page);
    await page.reload();
    await itemNumber(page);
    await page.keyboard.press('Backspace');
    await page.locator(`article.item[aria-label="Item ${last}"]`).waitFor();
    expect(await server.annotations(id)).toHaveLength(1);
  });

  it('goes on when the project cannot be read anew', async () => {
    const id = await server.project({ title: 'Refused', texts: texts(4) });
    const { page, problems } = await open(`/projects/${id}/label`);
    await itemNumber(page);
    await page.route(`**/api/projects/${id}`, (route) => route.fulfill({ status: 403, json: { detail: 'No.' } }));
    await Promise.all([page.waitForResponse((reply) => reply.status() === 403), answer(page, '1')]);
    await answer(page, '2');
    await allSaved(page);
    expect(await page.getByRole('link', { name: 'Connect Label Studio' }).count()).toBe(0);
    await item(page).waitFor();
    for (const problem of problems.splice(0)) expect(problem).toContain('403');
  });

  it('never has one item in two tabs of one person', async () => {
    const id = await server.project({ title: 'Two tabs', texts: texts(16) });
    const page = await visit(`/projects/${id}/label`);
    await itemNumber(page);
    const second = await page.context().newPage();
    await second.goto(page.url());
    const seen = new Set<number>();
    for (let i = 0; i < 4; i++) {
      seen.add(await answer(page, '1'));
      seen.add(await answer(second, '2'));
    }
    await allSaved(page);
    await allSaved(second);
    expect(seen.size).toBe(8);
    expect((await server.annotations(id)).map((one) => one.task).sort()).toEqual([...seen].sort());
  });

  it('opens one of the last answers again and corrects it', async () => {
    const id = await server.project({ title: 'Reopen', texts: texts(12) });
    const page = await visit(`/projects/${id}/label`);
    const first = await answer(page, '1');
    await answer(page, '1');
    await allSaved(page);
    // Also after a reload, when only the server remembers.
    await page.reload();
    await page.locator('.last-answer').nth(1).click();
    await page.getByText(`Opened again: item ${first}`).waitFor();
    await page.keyboard.press('2');
    await page.getByText(`Opened again: item ${first}`).waitFor({ state: 'detached' });
    await allSaved(page);
    const changed = (await server.annotations(id)).filter((one) => one.task === first);
    expect(changed.map((one) => labelsOf(one.result))).toEqual([['ham']]);
  });

  it('flags with a note that travels with the answer', async () => {
    const id = await server.project({ title: 'Flag', texts: texts(6) });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    await page.keyboard.press('f');
    await page.keyboard.type('half French');
    await page.keyboard.press('Enter');
    await answer(page, '1');
    await allSaved(page);
    expect((await server.annotations(id))[0]?.note).toBe('half French');
  });

  it('ticks several labels where several may be chosen', async () => {
    const config = choicesConfig(['billing', 'login', 'praise'], 'multiple');
    const id = await server.project({ title: 'Several', texts: texts(6), config });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    await page.keyboard.press('1');
    await page.keyboard.press('3');
    await page.keyboard.press('2');
    await page.keyboard.press('2');
    await answer(page, 'Enter');
    await allSaved(page);
    expect(labelsOf((await server.annotations(id))[0]!.result)).toEqual(['billing', 'praise']);
  });

  it('stays usable with 150 labels: quick keys, search, everything', async () => {
    const labels = Array.from(
      { length: 150 },
      (_, i) => `topic ${String(i + 1).padStart(3, '0')}${i === 76 ? ' refund' : ''}`,
    );
    const id = await server.project({ title: 'Many labels', texts: texts(8), labels });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('refu');
    await keepScreenshot(page, 'label-150');
    await answer(page, 'Enter');
    // Used once, it now has a digit.
    const quick = page.locator('.label-grid').first().getByRole('button');
    expect(await quick.count()).toBe(10);
    expect(await quick.first().textContent()).toContain('refund');
    await answer(page, '1');
    await allSaved(page);
    const given = (await server.annotations(id)).map((one) => labelsOf(one.result));
    expect(given).toEqual([['topic 077 refund'], ['topic 077 refund']]);
    await page.getByText('All 150 labels').click();
    expect(await page.locator('.all-labels').getByRole('button').count()).toBe(150);
  });

  it('shows a text of 1 MB by its telling parts, and whole on demand', async () => {
    const book = `${'The quick brown fox reads on. '.repeat(35_000)}THE END`;
    const id = await server.project({ title: 'Book', texts: [book, 'short'] });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    if (!(await page.getByText('THE END').isVisible())) await answer(page, ' ');
    await page.getByText('characters left out').waitFor();
    expect((await page.locator('.text-body').textContent())?.length).toBeLessThan(5_000);
    await keepScreenshot(page, 'label-long');
    await page.keyboard.press('w');
    await page.locator('.text-whole').waitFor();
    expect((await page.locator('.text-whole').textContent())?.length).toBe(book.length);
    await page.keyboard.press('PageDown');
    expect(await page.evaluate<number>('document.querySelector(".text-whole").scrollTop')).toBeGreaterThan(0);
    await page.keyboard.press('1');
    await allSaved(page);
  });

  it('shows markup, right-to-left text and emoji as the data they are', async () => {
    const nasty = '<img src=x onerror="window.broken=1"><script>window.broken=1</script><b>bold</b> &amp; \u202Eevil';
    const mixed = `שלום עולם ${nasty} 👩‍👩‍👧‍👦 مرحبا`;
    const labels = ['<i>spam</i>', 'هام 🙂', '"quoted" & <more>'];
    const id = await server.project({ title: nasty, texts: [mixed, mixed], labels, instruction: nasty });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    expect(await page.locator('.text-body').first().textContent()).toBe(mixed);
    expect(await page.locator('.top-title').textContent()).toBe(nasty);
    expect(await page.locator('.label-name').allTextContents()).toEqual(labels);
    await page.getByText('Instructions').click();
    expect(await page.locator('.instruction p').textContent()).toBe(nasty);
    await keepScreenshot(page, 'label-markup');
    await answer(page, '3');
    await allSaved(page);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.locator('main img, main script, main b b').count()).toBe(0);
    expect(labelsOf((await server.annotations(id))[0]!.result)).toEqual(['"quoted" & <more>']);
  });

  it('reads well to a screen reader: names, a live region, the focus never lost', async () => {
    const id = await server.project({ title: 'Spoken', texts: texts(6) });
    const page = await visit(`/projects/${id}/label`);
    await item(page).waitFor();
    for (const name of ['Skip', 'Undo', 'Flag', 'Keys', 'spam', 'ham']) {
      expect(await page.getByRole('button', { name }).first().isVisible()).toBe(true);
    }
    await answer(page, '1');
    expect(await page.locator('.visually-hidden[aria-live]').textContent()).toContain('spam');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    // After a click the button must not catch the next space.
    const clicked = await itemNumber(page);
    await page.getByRole('button', { name: 'ham' }).click();
    await page.locator(`article.item[aria-label="Item ${clicked}"]`).waitFor({ state: 'detached' });
    await answer(page, ' ');
    await allSaved(page);
    const annotations = await server.annotations(id);
    expect(annotations.map((one) => one.was_cancelled)).toEqual([false, false, true]);
    expect(annotations[1]?.via).toBe('click');
  });
});

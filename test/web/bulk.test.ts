/** The bulk page: preview, threshold, sample, selection by keys and ranges, one undo. */
import { describe, expect, it } from 'vitest';
import { move, NOTHING_CHOSEN, toggle } from '../../web/src/bulk/selection.ts';
import { makeTexts } from '../helpers/texts.ts';
import { keepScreenshot } from './browser.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

/** 260 texts, the first 130 answered; a third of all is the random slice. */
async function project(): Promise<number> {
  const texts = makeTexts(260);
  const id = await server.project({
    title: 'Bulk',
    texts: texts.map((one) => one.text),
    settings: { blind_share: 0.35 },
  });
  const tasks = await server.call('projectTasks', 'GET', `/api/projects/${id}/tasks?page_size=1000`);
  for (const [i, task] of tasks.slice(0, 130).entries()) {
    const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [texts[i]!.label] } }];
    await server.call('annotationCreate', 'POST', `/api/tasks/${task.id}/annotations`, { result });
  }
  return id;
}

describe('the bulk page', () => {
  it('previews, narrows, samples, labels by keys and ranges, and takes all of it back by one undo', {
    timeout: 180_000,
  }, async () => {
    const id = await project();
    const { page } = await visit(`/projects/${id}/bulk`);
    await page.getByText('A preview works out').waitFor();
    await page.getByText('0 of 260 selected').waitFor();
    await page.getByRole('searchbox', { name: 'Words' }).fill('prize');
    await page.getByText(/^0 of (?!260)\d+ selected/).waitFor();
    await page.getByRole('searchbox', { name: 'Words' }).fill('');
    await page.getByRole('button', { name: 'Preview spreading' }).click();
    await page.getByRole('button', { name: /^Spread to/ }).waitFor({ timeout: 60_000 });
    const items = page.getByRole('list', { name: 'Items' }).getByRole('listitem');
    await items.first().waitFor();
    await keepScreenshot(page, 'bulk');

    const slider = page.getByRole('slider');
    const before = Number((await slider.getAttribute('aria-valuetext'))!.split(' ')[0]);
    await slider.fill('80');
    await expect
      .poll(async () => Number((await slider.getAttribute('aria-valuetext'))!.split(' ')[0]))
      .toBeLessThan(before);
    expect(await page.getByText(/checked are right, at least|precision unknown/).count()).toBe(1);

    await page.getByRole('combobox', { name: 'Proposed label' }).selectOption('spam');
    await expect.poll(() => page.locator('.bulk-cards .chip').allTextContents()).not.toContain('ham');
    await page.getByRole('button', { name: 'Look at 20 first' }).click();
    const sample = page.getByRole('region', { name: 'Random sample' });
    await sample.getByRole('status').waitFor();
    const clean = await sample.getByRole('status').textContent();
    await sample
      .getByRole('button', { name: /^Wrong/ })
      .first()
      .click();
    expect(await sample.getByRole('status').textContent()).not.toBe(clean);
    await keepScreenshot(page, 'bulk-sample');
    await sample.getByRole('button', { name: 'Close' }).click();

    // A range by shift and click, one more by keys.
    await items.nth(0).getByRole('button').first().click();
    await items
      .nth(3)
      .getByRole('button')
      .first()
      .click({ modifiers: ['Shift'] });
    await expect.poll(() => page.locator('.bulk-cards > .chosen').count()).toBe(3 + 1);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    expect(await page.locator('.bulk-cards > .chosen').count()).toBe(5);
    await page.getByRole('button', { name: 'Accept 5 suggestions' }).click();
    await page.getByText('Labeled 5 items.').waitFor();
    expect(await server.annotations(id)).toHaveLength(135);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Taken back, as a whole.').waitFor();
    expect(await server.annotations(id)).toHaveLength(130);

    await page.getByRole('button', { name: /^Spread to/ }).click();
    await page.getByText(/^Spread \d+ votes/).waitFor({ timeout: 60_000 });
    expect(await server.annotations(id)).toHaveLength(130);
  });

  it('finds copies, warns of contradictory labels, labels all of a group and keeps one, each with an undo', {
    timeout: 120_000,
  }, async () => {
    const lines = makeTexts(40).map((one) => one.text);
    const id = await server.project({
      title: 'Copies',
      texts: [...lines, lines[0]!, lines[1]!, `  ${lines[1]!}`, lines[2]!],
    });
    const tasks = await server.call('projectTasks', 'GET', `/api/projects/${id}/tasks?page_size=100`);
    for (const [at, label] of [
      [0, 'spam'],
      [40, 'ham'],
    ] as const) {
      const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }];
      await server.call('annotationCreate', 'POST', `/api/tasks/${tasks[at]!.id}/annotations`, { result });
    }
    const { page } = await visit(`/projects/${id}/bulk`);
    await page.getByRole('button', { name: 'Find copies' }).click();
    const copies = page.getByRole('region', { name: 'Copies' });
    await copies.waitFor({ timeout: 60_000 });
    const group = (at: number) =>
      copies.getByRole('listitem').filter({ has: page.getByText(`Item ${tasks[at]!.id}`, { exact: true }) });
    expect(await copies.getByRole('heading').textContent()).toContain('1 with contradictory labels');
    expect(await group(0).textContent()).toContain(`spam for item ${tasks[0]!.id}; ham for item ${tasks[40]!.id}`);
    await keepScreenshot(page, 'bulk-copies');

    await group(1).getByRole('button', { name: 'Label all as ham' }).click();
    await page.getByText('Labeled 3 items.').waitFor();
    await group(1).getByText('Every copy is answered or skipped.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await group(1).getByRole('button', { name: 'Label all as ham' }).waitFor();

    await group(2)
      .getByRole('button', { name: `Keep item ${tasks[2]!.id}` })
      .click();
    await page.getByText('Skipped 1 copy').waitFor();
    expect((await server.annotations(id)).filter((one) => one.was_cancelled)).toHaveLength(1);
  });

  it('shows where else the words of a labeled span occur, proposes it there, and takes that back', {
    timeout: 120_000,
  }, async () => {
    const config = `<View><Text name="text" value="$text"/><Labels name="ner" toName="text"><Label value="LOC"/></Labels></View>`;
    const far = `${'The train to the north was late again. '.repeat(6)}OSLO came into view <b>at last</b>.`;
    const id = await server.project({
      title: 'Spans',
      config,
      texts: ['Oslo is cold, and oslo is far.', far, 'Osloites live here', 'Bergen'],
    });
    const tasks = await server.call('projectTasks', 'GET', `/api/projects/${id}/tasks?page_size=10`);
    const value = { start: 0, end: 4, text: 'Oslo', labels: ['LOC'] };
    const result = [{ id: 'a', from_name: 'ner', to_name: 'text', type: 'labels', value }];
    await server.call('annotationCreate', 'POST', `/api/tasks/${tasks[0]!.id}/annotations`, { result });
    const { page } = await visit(`/projects/${id}/bulk`);
    const spans = page.getByRole('region', { name: 'Repeat a span' });
    await spans.getByRole('button', { name: 'Oslo' }).click();
    await spans.getByText('occurs 2 more times in 2 items.').waitFor();
    expect(await spans.locator('mark').allTextContents()).toEqual(['oslo', 'OSLO']);
    await keepScreenshot(page, 'bulk-spans');
    await spans.getByLabel('whole words').uncheck();
    await spans.getByText('occurs 3 more times in 3 items.').waitFor();
    await spans.getByLabel('whole words').check();
    await spans.getByRole('button', { name: 'Propose LOC at 2 places' }).click();
    await page.getByText('Proposed 2 spans in 2 items.').waitFor();
    const proposed = () => server.call('predictionList', 'GET', `/api/predictions?task=${tasks[1]!.id}`);
    expect((await proposed())[0]!.result).toHaveLength(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Taken back, as a whole.').waitFor();
    expect(await proposed()).toEqual([]);
  });

  it('says what it means that nothing is there, and keeps long words within a narrow screen', async () => {
    const long = 'x'.repeat(300);
    const id = await server.project({ title: 'Fresh', texts: ['a mail', `${long} lunch`] });
    const { page } = await visit(`/projects/${id}/bulk`, { width: 390, height: 844 });
    await page.getByRole('button', { name: 'Look at 20 first' }).click();
    await page.getByRole('heading', { name: 'Nothing to check' }).waitFor();
    await page.getByRole('searchbox', { name: 'Words' }).fill('nobody wrote this');
    await page.getByText('No item fits all that is chosen above.').waitFor();
    await page.getByRole('searchbox', { name: 'Words' }).fill('');
    await page.getByRole('button', { name: 'Preview spreading' }).click();
    await page.getByText('Nothing is proposed:').waitFor();
    await page.getByRole('button', { name: 'Show all items' }).click();
    await page.getByText('0 of 2 selected').waitFor();
    const run = { title: 'Long', texts: Array.from({ length: 4 }, (_, i) => `${long} ${i} prize`) };
    const other = await server.project({ ...run, labels: ['prize', 'lunch'] });
    const tasks = await server.call('projectTasks', 'GET', `/api/projects/${other}/tasks?page_size=10`);
    for (const [i, choice] of ['prize', 'lunch'].entries()) {
      const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [choice] } }];
      await server.call('annotationCreate', 'POST', `/api/tasks/${tasks[i]!.id}/annotations`, { result });
    }
    await page.goto(`${server.url}/projects/${other}/bulk`);
    await page.getByRole('button', { name: 'Preview spreading' }).click();
    await page.getByRole('button', { name: /^Spread to/ }).waitFor();
    await page.getByRole('button', { name: 'Look at 20 first' }).click();
    const wrong = page.getByRole('region', { name: 'Random sample' }).getByRole('button', { name: /^Wrong/ });
    await wrong.first().waitFor();
    const { width, height } = (await wrong.first().boundingBox())!;
    expect(width).toBeGreaterThan(height);
    expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
  });

  it('shows what is similar to an item, and works in the dark on a narrow screen', async () => {
    const id = await project();
    const { page } = await visit(`/projects/${id}/bulk`, { dark: true, width: 420 });
    await page.getByRole('combobox', { name: 'Items' }).selectOption('similar');
    const tasks = await server.call('projectTasks', 'GET', `/api/projects/${id}/tasks?page_size=1`);
    await page.getByRole('spinbutton', { name: 'Item' }).fill(String(tasks[0]!.id));
    await page.getByRole('list', { name: 'Items' }).getByRole('listitem').first().waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'As a list' }).click();
    await keepScreenshot(page, 'bulk-dark');
    const wide = await page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth');
    expect(wide).toBe(true);
  });
});

describe('selection', () => {
  it('toggles one, a range, and extends by keys', () => {
    const ids = [10, 11, 12, 13, 14];
    const one = toggle(NOTHING_CHOSEN, ids, 1, false);
    expect([...one.chosen]).toEqual([11]);
    const range = toggle(one, ids, 3, true);
    expect([...range.chosen].sort()).toEqual([11, 12, 13]);
    expect([...toggle(range, ids, 3, false).chosen].sort()).toEqual([11, 12]);
    const extended = move(move(NOTHING_CHOSEN, ids, 1, true), ids, 1, true);
    expect([...extended.chosen].sort()).toEqual([10, 11, 12]);
    expect(move(NOTHING_CHOSEN, ids, 99, false).at).toBe(4);
  });
});

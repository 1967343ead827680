/** Several questions about one item on the label page, by keyboard and by mouse. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { keepScreenshot } from './browser.ts';
import { allSaved, answer, itemNumber } from './hands.ts';
import { choicesConfig, labelsOf } from './server.ts';
import { visits } from './visits.ts';

const CONFIG = `<View>
  <Text name="text" value="$text"/>
  <Header value="How did they like it?"/>
  <Choices name="mood" toName="text" required="true"><Choice value="good" hotkey="g"/><Choice value="bad"/></Choices>
  <View visibleWhen="choice-selected" whenTagName="mood" whenChoiceValue="bad">
    <Choices name="refund" toName="text"><Choice value="yes"/><Choice value="no"/></Choices>
  </View>
  <Choices name="topics" toName="text" choice="multiple"><Choice value="food"/><Choice value="room"/></Choices>
</View>`;

const { server, visit } = visits();

const texts = Array.from({ length: 12 }, (_, i) => `the soup of day ${i} was cold`);

async function start(config: string, title: string): Promise<{ id: number; page: Page }> {
  const id = await server.project({ title, texts, config });
  const { page } = await visit(`/projects/${id}/label`);
  await itemNumber(page);
  return { id, page };
}

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};

async function saved(id: number, task: number): Promise<Record<string, unknown>> {
  const annotation = (await server.annotations(id)).find((one) => one.task === task)!;
  return Object.fromEntries(annotation.result.map((region) => [String(region.from_name), labelsOf([region])]));
}

describe('several questions', () => {
  it('are answered one after the other by digits, and kept as one answer', async () => {
    const { id, page } = await start(CONFIG, 'Hotel');
    await page.getByRole('heading', { name: 'How did they like it?' }).waitFor();
    expect(await page.getByRole('region', { name: 'refund' }).count()).toBe(0);
    await press(page, '2');
    // A bad mood asks on.
    await page.locator('.labels[aria-label="refund"][aria-current="true"]').waitFor();
    await keepScreenshot(page, 'label-questions');
    await press(page, '1', '1', '2');
    const first = await answer(page, 'Enter');
    await press(page, 'g', '2');
    const second = await answer(page, 'Enter');
    await allSaved(page);
    expect(await saved(id, first)).toEqual({ mood: ['bad'], refund: ['yes'], topics: ['food', 'room'] });
    expect(await saved(id, second)).toEqual({ mood: ['good'], topics: ['room'] });
  });

  it('can be taken back one by one, passed by where the config lets them, and clicked in any order', async () => {
    const { id, page } = await start(CONFIG, 'Back');
    await press(page, 'Enter');
    // The first one is required.
    await page.getByText('There is no suggestion to accept here').waitFor();
    await press(page, '2', '1', 'Backspace', 'Backspace', '1');
    // An optional question may stay open.
    const first = await answer(page, 'Enter');
    await page.getByRole('button', { name: 'room' }).click();
    await page.getByRole('button', { name: 'bad' }).click();
    await press(page, 'ArrowLeft', 'ArrowRight');
    const second = await answer(page, 'Enter');
    await allSaved(page);
    expect(await saved(id, first)).toEqual({ mood: ['good'] });
    expect(await saved(id, second)).toEqual({ mood: ['bad'], topics: ['room'] });
    await page.locator('.last-answer', { hasText: 'bad, room' }).click();
    await page.getByText(`Opened again: item ${second}`).waitFor();
    await press(page, '1', 'Enter');
    await page.getByText(`Opened again: item ${second}`).waitFor({ state: 'detached' });
    await allSaved(page);
    expect(await saved(id, second)).toEqual({ mood: ['good'], topics: ['room'] });
  });

  it('come with a suggestion each, accepted by one key', async () => {
    const { id, page } = await start(CONFIG, 'Suggested');
    await page.route('**/next?*', async (route) => {
      const response = await route.fetch();
      if (response.status() !== 200) return await route.fulfill({ response });
      const item = (await response.json()) as Record<string, unknown>;
      const region = (name: string, label: string, score: number) => ({
        from_name: name,
        to_name: 'text',
        type: 'choices',
        value: { choices: [label] },
        score,
      });
      const result = [region('mood', 'good', 0.9), region('topics', 'food', 0.7)];
      const prediction = { id: null, task: item.id, project: id, result, score: 0.7, model_version: 'head@1' };
      await route.fulfill({ json: { ...item, guess: null, predictions: [prediction] } });
    });
    await page.reload();
    await page.getByText('Suggested for How did they like it?').waitFor();
    expect(await page.locator('.suggestion .percent').textContent()).toMatch(/^90/);
    const accepted = await answer(page, 'Enter');
    await press(page, '1');
    expect(await page.locator('.suggestion .percent').textContent()).toMatch(/^70/);
    const second = await answer(page, 'Enter');
    await allSaved(page);
    expect(await saved(id, accepted)).toEqual({ mood: ['good'], topics: ['food'] });
    expect(await saved(id, second)).toEqual({ mood: ['good'], topics: ['food'] });
  });
});

describe('labels inside labels', () => {
  it('are saved as paths, and shown again when the answer is opened', async () => {
    const config = `<View><Text name="text" value="$text"/><Choices name="label" toName="text">
      <Choice value="animal"><Choice value="cat"/><Choice value="dog"/></Choice><Choice value="plant"/></Choices></View>`;
    const { id, page } = await start(config, 'Nested');
    const first = await answer(page, '3');
    await allSaved(page);
    expect(await saved(id, first)).toEqual({ label: [['animal', 'dog']] });
    await page.reload();
    await page.locator('.last-answer', { hasText: 'dog' }).click();
    await page.getByText(`Opened again: item ${first}`).waitFor();
    expect(await page.locator('.label.ticked').textContent()).toContain('dog');
  });
});

describe('several labels of one question', () => {
  it('never save a suggestion whose labels were all unticked', async () => {
    const { id, page } = await start(choicesConfig(['billing', 'login', 'praise'], 'multiple'), 'Unticked');
    const first = await itemNumber(page);
    await press(page, '1');
    await answer(page, 'Enter');
    await allSaved(page);
    await page.locator('.last-answer').first().click();
    await page.getByText(`Opened again: item ${first}`).waitFor();
    await press(page, '1', 'Enter');
    await page.locator('.visually-hidden[aria-live]', { hasText: 'choose a label' }).waitFor();
    await press(page, '3', 'Enter');
    await page.getByText(`Opened again: item ${first}`).waitFor({ state: 'detached' });
    await allSaved(page);
    expect(await saved(id, first)).toEqual({ label: ['praise'] });
  });
});

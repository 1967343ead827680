/** What stands beside the item: why it comes, who says what, what is like it, and the last answers. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { allSaved, answer, itemNumber } from './hands.ts';
import { visits } from './visits.ts';

const { server, visit } = visits();

const TEXTS = Array.from({ length: 40 }, (_, i) =>
  i % 2 === 0 ? `win a free prize now, offer ${i}` : `see you at lunch, table ${i}`,
);

const onCard = async (page: Page): Promise<string> => (await page.locator('.text-body').textContent()) ?? '';

async function answerRightly(page: Page): Promise<string> {
  const text = await onCard(page);
  await answer(page, text.includes('prize') ? '1' : '2');
  return text;
}

const section = (page: Page, title: string) =>
  page.locator('.side section', { has: page.getByRole('heading', { name: title }) });

const shares = (texts: readonly string[]): number[] => texts.map((text) => Number(/(\d+) %/.exec(text)?.[1]));

it('says before the first model why an item comes, that nobody speaks, and what is like it', async () => {
  const id = await server.project({ title: 'Beside', texts: TEXTS });
  const page = (await visit(`/projects/${id}/label`)).page;
  await itemNumber(page);
  expect(await section(page, 'Why this item').locator('p').textContent()).toMatch(/\w+ \w+ \w+/);
  await section(page, 'Who says so').getByText('Nobody yet.').waitFor();
  const similar = section(page, 'Similar items').getByRole('listitem');
  await similar.nth(3).waitFor();
  expect(await similar.count()).toBe(4);
  const shown = await onCard(page);
  for (const one of await similar.all()) {
    const text = (await one.locator('.similar-text').textContent()) ?? '';
    expect(TEXTS.filter((other) => other !== shown)).toContain(text);
    expect(await one.getByText('unlabeled').count()).toBe(1);
  }
  const close = await similar.locator('.similar-foot > :last-child').allTextContents();
  expect(shares(close)).toEqual(shares(close).sort((a, b) => b - a));
});

it('says with a model how sure it is, as the card does, and lists what was answered, the newest first', async () => {
  const id = await server.project({ title: 'Beside', texts: TEXTS, settings: { retrain_every: 5 } });
  const page = (await visit(`/projects/${id}/label`)).page;
  const answered: string[] = [];
  for (let i = 0; i < 12; i++) answered.unshift(await answerRightly(page));
  await allSaved(page);
  await server.model(id);
  const percent = page.locator('.suggestion .percent');
  const why = section(page, 'Why this item');
  const ranked = why.locator('.shares li');
  // Items that are here already carry no suggestion, and the next ones may come before all are ranked anew.
  const known = async (): Promise<boolean> => (await percent.isVisible()) && (await ranked.count()) > 0;
  for (let i = 0; i < 20 && !(await known()); i++) answered.unshift(await answerRightly(page));

  const likely = await ranked.allTextContents();
  expect(likely.map((row) => row.replace(/\d+ %$/, '')).sort()).toEqual(['ham', 'spam']);
  expect(await why.getByRole('meter').count()).toBe(2);
  const sum = shares(likely).reduce((total, share) => total + share, 0);
  expect(Math.abs(sum - 100)).toBeLessThanOrEqual(1);

  const voice = section(page, 'Who says so').getByRole('listitem').first();
  expect(await voice.locator('b').textContent()).toBe(await page.locator('.suggestion b').textContent());
  expect(await voice.locator('.number').textContent()).toBe(await percent.textContent());

  const last = page.locator('.last-answer');
  const rows = await last.allTextContents();
  expect(rows).toHaveLength(10);
  for (const [i, row] of rows.entries()) {
    const label = answered[i]!.includes('prize') ? 'spam' : 'ham';
    expect(row).toBe(label + answered[i]!);
  }
});

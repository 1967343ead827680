/** What a person at the label page does, as steps of a test. */
import type { Page } from 'playwright-core';

/** The number of the item on the card. */
export async function itemNumber(page: Page): Promise<number> {
  const card = page.locator('article.item');
  await card.waitFor();
  return Number(/\d+/.exec((await card.getAttribute('aria-label')) ?? '')?.[0]);
}

/** Presses a key that answers, and waits until the item has left the card. Returns its number. */
export async function answer(page: Page, key: string): Promise<number> {
  const before = await itemNumber(page);
  await page.keyboard.press(key);
  await page.locator(`article.item[aria-label="Item ${before}"]`).waitFor({ state: 'detached' });
  return before;
}

/** Every answer has been acknowledged. A refused one fails the test with the reason that the page gives. */
export async function allSaved(page: Page): Promise<void> {
  const state = page.locator('.save');
  await state.filter({ hasText: /All saved|refused/ }).waitFor();
  const said = await state.textContent();
  if (said !== 'All saved') throw new Error(said ?? 'nothing is said about saving');
}

/** The item on the card and the three behind it are here: the page says so to other tabs, and to us. */
export async function fetchedAhead(page: Page): Promise<void> {
  const here = `Object.keys(localStorage)
    .filter((key) => key.startsWith('headstart.held.'))
    .some((key) => JSON.parse(localStorage.getItem(key)).ids.length >= 4)`;
  while (!(await page.evaluate<boolean>(here))) await page.waitForTimeout(20);
}

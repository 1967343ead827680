/** The map of the items as an owner uses it: drawn, coloured, pointed at, chosen from by hand and by keys, labeled at once. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepScreenshot, launchBrowser, openWatched } from './browser.ts';
import { ServerProcess } from './server.ts';

const TOPICS = [
  ['prize', 'winner', 'claim', 'cash'],
  ['lunch', 'office', 'meeting', 'agenda'],
  ['goal', 'match', 'league', 'coach'],
];
const server = new ServerProcess();
let browser: Browser;
let id: number;

beforeAll(async () => {
  [browser] = await Promise.all([launchBrowser(), server.start()]);
  const texts = Array.from({ length: 300 }, (_, i) => {
    const words = TOPICS[i % 3]!;
    return `${words[i % 4]} ${words[(i * 5 + 1) % 4]} ${words[(i * 7 + 2) % 4]} number ${i}`;
  });
  id = await server.project({ title: 'Map', texts, labels: ['spam', 'work', 'sport'], settings: { retrain_every: 0 } });
});

afterAll(async () => {
  await browser.close();
  await server.remove();
});

const section = (page: Page): Locator => page.getByRole('region', { name: 'Map of the items' });
const canvasOf = (page: Page): Locator => section(page).getByRole('application');

/** What the page knows and Node's types do not. */
interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly clientWidth: number;
  getContext(kind: '2d'): { getImageData(...at: number[]): { data: Uint8ClampedArray } };
}

/** Share of the canvas that is painted. */
function painted(page: Page): Promise<number> {
  return canvasOf(page).evaluate((element) => {
    const canvas = element as unknown as Canvas;
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    return data.filter((value, i) => i % 4 === 3 && value > 0).length / (width * height);
  });
}

/** Drags once around the whole canvas. */
async function encircle(page: Page): Promise<void> {
  const box = (await canvasOf(page).boundingBox())!;
  const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(0.01, 0.01));
  await page.mouse.down();
  for (const [x, y] of [
    [0.5, 0.01],
    [0.99, 0.01],
    [0.99, 0.99],
    [0.01, 0.99],
  ] as const) {
    await page.mouse.move(...at(x, y), { steps: 4 });
  }
  await page.mouse.up();
}

describe('the map', () => {
  it('is drawn when asked for, and items are chosen by a line around them', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`);
    await section(page).getByRole('button', { name: 'Draw the map' }).click();
    await canvasOf(page).waitFor();
    await expect.poll(() => painted(page)).toBeGreaterThan(0.002);
    await canvasOf(page).scrollIntoViewIfNeeded();
    await encircle(page);
    await section(page).getByText('300 items', { exact: true }).waitFor();
    await keepScreenshot(page, 'map-chosen');
    await section(page).getByRole('button', { name: 'Ask for them first' }).click();
    await section(page).getByText('300 items now come first in the queue.').waitFor();
    await section(page).getByRole('link', { name: 'Look at them in Bulk' }).click();
    await page.getByText('of 300 selected').waitFor();
    expect(await page.getByRole('button', { name: /^Item \d+$/ }).count()).toBe(60);
    await keepScreenshot(page, 'map-bulk');
    await context.close();
    expect(problems).toEqual([]);
  });

  it('tells what a point is, and comes nearer', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`, {
      dark: true,
    });
    await canvasOf(page).waitFor();
    await canvasOf(page).scrollIntoViewIfNeeded();
    await expect.poll(() => painted(page)).toBeGreaterThan(0.002);
    const spot = await canvasOf(page).evaluate((element) => {
      const canvas = element as unknown as Canvas;
      const { width, height, clientWidth } = canvas;
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
      const at = data.findIndex((value, i) => i % 4 === 3 && value > 0) >> 2;
      return { x: ((at % width) * clientWidth) / width, y: (Math.floor(at / width) * clientWidth) / width };
    });
    await canvasOf(page).hover({ position: { x: spot.x, y: spot.y + 3 } });
    await section(page)
      .getByText(/number \d+/)
      .waitFor();
    await keepScreenshot(page, 'map-dark');
    const before = await painted(page);
    await section(page).getByRole('button', { name: 'Closer' }).click();
    await expect.poll(() => painted(page)).not.toBe(before);
    await context.close();
    expect(problems).toEqual([]);
  });

  it('works by keys alone, and labels a group in one act that one undo takes back', async () => {
    const { page, problems, context } = await openWatched(browser, server.url, `/projects/${id}/quality`, {
      width: 390,
      height: 800,
    });
    await canvasOf(page).focus();
    await page.keyboard.press('ArrowRight');
    for (let i = 0; i < 9; i++) {
      for (const key of ['ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
    }
    for (let i = 0; i < 18; i++) {
      for (const key of ['Shift+ArrowRight', 'Shift+ArrowDown']) await page.keyboard.press(key);
    }
    await page.keyboard.press('Enter');
    await section(page).getByText('300 items', { exact: true }).waitFor();
    await section(page).getByRole('combobox', { name: 'Label' }).selectOption('sport');
    await section(page).getByRole('button', { name: 'Label 300 open items' }).click();
    await section(page).getByText('Labeled 300 items as sport.').waitFor();
    await section(page).getByText('300 items chosen, 0 of them open.').waitFor();
    await canvasOf(page).scrollIntoViewIfNeeded();
    await keepScreenshot(page, 'map-phone');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await section(page).getByRole('button', { name: 'Undo' }).click();
    await section(page).getByText('Taken back, as a whole.').waitFor();
    await section(page).getByText('300 of them open').waitFor();
    await canvasOf(page).focus();
    await page.keyboard.press('Escape');
    expect(await section(page).getByText('chosen').count()).toBe(0);
    await context.close();
    expect(problems).toEqual([]);
  });
});

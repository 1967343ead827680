/** `bench -- web`: from key to paint in a real Chromium with prefetched items, and the size of the first load. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser, openWatched } from '../test/web/browser.ts';
import { allSaved } from '../test/web/hands.ts';
import { ServerProcess } from '../test/web/server.ts';
import { type Figure, percentile, type Suite } from './harness.ts';

/** Slow enough that fetching ahead keeps up, as it does with people: four answers a second. */
const PACE_MS = 250;
const BUDGET_MS = 100;
const BUDGET_KB = 100;

export const suite: Suite = {
  name: 'web',
  async run(report, { quick }) {
    const runs = quick ? 2 : 5;
    const presses = quick ? 20 : 60;
    const server = new ServerProcess();
    const [browser] = await Promise.all([launchBrowser(), server.start()]);
    try {
      const texts = Array.from(
        { length: runs * presses + 40 },
        (_, i) => `${WORDS[i % 6]} ${WORDS[(i * 5 + 2) % 6]} number ${i}`,
      );
      const id = await server.project({ title: 'Bench', texts });
      const { page } = await openWatched(browser, server.url, `/projects/${id}/label`);
      report(firstLoad(await loadedScripts(page)));
      await page.evaluate(MEASURE);
      const rounds: number[][] = [];
      for (let run = 0; run < runs; run++) rounds.push(await keyToPaint(page, presses));
      await allSaved(page);
      report(paintFigure(rounds, presses));
    } finally {
      await browser.close();
      await server.remove();
    }
  },
};

const WORDS = ['prize', 'lunch', 'offer', 'meeting', 'winner', 'dinner'];

/**
 * In the page: the time of each key press as the browser stamped it, and of the first frame that was drawn after a new
 * item had come onto the card (the task after the animation frame runs when that frame is out).
 */
const MEASURE = `
  window.paints = [];
  let pressed = 0;
  document.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (pressed === 0) return;
    const start = pressed;
    pressed = 0;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.paints.push(performance.now() - start);
      channel.port2.postMessage(0);
    });
  }).observe(document.querySelector('.work-main'), { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-label'] });
`;

async function keyToPaint(page: Page, presses: number): Promise<number[]> {
  await page.evaluate('window.paints.length = 0');
  for (let i = 0; i < presses; i++) {
    await page.keyboard.press(i % 2 === 0 ? '1' : '2');
    await page.waitForTimeout(PACE_MS);
  }
  return await page.evaluate<number[]>('window.paints');
}

function paintFigure(rounds: readonly number[][], presses: number): Figure {
  const p95 = rounds.map((paints) => percentile(paints, 0.95));
  return {
    figure: 'key_to_paint_ms_p95',
    value: Math.min(...p95),
    min: Math.min(...p95),
    max: Math.max(...p95),
    runs: rounds.length,
    unit: 'ms',
    baseline: `budget of ${BUDGET_MS} ms, items fetched ahead, one answer every ${PACE_MS} ms, best of the runs`,
    n: presses,
    extra: { p50_ms: Math.min(...rounds.map((paints) => percentile(paints, 0.5))) },
  };
}

/** Scripts that the label page had loaded when its first item was on the card, as paths below dist/web. */
async function loadedScripts(page: Page): Promise<string[]> {
  await page.locator('article.item').waitFor();
  const urls = await page.evaluate<string[]>("performance.getEntriesByType('resource').map((entry) => entry.name)");
  return urls.map((url) => new URL(url).pathname).filter((path) => path.endsWith('.js'));
}

function firstLoad(scripts: readonly string[]): Figure {
  const files = scripts.map((path) => join(import.meta.dirname, '../dist/web', `${path}.gz`)).filter(existsSync);
  return {
    figure: 'first_load_kb_gz',
    value: files.reduce((sum, file) => sum + statSync(file).size, 0) / 1000,
    runs: 1,
    unit: 'kB',
    baseline: `budget of ${BUDGET_KB} kB: JavaScript of the label page until its first item, gzip -9`,
    n: files.length,
  };
}
